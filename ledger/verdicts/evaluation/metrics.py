"""How well scores part synthetic rows from human ones. A higher score is more like AI.

Ties are exact: rows of one score are flagged together, and a tied pair counts half in the AUC.
"""

import math

import numpy as np
import numpy.typing as npt

__all__ = [
    "BINS",
    "RECALL",
    "auc",
    "brier",
    "calibration_error",
    "precision_at_recall",
    "probability",
    "share_above",
    "tpr_at_fpr",
]

Scores = npt.NDArray[np.float64]

RECALL = 0.79
"""At which precision is quoted: the recall that the articles claim for their vote."""

BINS = 15
"""Of equal width over probabilities, for the calibration error."""


def auc(human: Scores, synthetic: Scores) -> float:
    """P(synthetic > human) + P(synthetic = human) / 2: Mann and Whitney's U over n·m pairs.

    Raises ValueError if either is empty.
    """
    _both(human, synthetic)
    ordered = np.sort(human)
    below = np.searchsorted(ordered, synthetic, "left")
    not_above = np.searchsorted(ordered, synthetic, "right")
    # integers: half pairs are summed exactly
    return int((below + not_above).sum()) / (2 * len(human) * len(synthetic))


def tpr_at_fpr(human: Scores, synthetic: Scores, fpr: float) -> float:
    """Greatest share of synthetic rows flagged at any cut that flags at most `fpr` of the human.

    No interpolation between cuts. Raises ValueError if either is empty.
    """
    _both(human, synthetic)
    allowed = _whole(fpr * len(human))
    if allowed >= len(human):
        return 1.0
    first_refused = np.partition(human, len(human) - 1 - allowed)[len(human) - 1 - allowed]
    return float(np.mean(synthetic > first_refused))


def precision_at_recall(human: Scores, synthetic: Scores, recall: float = RECALL) -> float:
    """Precision at equal class weights where the fewest rows are flagged that make up `recall`.

    TPR / (TPR + FPR), with the TPR that is reached there: on n human and n synthetic rows it is the
    precision; a corpus with few synthetic documents has a lower one. Raises ValueError if either
    is empty.
    """
    _both(human, synthetic)
    wanted = max(1, len(synthetic) - _whole((1 - recall) * len(synthetic)))
    cut = float(np.partition(synthetic, len(synthetic) - wanted)[len(synthetic) - wanted])
    tpr = float(np.mean(synthetic >= cut))
    return tpr / (tpr + float(np.mean(human >= cut)))


def share_above(scores: Scores, cut: float) -> float:
    """Share of scores that a kept cut flags: those above it. Raises ValueError for no scores."""
    if not len(scores):
        raise ValueError("no scores")
    return float(np.mean(scores > cut))


def probability(logits: Scores) -> Scores:
    """1 / (1 + e^-x), without overflow."""
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + small), small / (1 + small))


def brier(probabilities: Scores, synthetic: npt.NDArray[np.bool_]) -> float:
    """Mean squared distance of a probability from what was so (Brier 1950), rows as they are."""
    return float(np.mean((probabilities - synthetic) ** 2))


def calibration_error(probabilities: Scores, synthetic: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over `BINS` bins of equal width (Guo et al. 2017, eq. 3).

    Mean over rows of |share of synthetic rows − mean probability| of the row's bin.
    """
    bins = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    apart = np.bincount(bins, synthetic - probabilities, BINS)
    return float(np.abs(apart).sum() / len(probabilities))


def _whole(value: float) -> int:
    """The integer part, where 0.01 · 700 = 7.000000000000001 is as much 7 as 0.29 · 100 is 29."""
    return math.floor(value + 1e-9)


def _both(human: Scores, synthetic: Scores) -> None:
    if not len(human) or not len(synthetic):
        raise ValueError(f"{len(human)} human and {len(synthetic)} synthetic scores")
