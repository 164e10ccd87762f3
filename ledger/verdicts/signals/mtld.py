"""MTLD: how many words in a row keep their type-token ratio at 0.72 or above."""

from typing import Final

import numpy as np

from ledger.verdicts.signals import Batch, Signal
from ledger.verdicts.signals.tokens import Floats, Ints, Tokens

__all__ = ["LEAST", "SIGNAL"]

LEAST: Final = 50
"""Words below which a text has too few factors to speak of."""

_OF, _TYPES = 25, 18  # 18 / 25 = 0.72, compared in whole numbers
_PART = 1 << 16  # words that are Python numbers at one time


def _measure(batch: Batch) -> Floats:
    tokens = batch.tokens
    there, back = tokens.previous, _mirrored(tokens).previous
    ends, length = tokens.offsets.tolist(), len(tokens.ids)
    values = np.full(len(ends) - 1, np.nan)
    for text in np.flatnonzero(tokens.sizes >= LEAST).tolist():
        start, end = ends[text], ends[text + 1]
        forward = _factors(there[start:end], start)
        backward = _factors(back[length - end : length - start], length - end)
        if forward and backward:
            values[text] = (end - start) * (1 / forward + 1 / backward) / 2
    return values


def _mirrored(tokens: Tokens) -> Tokens:
    """The batch read from its end."""
    offsets: Ints = len(tokens.ids) - tokens.offsets[::-1]
    return Tokens(np.ascontiguousarray(tokens.ids[::-1]), offsets)


def _factors(previous: Ints, first: int) -> float:
    """Factors of one text: whole ones, and of the rest the part of the way down to 0.72.

    `first` is the place of the text's first word, `previous` where each word's type was before.
    """
    whole = types = words = 0
    start = first
    for part in range(0, len(previous), _PART):
        for before in previous[part : part + _PART].tolist():
            words += 1
            types += before < start
            if types * _OF < words * _TYPES:
                whole += 1
                start += words
                types = words = 0
    rest = (words - types) * _OF / (words * (_OF - _TYPES)) if words else 0.0
    return whole + rest


SIGNAL = Signal(
    name="mtld",
    version=1,
    definition="words over factors, a factor ending where the share of distinct words since its "
    "beginning falls below 0.72, mean of both reading directions (words@1); undefined below 50 "
    "words and where no word comes twice",
    source="McCarthy, Jarvis 2010, MTLD, vocd-D, and HD-D: a validation study",
    unit="words",
    direction="high: varied words; models tuned on instructions are often above people; noisy",
    measure=_measure,
)
