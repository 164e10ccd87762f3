"""Whether a text is English prose, and how many words of it: what can be measured, and why not.

Looked at in the normal form. A *word* stands between blanks and has a cased letter.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.verdicts.outcomes import MIN_WORDS
from ledger.verdicts.text.normal import SIGNS, normal_text

__all__ = ["Measured", "Why", "measure"]


class Why(IntEnum):
    """What stands against measuring a text."""

    OK = 0
    TOO_SHORT = 1
    NOT_ENGLISH = 2
    NOT_PROSE = 3


@dataclass(frozen=True, eq=False)
class Measured:
    """Of n texts: their words of prose (int64, n) and what stands against them (`Why`, int8, n)."""

    words: npt.NDArray[np.int64]
    why: npt.NDArray[np.int8]


_LETTERS = 0.75
"""Least share of letters in what is not blank; prose has more than nine in ten."""
_FOREIGN = 0.10
"""Share beyond ASCII, punctuation aside, from which a text is no English."""
_CODE, _SIGNED = 0.05, 0.30
"""A text with a larger share of the signs of code, and a smaller one of common words, is no prose:
documentation in Markdown has nearly as many signs, and more common words."""
_ENGLISH, _DOUBTFUL = 0.20, 0.08
"""Share of common words: at the first a text is English, below the second it is not; between them
CLD2 is asked."""

_SHOUTED, _DISGUISED = 0.30, 0.05
"""Share of capitals among letters, and of words that mix alphabets, above which a text is no prose:
the detector was fitted on neither, and either hides AI text from it. Of 6,195 texts of people and
models 99.9 % have fewer than 0.16 capitals a letter, and none mixes alphabets in one word of 100.
"""

_COMMON_WORDS: Final = """
    about after all also an and any are as at be because been but by can could for from had has
    have he her his how if in into is it its may more most my not of on one or other our out she
    should so some such than that the their them then there these they this to up was we were what
    when which who will with would you your
"""
_COMMON: Final = frozenset(_COMMON_WORDS.split())
_CAPITALS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHUNK = 1 << 20  # characters split into words at once
_UNCOUNTED: Final = SIGNS + "0123456789 '"
_BLANKS: Final = " \n\r\t\u00a0"
_CODE_SIGNS: Final = "{}[]()=_<>;/\\|+*"
_MIXED = re.compile(r"[A-Za-z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][A-Za-z]")
_PUNCTUATION = re.compile(r"[\u00a0\u00ad\u2000-\u206f\ufeff]")


def measure(texts: pa.Array | pa.ChunkedArray | Iterable[str], least: int = MIN_WORDS) -> Measured:
    """Measure n texts (string, n); with fewer than `least` words a text is too short.

    A text that is long enough is no prose if it is mostly figures and signs, or code, or broken
    characters, or in capitals, or mixes alphabets within words; else another language is told
    apart. The time is linear in the length of a text.
    """
    values = texts.to_pylist() if isinstance(texts, pa.Array | pa.ChunkedArray) else texts
    found = [_one(text or "", least) for text in values]
    table = np.array(found, np.int64).reshape(len(found), 2)
    return Measured(table[:, 0], table[:, 1].astype(np.int8))


def _one(text: str, least: int) -> tuple[int, Why]:
    form = normal_text(text)
    pieces = words = common = 0
    for chunk in _chunks(form.lower()):
        split = chunk.split()
        pieces += len(split)
        words += sum(map(str.islower, split))
        common += sum(map(_COMMON.__contains__, split))
    shown = len(text) - sum(map(text.count, _BLANKS))
    foreign = 0 if text.isascii() else _beyond_ascii(text)
    if words < least:
        if foreign > max(shown / 2, 2 * least):  # a script without cases, or without blanks
            return words, _other(text)
        return words, Why.NOT_PROSE if pieces >= max(least, 2 * words) else Why.TOO_SHORT
    if foreign > _FOREIGN * shown or common < _DOUBTFUL * words:
        return words, _other(text)
    letters = len(form) - sum(map(form.count, _UNCOUNTED))
    if _dressed(form, letters, words):
        return words, Why.NOT_PROSE
    signs = sum(map(text.count, _CODE_SIGNS))
    if letters < _LETTERS * shown or (signs > _CODE * shown and common < _SIGNED * words):
        return words, Why.NOT_PROSE
    if common < _ENGLISH * words and _language(text) not in (None, "en"):
        return words, Why.NOT_ENGLISH
    return words, Why.OK


def _chunks(form: str) -> Iterator[str]:
    low = 0
    while len(form) - low > _CHUNK:
        high = form.find(" ", low + _CHUNK)
        if high < 0:
            break
        yield form[low:high]
        low = high
    yield form[low:]


def _dressed(form: str, letters: int, words: int) -> bool:
    """Whether a text is in capitals, or has letters of another alphabet put in for their like."""
    if sum(map(form.count, _CAPITALS)) > _SHOUTED * letters:
        return True
    return not form.isascii() and len(_MIXED.findall(form)) > _DISGUISED * words


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore")) - len(_PUNCTUATION.findall(text))


def _other(text: str) -> Why:
    """No English: a language that CLD2 is sure of, or none at all."""
    return Why.NOT_PROSE if _language(text) in (None, "en") else Why.NOT_ENGLISH


def _language(text: str) -> str | None:
    from ledger.corpus.language import detect  # deferred: 14 MB of tables that prose never needs

    found: str | None = detect(pa.array([text[:4_000]]))[0][0].as_py()
    return found
