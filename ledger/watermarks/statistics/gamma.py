"""Sums of exponential scores: one key's, and the weighted scores of two keys."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ledger.errors import InputError
from ledger.watermarks.statistics.nulls import Increments, Tilted, least_count
from ledger.watermarks.statistics.series import (
    Reals,
    complement,
    log_poisson,
    sum_series,
    tail_input,
)
from ledger.watermarks.tokens import Ints

__all__ = ["Gamma", "TwoGamma", "log_gamma_sf"]

_MEANS = (1.3, 2.0, 4.0)  # a marked unit's mean score; an unmarked one's is 1
_STEP = 2.0**-8  # of the log-likelihood ratio, between atoms of `increments`
_DEEPEST = 60.0  # atoms go down to a probability, or a tilted one, of e^-60


def log_gamma_sf(s: Reals, shape: Reals) -> Reals:
    """ln P(G >= s) of a sum of `shape` >= 1 standard exponential variables (Erlang's law).

    The tail is P(N < shape) for a Poisson N of mean s: its largest term times a falling series.
    """
    result = np.zeros_like(s)
    upper, lower = (s > shape) & np.isfinite(s), (s > 0) & (s <= shape)
    a, x = shape[upper], s[upper]
    series = sum_series(lambda j, a, x: np.maximum(a - 1 - j, 0.0) / x, a, x)
    result[upper] = np.minimum(log_poisson(a - 1, x) + np.log(series), 0.0)
    a, x = shape[lower], s[lower]
    series = sum_series(lambda j, a, x: x / (a + 1 + j), a, x)
    result[lower] = complement(np.minimum(log_poisson(a, x) + np.log(series), 0.0))
    result[s == np.inf] = -np.inf
    return result


def _check_limit(limit: float) -> None:
    if not limit > 0:
        raise InputError("largest value of a unit: expected a number above 0")


@dataclass(frozen=True)
class Gamma:
    """Values Exp(1), independent. `limit` is the largest value that a unit's random word can give.

    A generator of 24 bits cannot give more than 24 ln 2; the law itself has no largest value.
    """

    limit: float = math.inf

    def __post_init__(self) -> None:
        _check_limit(self.limit)

    def log_sf(self, statistic: Reals, counts: Ints) -> Reals:
        values, units = tail_input(statistic, counts)
        return np.where(
            units == 0, 0.0, log_gamma_sf(values, np.maximum(units, 1).astype(np.float64))
        )

    def best(self, counts: Ints) -> Reals:
        units = np.asarray(counts, np.int64)
        return self.log_sf(np.maximum(units, 1) * self.limit, units)

    def minimum(self, log_alpha: float) -> int:
        return least_count(self, log_alpha)

    def tilts(self) -> Sequence[Tilted]:
        return _tilts(self, (1.0,))

    def increments(self, theta: float) -> Increments:
        return _increments((1.0,), theta)


@dataclass(frozen=True)
class TwoGamma:
    """Values (1 - weight) a + weight b with a and b independent Exp(1); 0 < weight <= 1/2."""

    weight: float
    limit: float = math.inf

    def __post_init__(self) -> None:
        if type(self.weight) is not float or not 1e-9 <= self.weight <= 0.5:
            raise InputError("weight of the second key: expected a number from 1e-9 to 0.5")
        _check_limit(self.limit)

    def log_sf(self, statistic: Reals, counts: Ints) -> Reals:
        from ledger.watermarks.statistics.contour import log_two_gamma_sf

        values, units = tail_input(statistic, counts)
        shape = np.maximum(units, 1).astype(np.float64)
        if self.weight == 0.5:
            result = log_gamma_sf(2 * values, 2 * shape)
        else:
            result = log_two_gamma_sf(values, shape, self.weight)
        return np.where(units == 0, 0.0, result)

    def best(self, counts: Ints) -> Reals:
        units = np.asarray(counts, np.int64)
        return self.log_sf(np.maximum(units, 1) * self.limit, units)

    def minimum(self, log_alpha: float) -> int:
        return least_count(self, log_alpha)

    def tilts(self) -> Sequence[Tilted]:
        return _tilts(self, (1 - self.weight, self.weight))

    def increments(self, theta: float) -> Increments:
        return _increments((1 - self.weight, self.weight), theta)


@cache
def _tilts(null: Gamma | TwoGamma, scales: tuple[float, ...]) -> tuple[Tilted, ...]:
    found = []
    for mean in _MEANS:
        low, high = 0.0, 1 / scales[0]
        for _ in range(60):
            middle = (low + high) / 2
            tilted = sum(scale / (1 - middle * scale) for scale in scales)
            low, high = (middle, high) if tilted < mean else (low, middle)
        log_mgf = -sum(math.log1p(-low * scale) for scale in scales)
        found.append(Tilted(null, low, log_mgf))
    return tuple(found)


def _increments(scales: tuple[float, ...], theta: float) -> Increments:
    """Cells of equal width; a cell's llr is ln of its tilted probability over its own."""
    width = _STEP / theta
    tilted = tuple(scale / (1 - theta * scale) for scale in scales)
    cells = math.ceil(_DEEPEST * max(tilted) / width)
    edges: Reals = np.arange(cells + 1, dtype=np.float64) * width
    plain, raised = -np.diff(_survival(edges, scales)), -np.diff(_survival(edges, tilted))
    # What lies beyond the last cell, under e^-60 of both laws, is left out.
    return Increments(np.log(raised) - np.log(plain), plain)


def _survival(x: Reals, scales: tuple[float, ...]) -> Reals:
    """P(sum of exponential variables of one or two scales > x)."""
    if len(scales) == 1:
        return np.exp(-x / scales[0])
    large, small = scales
    if large - small < 1e-6 * large:  # nearly equal: Erlang's law of two
        return (1 + x / large) * np.exp(-x / large)
    slow, fast = np.exp(-x / large), np.exp(-x / small)
    return (large * slow - small * fast) / (large - small)
