"""The form of a text that is scored: its wording, without what its formatting adds.

Every rule looks at single characters and their neighbours, never at lines, so a paragraph break
moved is a blank moved. In this order:

1. Beyond ASCII: compatibility decomposition (Unicode NFKD) without its marks; the result is a
   letter or digit, one of the signs below, or a blank; what cannot be seen is dropped.
2. Entities, tags, targets of links and web addresses are dropped where they are complete.
3. Letters, digits, `. , ; : ! ? ( ) % $` and apostrophes stay. Double quotes, asterisks and control
   characters are dropped; every other sign, dashes and hyphens too, is a blank.
4. An apostrophe stays between two letters or digits and is a quote elsewhere: dropped.
5. Blanks are single, and none stands before `. , ; : ! ? ) %` or after `(`.
6. Numbers of lists, one or two digits with `.` or `)` between blanks, are dropped.
7. Signs that end the text are dropped.
"""

import re
from collections.abc import Iterable
from typing import Final
from unicodedata import category, normalize

import pyarrow as pa

__all__ = ["SIGNS", "normal_text", "normal_texts"]

SIGNS: Final = ".,;:!?()%$"
"""All that a normal form may hold beside letters, digits, apostrophes and single blanks."""

_CLOSING: Final = (" .", " ,", " ;", " :", " !", " ?", " )", " %")
_APOSTROPHES: Final = frozenset("'`´‘’‚‛′‵ʹʻʼʽˈ")
_DROPPED: Final = frozenset('"*“”„‟«»‹›″‴‶‷〝〞〟')
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Mc", "Me", "Mn"))

_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_LINK = re.compile(r"\]\([^()]*\)|\]\[[^\[\]]*\]")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_ADDRESS = re.compile(r"https?://\S*")
_ENTITY = re.compile(r"&(?:(#39|#8217|apos|rsquo)|[A-Za-z]{2,8}|#[0-9]{1,6});")
_QUOTE = re.compile(r"'(?:(?!\w)|(?<!\w'))")
_NUMBER = re.compile(r"(?<![^ ])[0-9]{1,2}[.)] ")


class _Folds(dict[int, str]):
    """What each code point becomes, found once and kept."""

    def __missing__(self, code: int) -> str:
        whole = chr(code)
        kept = whole in _APOSTROPHES  # NFKD makes an accent's blank of an acute that quotes
        folded = "".join(map(_sign, whole if kept else normalize("NFKD", whole)))
        self[code] = folded
        return folded


def _sign(character: str) -> str:
    if character in _APOSTROPHES:
        return "'"
    if character in _DROPPED:
        return ""
    if character.isspace():
        return " "
    if character.isalnum() or character in SIGNS:
        return character
    return "" if category(character) in _UNSEEN else " "


_FOLDS = _Folds()
_ASCII: Final = {code: _sign(chr(code)) or None for code in range(128)}


def normal_text(text: str) -> str:
    """The normal form of one text, in linear time; that of a normal form is itself."""
    if not text.isascii():
        text = _FOREIGN.sub(_folded, text)
    if "&" in text:
        text = _ENTITY.sub(_apostrophe, text)
    if "](" in text or "][" in text:
        text = _LINK.sub(" ", text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "://" in text:
        text = _ADDRESS.sub(" ", text)
    text = text.translate(_ASCII if text.isascii() else _FOLDS)
    if "'" in text:
        text = _QUOTE.sub("", text)
    text = " ".join(text.split())
    for pair in _CLOSING:
        text = text.replace(pair, pair[1])
    text = text.replace("( ", "(")
    return _NUMBER.sub("", text).rstrip(SIGNS + " ")


def _folded(found: re.Match[str]) -> str:
    return found[0].translate(_FOLDS)


def _apostrophe(found: re.Match[str]) -> str:
    return "'" if found[1] else " "


def normal_texts(texts: pa.Array | pa.ChunkedArray | Iterable[str]) -> list[str]:
    """Normal forms of n texts (string, n); a null is empty."""
    values = texts.to_pylist() if isinstance(texts, pa.Array | pa.ChunkedArray) else texts
    return [normal_text(text or "") for text in values]
