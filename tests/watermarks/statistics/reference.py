"""Upper tails in 40 digits, by sums of positive terms; slow, and nothing of ours in them."""

from fractions import Fraction
from math import comb

import mpmath as mp

DIGITS = 40
ENOUGH = mp.mpf(10) ** -28


def binomial(s: int, n: int, k: int, of: int) -> mp.mpf:
    """ln P(X >= s) for n units of probability k / of."""
    with mp.workdps(DIGITS):
        p, q = mp.mpf(k) / of, mp.mpf(of - k) / of
        if s * of > n * k:
            return mp.log(_upward(mp.binomial(n, s) * p**s * q ** (n - s), s, n, p / q))
        first = mp.binomial(n, s - 1) * p ** (s - 1) * q ** (n - s + 1)
        return mp.log1p(-_upward(first, n - s + 1, n, q / p))


def _upward(term: mp.mpf, s: int, n: int, odds: mp.mpf) -> mp.mpf:
    total = term
    while term > total * ENOUGH and s < n:
        term *= mp.mpf(n - s) / (s + 1) * odds
        total += term
        s += 1
    return total


def hypergeometric(s: int, n: int, k: int, of: int) -> mp.mpf:
    """ln P(X >= s) for n of `of` distinct tokens, k of them green, in whole numbers."""
    ways = range(s, min(n, k) + 1)
    share = Fraction(sum(comb(k, i) * comb(of - k, n - i) for i in ways), comb(of, n))
    with mp.workdps(DIGITS):
        return mp.log(mp.mpf(share.numerator) / share.denominator)


def gamma(s: float, units: int) -> mp.mpf:
    """P(sum of `units` standard exponential variables >= s)."""
    with mp.workdps(DIGITS):
        x = mp.mpf(s)
        up = x > units
        number = units - 1 if up else units
        term = mp.exp(number * mp.log(x) - x - mp.loggamma(number + 1))
        total = term
        while term > total * ENOUGH and number > 0:
            term *= number / x if up else x / (number + 1)
            number += -1 if up else 1
            total += term
        return total if up else 1 - total


def two_gamma(s: float, units: int, weight: float) -> mp.mpf:
    """ln P(S >= s), as a mixture of tails of the smaller scale (Moschopoulos 1985)."""
    with mp.workdps(DIGITS):
        small = mp.mpf(weight)
        share, x = small / (1 - small), mp.mpf(s) / small
        tail = gamma(x, 2 * units)
        step = mp.exp(2 * units * mp.log(x) - x - mp.loggamma(2 * units + 1))
        chance, total, number = share**units, mp.mpf(0), 0
        while number <= units / share or chance > total * ENOUGH:
            total += chance * tail
            tail += step
            number += 1
            step *= x / (2 * units + number)
            chance *= (1 - share) * (units + number - 1) / number
        return mp.log(total)


def convolved(pmf: list[float], units: int) -> list[Fraction]:
    """P(S >= s) for s = 0, 1, ..., exactly."""
    given = [Fraction(p) for p in pmf]
    law = [Fraction(1)]
    for _ in range(units):
        wider = [Fraction(0)] * (len(law) + len(given) - 1)
        for i, p in enumerate(law):
            for j, q in enumerate(given):
                wider[i + j] += p * q
        law = wider
    scale = sum(law)
    tails = [sum(law[s:], Fraction(0)) / scale for s in range(len(law))]
    return tails


def log(share: Fraction) -> mp.mpf:
    """ln of a share above 0."""
    with mp.workdps(DIGITS):
        return mp.log(mp.mpf(share.numerator) / share.denominator)


def weighted(
    green: list[int], units: list[int], weights: tuple[int, ...], k: int, of: int
) -> mp.mpf:
    """ln P(weighted sum >= that of `green`), over all sums of the units of later weights."""
    with mp.workdps(DIGITS):
        p, q = mp.mpf(k) / of, mp.mpf(of - k) / of
        rest = {sum(w * g for w, g in zip(weights, green, strict=True)): mp.mpf(1)}
        for weight, count in zip(weights[1:], units[1:], strict=True):
            chance = [mp.binomial(count, i) * p**i * q ** (count - i) for i in range(count + 1)]
            wider: dict[int, mp.mpf] = {}
            for lacking, share in rest.items():
                for i, one in enumerate(chance):
                    left = lacking - weight * i
                    wider[left] = wider.get(left, mp.mpf(0)) + share * one
            rest = wider
        count, tails = units[0], [mp.mpf(0)]
        for i in range(count, -1, -1):
            tails.append(tails[-1] + mp.binomial(count, i) * p**i * q ** (count - i))
        needed = {left: max(-(-left // weights[0]), 0) for left in rest}
        some = (share * tails[max(count + 1 - needed[left], 0)] for left, share in rest.items())
        return mp.log(mp.fsum(some))
