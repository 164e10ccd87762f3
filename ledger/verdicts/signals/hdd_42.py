"""HD-D: how many types a random sample of 42 words of a text is expected to hold."""

from typing import Final

import numpy as np
import pyarrow as pa

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals.tokens import Floats, sums

__all__ = ["DRAWS", "SIGNAL"]

DRAWS: Final = 42
"""Words drawn without replacement."""


def _measure(batch: Batch) -> Floats:
    """The chance that a type is missed is the hypergeometric one of drawing none of its words."""
    tally, sizes = batch.tokens.tally, batch.tokens.sizes
    cases = pa.array((np.repeat(sizes, tally.types) << 32) | tally.counts).dictionary_encode()
    distinct = cases.dictionary.to_numpy()  # few: most types of a text occur once or twice
    words, counts = (distinct >> 32).astype(np.float64), (distinct & 0xFFFFFFFF).astype(np.float64)
    missed = np.ones(len(distinct))
    for drawn in range(DRAWS):
        missed *= np.clip(words - counts - drawn, 0, None) / np.maximum(words - drawn, 1)
    expected = sums((1 - missed)[cases.indices.to_numpy()], tally.offsets) / DRAWS
    return np.where(sizes >= DRAWS, expected, np.nan)


SIGNAL = Signal(
    name="hdd_42",
    version=1,
    definition="expected share of distinct words among 42 words drawn from the text without "
    "replacement (words@1); undefined below 42 words",
    source="McCarthy, Jarvis 2007, vocd: a theoretical and empirical evaluation; and 2010, MTLD, "
    "vocd-D, and HD-D",
    unit="share",
    direction="high: varied words, whatever the length; models tuned on instructions are often "
    "above people",
    measure=_measure,
)
