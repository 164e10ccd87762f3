"""The moving-average type-token ratio, window 50."""

from typing import Final

import numpy as np

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals.tokens import Floats, divide, sums

__all__ = ["SIGNAL", "WINDOW"]

WINDOW: Final = 50
"""Words of a window."""


def _measure(batch: Batch) -> Floats:
    """Counts, for each word, the windows in which it is the first of its type: whole numbers."""
    tokens = batch.tokens
    place = np.arange(len(tokens.ids))
    first_of_text = tokens.offsets[:-1][tokens.text_of]
    last_window = tokens.offsets[1:][tokens.text_of] - WINDOW
    earliest = np.maximum(place - (WINDOW - 1), np.maximum(first_of_text, tokens.previous + 1))
    firsts = np.maximum(np.minimum(place, last_window) - earliest + 1, 0)
    windows = np.maximum(tokens.sizes - WINDOW + 1, 0)
    return divide(sums(firsts, tokens.offsets), windows * WINDOW)


SIGNAL = Signal(
    name="mattr_50",
    version=1,
    definition="mean share of distinct words over every window of 50 words in a row (words@1); "
    "undefined below 50 words",
    source="Covington, McFall 2010, Cutting the Gordian knot: the moving-average type-token ratio",
    unit="share",
    direction="high: varied words, whatever the length; models tuned on instructions are often "
    "above people",
    measure=_measure,
)
