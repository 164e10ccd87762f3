"""Between which values a measure of a batch is usual, by windows of known text.

A prediction interval for one more window: the quantile of t with m - 1 degrees of freedom times
s sqrt(1 + 1/m). The pool's own uncertainty is in it; bands from batches resampled out of one pool
are too narrow.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.verdicts.statistics.tails import Reals, student_quantile

__all__ = ["LEAST_WINDOWS", "Band", "band_of", "usual"]

LEAST_WINDOWS = 10
"""Windows from which there are bands: with fewer, they would pass nearly everything."""


@dataclass(frozen=True)
class Band:
    """A measure over `windows` windows of known text: mean and standard deviation."""

    mean: float
    deviation: float
    windows: int

    def limits(self, alpha: float, looks: int = 1) -> tuple[float, float]:
        """Two-sided, at `alpha` for all of `looks` comparisons together (Bonferroni)."""
        if looks < 1:
            raise InputError(f"{looks} comparisons, expected at least 1")
        factor = student_quantile(1 - alpha / (2 * looks), self.windows - 1)
        half = factor * self.deviation * math.sqrt(1 + 1 / self.windows)
        return self.mean - half, self.mean + half


def band_of(values: Reals) -> Band:
    """The band of one measure. Raises InputError below LEAST_WINDOWS or for what is not finite."""
    found = np.asarray(values, np.float64)
    if len(found) < LEAST_WINDOWS or not np.isfinite(found).all():
        raise InputError(
            f"found {int(np.isfinite(found).sum())} windows of known text, expected at least "
            f"{LEAST_WINDOWS}"
        )
    return Band(float(found.mean()), float(found.std(ddof=1)), len(found))


def usual(values: Reals, limits: tuple[float, float]) -> npt.NDArray[np.bool_]:
    """bool[n]: within the limits, which belong to what is usual; a NaN is not."""
    low, high = limits
    return (values >= low) & (values <= high)
