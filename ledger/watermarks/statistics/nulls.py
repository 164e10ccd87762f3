"""What every null distribution offers, and how much evidence a count of units can hold at most."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ledger.errors import InputError
from ledger.watermarks.statistics.series import Reals
from ledger.watermarks.tokens import Ints, Values

__all__ = ["NEVER", "Increments", "Null", "Tilt", "Tilted", "least_count"]

NEVER = 2**62
"""A count of units that no document has: the level cannot be reached."""


@dataclass(frozen=True)
class Increments:
    """A log-likelihood ratio's distribution for one unit, as atoms; sum(p e^llr) is sum(p) = 1.

    Where all differences of ratios are multiples of one number, `span` is it, and else 0.
    """

    llr: Reals
    probability: Reals
    span: float = 0.0


class Tilt(Protocol):
    """One alternative: a log-likelihood ratio per unit, of mean exp 1 under the null."""

    @property
    def theta(self) -> float: ...
    def llr(self, values: Values) -> Reals:
        """Of each unit's value."""
        ...

    def increments(self) -> Increments:
        """The distribution of one unit's under the null."""
        ...


@dataclass(frozen=True)
class Tilted:
    """The exponential tilt theta * value - log_mgf of a null; `null` says what a unit's law is."""

    null: "Null"
    theta: float
    log_mgf: float

    def llr(self, values: Values) -> Reals:
        return self.theta * np.asarray(values, np.float64) - self.log_mgf

    def increments(self) -> Increments:
        return self.null.increments(self.theta)


class Null(Protocol):
    """How a document's statistic, the sum of its units' values, is distributed without a mark.

    Frozen and hashable. p-values are natural logarithms of upper tails.
    """

    def __hash__(self) -> int: ...
    def log_sf(self, statistic: Reals, counts: Ints) -> Reals:
        """ln P(S >= statistic | count) of each document; 0 where nothing was counted.

        To 1e-9 of p down to e^-5000, for counts up to a million. Raises InputError for a NaN, a
        negative count or a count that the null cannot have.
        """
        ...

    def best(self, counts: Ints) -> Reals:
        """ln p of the strongest outcome that each count can have."""
        ...

    def minimum(self, log_alpha: float) -> int:
        """The least count whose strongest outcome has ln p <= log_alpha; NEVER if there is none."""
        ...

    def tilts(self) -> Sequence[Tilt]:
        """The alternatives that marked parts are looked for with."""
        ...

    def increments(self, theta: float) -> Increments:
        """How one unit's log-likelihood ratio of tilt `theta` is distributed."""
        ...


def least_count(null: Null, log_alpha: float, most: int = NEVER) -> int:
    """The least count from 1 to `most` with best <= log_alpha, where best falls with the count."""
    if math.isnan(log_alpha):
        raise InputError("found NaN for the logarithm of a level, expected a number")

    def enough(count: int) -> bool:
        return float(null.best(np.array([count], np.int64))[0]) <= log_alpha

    high = 1
    while high < most and not enough(high):
        high = min(2 * high, most)
    if not enough(high):
        return NEVER
    low = high // 2  # not enough, or 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
