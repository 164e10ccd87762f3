"""Whether a batch's documents score higher than known human ones do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.verdicts.statistics.tails import Reals, finite, student_upper

__all__ = ["LEAST_BATCH", "BatchTest", "batch_test"]

LEAST_BATCH = 2
"""Documents on either side, below which a variance cannot be estimated."""


@dataclass(frozen=True)
class BatchTest:
    """One batch beside the calibration: Welch's t, its one-sided p, documents and means of both."""

    t: float
    p: float
    n: int
    m: int
    mean: float
    calibration_mean: float


def batch_test(
    batch_scores: Reals | Sequence[float], calibration_scores: Reals | Sequence[float]
) -> BatchTest:
    """Welch (1947), one-sided: both means' uncertainty is in the test, the calibration's too.

    t is 0 where nothing varies and the means are equal. Raises InputError below LEAST_BATCH
    documents on a side and for what is not finite.
    """
    batch = finite(batch_scores, "batch scores", LEAST_BATCH)
    known = finite(calibration_scores, "calibration scores", LEAST_BATCH)
    n, m = len(batch), len(known)
    mean, expected = float(batch.mean()), float(known.mean())
    ours, theirs = float(batch.var(ddof=1)) / n, float(known.var(ddof=1)) / m
    if ours + theirs <= 0:
        higher = mean > expected
        t, p = (math.inf, 0.0) if higher else (0.0, 1.0)
        return BatchTest(t, p, n, m, mean, expected)
    t = (mean - expected) / math.sqrt(ours + theirs)
    freedom = (ours + theirs) ** 2 / (ours**2 / (n - 1) + theirs**2 / (m - 1))
    return BatchTest(t, student_upper(t, freedom), n, m, mean, expected)
