"""How many of known human text's rare words are still there."""

import numpy as np

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals.reference import coverage
from ledger.verdicts.signals.tokens import Floats

__all__ = ["SIGNAL"]


def _measure(batch: Batch) -> Floats:
    if batch.reference is None:
        return np.full(len(batch.texts), np.nan)
    return coverage(batch.stable, batch.reference.rare)


SIGNAL = Signal(
    name="tail_coverage",
    version=1,
    definition="share of a reference's rare types (twice or more in it, outside the types that "
    "make up 90 % of it) that occur in the text (words@1)",
    source="the lost tails of Shumailov et al. 2024, AI models collapse when trained on "
    "recursively generated data; the rare set is our definition",
    unit="share",
    direction="low: the tail of human vocabulary is missing, the earliest sign of collapse; grows "
    "with length, so it is compared at one number of words only",
    measure=_measure,
)
