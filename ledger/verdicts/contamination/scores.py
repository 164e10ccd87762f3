"""Which documents can be counted in a share, and why the others cannot.

More words are asked for than for a verdict: a share is of texts that the detector can tell apart.
"""

import numpy as np
import numpy.typing as npt

from ledger.verdicts.outcomes import PREVALENCE_WORDS
from ledger.verdicts.scanning.gather import Scored, reason_name
from ledger.verdicts.text.prose import Why

__all__ = ["IN_TRAINING", "Sorted", "sort_out"]

Mask = npt.NDArray[np.bool_]

IN_TRAINING = "in_training"
"""Documents that the detector was made of: it knows them too well to be asked."""


class Sorted:
    """n documents told apart: `measurable`, `known`, and the rest counted by reason."""

    def __init__(self, measurable: Mask, known: Mask, reasons: dict[str, int]) -> None:
        self.measurable, self.known, self.reasons = measurable, known, reasons


def sort_out(scored: Scored, known: Mask, trained_on: Mask) -> Sorted:
    """Tell n documents apart.

    `known` (n) existed before AI text of this kind did: they are not asked, whatever they are.
    `trained_on` (n) are documents that the detector was made of.
    """
    long_enough = scored.measurable & (scored.words >= PREVALENCE_WORDS)
    measurable = long_enough & ~trained_on & ~known
    reasons = {
        reason_name(code): int(((scored.why == code) & ~known).sum())
        for code in np.unique(scored.why).tolist()
        if code != Why.OK
    }
    short = int((scored.measurable & ~long_enough & ~known).sum())
    too_short = reason_name(Why.TOO_SHORT)
    reasons[too_short] = reasons.get(too_short, 0) + short
    reasons[IN_TRAINING] = int((long_enough & trained_on & ~known).sum())
    counted = {reason: count for reason, count in sorted(reasons.items()) if count}
    return Sorted(measurable, known, counted)
