"""The two tests of a document as one p-value."""

import math

import numpy as np

from ledger.watermarks.statistics.series import Reals

__all__ = ["PART_SHARE", "combine"]

PART_SHARE = 0.1
"""The share of the error that the search for marked parts has; the whole document has the rest."""


def combine(log_p_whole: Reals, log_p_part: Reals, trials: int = 1) -> Reals:
    """ln p of each document from both its tests: a weighted Bonferroni correction.

    p = min(1, trials * min(whole / (1 - PART_SHARE), part / PART_SHARE)), valid whatever the
    dependence between the two.
    """
    whole = np.asarray(log_p_whole, np.float64) - math.log(1 - PART_SHARE)
    part = np.asarray(log_p_part, np.float64) - math.log(PART_SHARE)
    return np.asarray(np.minimum(np.minimum(whole, part) + math.log(trials), 0.0), np.float64)
