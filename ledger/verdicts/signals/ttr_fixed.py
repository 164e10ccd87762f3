"""The type-token ratio at a fixed window of 100 words."""

from typing import Final

import numpy as np

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals.tokens import Floats, divide, sums

__all__ = ["SIGNAL", "WINDOW"]

WINDOW: Final = 100
"""Words of a window."""


def _measure(batch: Batch) -> Floats:
    """A word is the first of its type in its window if the one before it lies before the window."""
    tokens = batch.tokens
    starts = tokens.offsets[:-1][tokens.text_of]
    within = np.arange(len(tokens.ids)) - starts
    window = within // WINDOW
    whole = tokens.sizes // WINDOW
    fresh = (window < whole[tokens.text_of]) & (tokens.previous < starts + window * WINDOW)
    return divide(sums(fresh, tokens.offsets), whole * WINDOW)


SIGNAL = Signal(
    name="ttr_fixed",
    version=1,
    definition="mean share of distinct words in a text's consecutive whole windows of 100 words "
    "(words@1); undefined below 100 words",
    source="mean segmental type-token ratio (Johnson 1944, Studies in language behavior)",
    unit="share",
    direction="high: varied words; models tuned on instructions are often above people, so its "
    "sign is learned per corpus",
    measure=_measure,
)
