"""words@1: what a word is wherever one of our measures counts words.

1. Format characters (category Cf: soft hyphens, joiners, marks of direction) are dropped.
2. U+2019 is read as U+0027.
3. A word is a longest stretch of letters, marks, numbers (categories L, M, N) and apostrophes, less
   the apostrophes at its ends. A stretch of apostrophes alone is none.
4. Two words are of one type if they are equal after Unicode's NFC and simple lower case.

A contraction is one word, a hyphenated compound two. Text in a script without spaces comes out as
one word a stretch: what is measured of it means nothing.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from ledger.verdicts.signals.tokens import Ids, Ints, Tokens

__all__ = ["WORDS", "Words", "as_texts", "count_words", "find_words", "is_ascii"]

WORDS: Final = "words@1"

_FORMAT = r"\p{Cf}+"
_BETWEEN = r"[^\p{L}\p{M}\p{N}'’]+"
_COUNTED = r"[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}\p{Cf}'’]*"  # as many as words, spelled otherwise

# What these come to in ASCII: RE2 takes 50 times as long to make ready for all of Unicode.
_ASCII_BETWEEN = r"[^0-9A-Za-z']+"
_ASCII_COUNTED = r"[0-9A-Za-z][0-9A-Za-z']*"


@dataclass(frozen=True)
class Words:
    """Words of n texts: ids into `vocabulary` (large_string), whose words are distinct.

    The ids hold for this batch only; `stable_ids` hold for any.
    """

    tokens: Tokens
    vocabulary: pa.Array

    def stable_ids(self) -> Ids:
        """uint32[k]: the low 32 bits of XXH3-64 (seed 0) of each word's UTF-8."""
        hashed = [xxhash.xxh3_64_intdigest(word) for word in self._spelled()]
        return np.array(hashed, np.uint64).astype(np.uint32)[self.tokens.ids]

    def _spelled(self) -> list[bytes]:
        spelled: list[bytes] = self.vocabulary.cast(pa.large_binary()).to_pylist()
        return spelled


def as_texts(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One large_string array without nulls; a null is an empty text."""
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return whole.cast(pa.large_string()).fill_null("")


def is_ascii(texts: pa.Array) -> bool:
    """Whether all of them are."""
    return bool(pc.all(pc.string_is_ascii(texts), min_count=0).as_py())


def count_words(texts: pa.Array) -> Ints:
    """int64[n]: words of large_string texts without nulls."""
    pattern = _ASCII_COUNTED if is_ascii(texts) else _COUNTED
    counts: Ints = pc.count_substring_regex(texts, pattern).to_numpy().astype(np.int64)
    return counts


def find_words(texts: pa.Array | pa.ChunkedArray) -> Words:
    """Every word of n texts (string or large_string), in time linear in their bytes."""
    plain = as_texts(texts)
    ascii_ = is_ascii(plain)
    if not ascii_:
        plain = pc.replace_substring_regex(plain, _FORMAT, "")
    spaced = pc.replace_substring_regex(plain, _ASCII_BETWEEN if ascii_ else _BETWEEN, " ")
    stretches = pc.split_pattern(spaced, " ")
    found = stretches.flatten().dictionary_encode()
    forms = _forms(found.dictionary)
    merged = forms.dictionary_encode()
    word = merged.indices.to_numpy().astype(np.uint32)[found.indices.to_numpy()]
    empty = pc.index(merged.dictionary, "").as_py()
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(pc.list_value_length(stretches))])
    if empty < 0:
        return Words(Tokens(word, ends), merged.dictionary)
    solid = word != empty
    word = word[solid]
    word -= word > empty
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(solid)])[ends]
    kept = pc.not_equal(merged.dictionary, "")
    return Words(Tokens(word, offsets), merged.dictionary.filter(kept))


def _forms(stretches: pa.Array) -> pa.Array:
    """What each distinct stretch is as a word; the empty string where it is none."""
    straight = pc.replace_substring(stretches, "’", "'")
    return pc.utf8_lower(pc.utf8_normalize(pc.utf8_trim(straight, "'"), "NFC"))
