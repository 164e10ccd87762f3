"""Measures of a window of a batch's tokens, whatever tokenizer made them.

They depend on the number of tokens: windows are compared with windows of the same size.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from ledger.verdicts.signals._compression import LEAST_BYTES, lzma_size
from ledger.verdicts.signals._information import conditional_entropy, distinct, entropy
from ledger.verdicts.signals.reference import coverage
from ledger.verdicts.signals.tokens import Ids, Tokens

__all__ = ["POOLED", "measures_of"]

POOLED: Final = (
    "entropy",
    "conditional_entropy",
    "distinct_2",
    "distinct_4",
    "tail_coverage",
    "compression",
)
"""Bits per token, shares, and LZMA's ratio, as the signals of like names define them."""


def measures_of(
    ids: npt.ArrayLike, text: bytes | None = None, rare: Ids | None = None
) -> dict[str, float]:
    """The measures of one window in the order of POOLED; NaN where too short.

    `ids` are uint32 ids that mean the same in every window (of words: stable ones). Without `rare`,
    sorted ids of a reference's rare types, there is no tail_coverage; without the window's `text`
    in UTF-8 no compression.
    """
    tokens = Tokens.of_one(ids)
    found = {
        "entropy": entropy(tokens),
        "conditional_entropy": conditional_entropy(tokens),
        "distinct_2": distinct(tokens.bigrams),
        "distinct_4": distinct(tokens.grams(4)),
    }
    if rare is not None:
        found["tail_coverage"] = coverage(tokens, rare)
    measures = {name: float(value[0]) for name, value in found.items()}
    if text is not None:
        enough = len(text) >= LEAST_BYTES
        measures["compression"] = lzma_size(text) / len(text) if enough else float(np.nan)
    return measures
