"""How much of a text lies outside the common words of known human text."""

import numpy as np

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals.reference import mass_outside
from ledger.verdicts.signals.tokens import Floats

__all__ = ["SIGNAL"]


def _measure(batch: Batch) -> Floats:
    if batch.reference is None:
        return np.full(len(batch.texts), np.nan)
    return mass_outside(batch.stable, batch.reference.common)


SIGNAL = Signal(
    name="rare_token_mass",
    version=1,
    definition="share of the text's words that are none of the reference's common types, those "
    "that make up 90 % of it (words@1)",
    source="the lost tails of Shumailov et al. 2024, AI models collapse when trained on "
    "recursively generated data; the common set is our definition",
    unit="share",
    direction="about 0.1 for text like the reference; low: the tail is thinner; high: another "
    "subject or invented words",
    measure=_measure,
)
