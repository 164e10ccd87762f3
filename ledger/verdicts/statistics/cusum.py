"""A running sum that finds a small shift which lasts, where no single batch shows it.

One-sided CUSUM (Page, 1954): S = max(0, S + z - k), an alarm above h. It looks for a shift of 2 k
standard deviations of z. h is chosen by the average run length, the batches between two false
alarms, with Siegmund's approximation (1985): (e^b - b - 1) / (2 k^2), b = 2 k (h + 1.166).

All batches are compared with one calibration, so its error would be in every z alike and the sum
would run away. So a batch is compared with the calibration and the batches before it together
(a self-starting CUSUM, after Hawkins, 1987), whose z are independent of each other where nothing
shifts. The price: a shift that was there from the first batch is seen only as far as the
calibration is large enough to show it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ledger.errors import InputError
from ledger.verdicts.statistics.tails import Reals, finite, normal_quantile
from ledger.verdicts.statistics.two_sample import LEAST_BATCH, batch_test

__all__ = ["REFERENCE", "RUN_LENGTH", "Drift", "drift", "threshold"]

REFERENCE = 0.5
"""k: half of the lasting shift that is looked for, in standard deviations of a batch's z."""

RUN_LENGTH = 500
"""Batches between two false alarms, on average."""

_OVERSHOOT = 1.166  # twice 0.583, Siegmund's correction for a sum that is looked at in steps
_FARTHEST = 4.0  # below h: one batch alone is no lasting shift, however far off it is
_SMALLEST = 1e-12


@dataclass(frozen=True, eq=False)
class Drift:
    """`sums` of the batches, the alarm's `threshold`, and the first batch above it or None.

    A batch that could not be scored leaves the sum as it was.
    """

    sums: Reals
    threshold: float
    first: int | None


def threshold(run_length: float = RUN_LENGTH, reference: float = REFERENCE) -> float:
    """h at which `run_length` batches pass between two false alarms, on average."""
    if not run_length > 1 or not reference > 0:
        raise InputError("expected a run length above 1 and a reference above 0")
    wanted, low, high = 2 * reference**2 * run_length, 0.0, 700.0
    for _ in range(100):
        middle = (low + high) / 2
        if math.expm1(middle) - middle < wanted:
            low = middle
        else:
            high = middle
    return max(low / (2 * reference) - _OVERSHOOT, 0.0)


def drift(
    batches: Sequence[Reals],
    calibration_scores: Reals | Sequence[float],
    *,
    run_length: float = RUN_LENGTH,
    reference: float = REFERENCE,
) -> Drift:
    """Whether the scores of batches, in their order, have shifted upwards and stayed so.

    Each of `batches` holds the scores of one batch, float64[n]. Raises InputError as `batch_test`
    does for the calibration.
    """
    h = threshold(run_length, reference)
    pool = finite(calibration_scores, "calibration scores", LEAST_BATCH)
    known, total, sums = [pool], 0.0, np.zeros(len(batches))
    for place, scores in enumerate(batches):
        if len(scores) >= LEAST_BATCH:
            test = batch_test(scores, np.concatenate(known))
            p = min(max(test.p, _SMALLEST), 1 - _SMALLEST)
            z = min(max(-normal_quantile(p), -_FARTHEST), _FARTHEST)
            total = max(0.0, total + z - reference)
            if z < _FARTHEST:  # what is that far off is no sample of what is usual
                known.append(np.asarray(scores, np.float64))
        sums[place] = total
    over = np.flatnonzero(sums > h)
    return Drift(sums, h, int(over[0]) if len(over) else None)
