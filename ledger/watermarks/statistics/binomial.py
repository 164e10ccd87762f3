"""Green units among independent ones, and among distinct tokens drawn without replacement."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ledger.errors import InputError
from ledger.watermarks.statistics.nulls import Increments, Tilted, least_count
from ledger.watermarks.statistics.series import (
    Reals,
    complement,
    log_binomial,
    sum_series,
    tail_input,
)
from ledger.watermarks.tokens import Ints

__all__ = ["Binomial", "Hypergeometric"]

_ODDS = (1.6, 3.0, 7.0)  # a green share of .25 becomes .35, .5 and .7


def _check(k: int, of: int) -> None:
    if type(k) is not int or type(of) is not int or not 0 < k < of < 2**53:
        raise InputError("green list: expected whole numbers, 0 < green < all < 2^53")


def _tilted(null: "Binomial | Hypergeometric") -> tuple[Tilted, ...]:
    p = null.k / null.of
    return tuple(Tilted(null, math.log(odds), math.log1p(p * (odds - 1))) for odds in _ODDS)


def _increments(k: int, of: int, theta: float) -> Increments:
    share = np.array([(of - k) / of, k / of])
    llr = np.array([0.0, theta]) - math.log1p(k / of * math.expm1(theta))
    return Increments(llr, share, theta)


@dataclass(frozen=True)
class Binomial:
    """Values 0 and 1, each unit 1 with probability k / of, independently."""

    k: int
    of: int

    def __post_init__(self) -> None:
        _check(self.k, self.of)

    def log_sf(self, statistic: Reals, counts: Ints) -> Reals:
        values, units = tail_input(statistic, counts)
        n, s = units.astype(np.float64), np.ceil(values)
        p, q = self.k / self.of, (self.of - self.k) / self.of
        result = np.where(s <= 0, 0.0, -np.inf)
        upper = (s > 0) & (s <= n) & (s > n * p)
        lower = (s > 0) & (s <= n) & ~upper
        result[upper] = _binomial_tail(s[upper], n[upper], p, q)
        result[lower] = complement(_binomial_tail(n[lower] - s[lower] + 1, n[lower], q, p))
        return np.where(units == 0, 0.0, result)

    def best(self, counts: Ints) -> Reals:
        p = self.k / self.of
        log_p = math.log(p) if p < 0.5 else math.log1p((self.k - self.of) / self.of)
        return np.asarray(counts, np.float64) * log_p

    def minimum(self, log_alpha: float) -> int:
        return least_count(self, log_alpha)

    def tilts(self) -> Sequence[Tilted]:
        return _tilted(self)

    def increments(self, theta: float) -> Increments:
        return _increments(self.k, self.of, theta)


def _binomial_tail(s: Reals, n: Reals, p: float, q: float) -> Reals:
    """ln P(X >= s), 0 < s <= n, s above about the mean: the first term times a falling series."""
    odds = p / q
    series = sum_series(lambda j, s, n: (n - s - j) / (s + 1 + j) * odds, s, n)
    return np.minimum(log_binomial(s, n, p, q) + np.log(series), 0.0)


@dataclass(frozen=True)
class Hypergeometric:
    """Values 0 and 1 of distinct tokens drawn without replacement from `of`, `k` of them green."""

    k: int
    of: int

    def __post_init__(self) -> None:
        _check(self.k, self.of)

    def log_sf(self, statistic: Reals, counts: Ints) -> Reals:
        values, units = tail_input(statistic, counts)
        if (units > self.of).any():
            raise InputError(f"found a count above {self.of}, expected distinct tokens")
        n, s = units.astype(np.float64), np.ceil(values)
        k, rest = float(self.k), float(self.of - self.k)
        least, most = np.maximum(n - rest, 0.0), np.minimum(n, k)
        result = np.where(s <= least, 0.0, -np.inf)
        upper = (s > least) & (s <= most) & (s > n * (k / self.of))
        lower = (s > least) & (s <= most) & ~upper
        result[upper] = _hypergeometric_tail(s[upper], n[upper], k, rest)
        below = n[lower] - s[lower] + 1
        result[lower] = complement(_hypergeometric_tail(below, n[lower], rest, k))
        return np.where(units == 0, 0.0, result)

    def best(self, counts: Ints) -> Reals:
        units = np.asarray(counts, np.int64)
        return self.log_sf(np.minimum(units, self.k).astype(np.float64), units)

    def minimum(self, log_alpha: float) -> int:
        return least_count(self, log_alpha, min(self.k, self.of - self.k))

    def tilts(self) -> Sequence[Tilted]:
        return _tilted(self)

    def increments(self, theta: float) -> Increments:
        # Of draws without replacement, sums and their maxima are below independent ones' in the
        # increasing convex order (they are negatively associated: Joag-Dev and Proschan 1983;
        # Shao 2000), so the binomial's law bounds what the segment test needs.
        return _increments(self.k, self.of, theta)


def _hypergeometric_tail(s: Reals, n: Reals, k: float, rest: float) -> Reals:
    """ln P(X >= s), s above about the mean; X green of n draws from k green and `rest` others."""
    total = k + rest
    share, other = n / total, (total - n) / total
    series = sum_series(
        lambda j, s, n: (
            np.maximum(k - s - j, 0.0)
            * np.maximum(n - s - j, 0.0)
            / ((s + 1 + j) * (rest - n + s + 1 + j))
        ),
        s,
        n,
    )
    first = (
        log_binomial(s, np.full_like(n, k), share, other)
        + log_binomial(n - s, np.full_like(n, rest), share, other)
        - log_binomial(n, np.full_like(n, total), share, other)
    )
    return np.minimum(first + np.log(series), 0.0)
