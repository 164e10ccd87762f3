"""sentences@1: what a sentence is wherever one of our measures needs its length.

A sentence ends after one or more of . ! ? … and their full-width kin, with closing quotes and
brackets after them, where white space (ASCII's, or of category Z) or the end of the text follows;
and at an empty line. It is as long as it has words (words@1), and one without a word is none.
Abbreviations are not known: "e.g. this" is two sentences. Text without punctuation is one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ledger.verdicts.signals.tokens import Floats, Ints, divide, sums
from ledger.verdicts.signals.words import as_texts, count_words, is_ascii

__all__ = ["SENTENCES", "Sentences", "find_sentences"]

SENTENCES: Final = "sentences@1"
_END = "[.!?…。！？]+[\"'”’»)\\]]*(?:[\\s\\p{Z}]|$)|\\n[\\s\\p{Z}]*\\n"
_ASCII_END = "[.!?]+[\"')\\]]*(?:\\s|$)|\\n\\s*\\n"  # the same in ASCII


@dataclass(frozen=True)
class Sentences:
    """Text t has sentences of `lengths[offsets[t] : offsets[t + 1]]` words."""

    lengths: Ints
    offsets: Ints

    @property
    def counts(self) -> Ints:
        """int64[n]: sentences of each text."""
        return np.diff(self.offsets)

    def moments(self) -> tuple[Floats, Floats]:
        """Mean and population standard deviation of the lengths, in words.

        NaN below two sentences, where nothing can vary.
        """
        counts = np.where(self.counts >= 2, self.counts, 0)
        mean = divide(sums(self.lengths, self.offsets), counts)
        apart = self.lengths - np.repeat(mean, self.counts)
        return mean, np.sqrt(divide(sums(apart * apart, self.offsets), counts))


def find_sentences(texts: pa.Array | pa.ChunkedArray) -> Sentences:
    """The sentences of n texts, in time linear in their bytes."""
    plain = as_texts(texts)
    parts = pc.split_pattern_regex(plain, _ASCII_END if is_ascii(plain) else _END)
    lengths = count_words(parts.flatten())
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(pc.list_value_length(parts))])
    solid = lengths > 0
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(solid)])[ends]
    return Sentences(lengths[solid], offsets)
