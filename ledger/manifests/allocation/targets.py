"""What each stratum would give if no bound forbade it."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import lcm

import numpy as np

from ledger.manifests.allocation.apportion import apportion
from ledger.manifests.allocation.strata import Ints, Strata, members
from ledger.manifests.mix.mix import Mix, Shares, Temperature, Unimax

__all__ = ["caps_of", "owners", "targets_of"]

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)  # its ln and exp are correctly rounded
_SCALE = 10**24


def caps_of(mix: Mix, strata: Strata) -> Ints:
    """int64[n]: the most that each stratum may give, floor(repeat * available).

    A stratum that no explicit share means gives nothing.
    """
    caps = _times(strata.available, mix.repeat)
    if isinstance(mix.target, Shares):
        caps[owners(mix.target, strata) < 0] = 0
    return caps


def owners(target: Shares, strata: Strata) -> Ints:
    """int64[n]: the share each stratum belongs to, the first that means it; -1 for none."""
    found = np.full(len(strata), -1, np.int64)
    for place in reversed(range(len(target.shares))):
        found[strata.mask(target.shares[place].where)] = place
    return found


def targets_of(mix: Mix, strata: Strata, budget: int) -> Ints:
    """int64[n]: units that add up to `budget`, none above its cap (if the caps allow so much).

    With N_g the units of group g, and groups what agrees in the axes `over`:

    natural       in proportion to n
    temperature   groups in proportion to N_g^alpha, irrational weights to 24 digits
    unimax        groups alike, water-filled up to repeat * N_g (arXiv 2304.09151, algorithm 1,
                  in whole units)
    shares        share * budget for each share

    and inside a group in proportion to n. What a capped group cannot give goes to the others.
    """
    target, caps = mix.target, caps_of(mix, strata)
    group, weights = np.arange(len(strata)), [int(n) for n in strata.available]
    if isinstance(target, Shares):
        group = owners(target, strata)
        scale = lcm(*(share.share.denominator for share in target.shares))
        weights = [int(share.share * scale) for share in target.shares]
    elif isinstance(target, Temperature | Unimax):
        group = strata.groups(target.over)
        held = _sums(group, strata.available)
        if isinstance(target, Temperature):
            weights = [_power(units, target.alpha) for units in held]
        else:
            weights = [int(units > 0) for units in held]
    else:
        return np.array(apportion(budget, weights, caps.tolist()), np.int64)
    given = apportion(budget, weights, _sums(group, caps, len(weights)))
    units = np.zeros(len(strata), np.int64)
    for amount, inside in zip(given, members(group, len(given)), strict=True):
        shares, most = strata.available[inside].tolist(), caps[inside].tolist()
        units[inside] = apportion(amount, shares, most)
    return units


def _times(available: Ints, factor: Fraction) -> Ints:
    whole, rest = divmod(factor.numerator, factor.denominator)
    if not rest:
        return available * whole
    return np.array([n * factor.numerator // factor.denominator for n in available.tolist()])


def _sums(group: Ints, values: Ints, length: int | None = None) -> list[int]:
    """Exact sums by group; what has no group (-1) is left out."""
    sums = [0] * (int(group.max(initial=-1)) + 1 if length is None else length)
    for place, value in zip(group.tolist(), values.tolist(), strict=True):
        if place >= 0:
            sums[place] += value
    return sums


def _power(units: int, alpha: Fraction) -> int:
    """units^alpha * 10^24 rounded down, the same everywhere: no binary float is in it."""
    if not units:
        return 0
    if alpha.denominator == 1:
        return (units if alpha else 1) * _SCALE
    exponent = _EXACT.divide(Decimal(alpha.numerator), Decimal(alpha.denominator))
    power = _EXACT.exp(_EXACT.multiply(_EXACT.ln(Decimal(units)), exponent))
    return int(_EXACT.multiply(power, Decimal(_SCALE)))
