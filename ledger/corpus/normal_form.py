"""The normal form of a text: what stays the same when layout, case and punctuation change.

Default ignorable characters are dropped, then NFKC, full case folding, NFKC; then the *words*,
joined by one space. A word is a stretch of letters, digits and `_` with the marks that follow
them; in scripts written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar and kin) every letter
with its marks is a word of its own, so that a line break inside a Chinese sentence changes nothing.

This is the definition, for one text and with nothing to import; `neardup/normal.py` is as fast as
a corpus needs.
"""

import re
import unicodedata
from functools import cache

__all__ = ["NORM_VERSION", "normal_form"]

NORM_VERSION = f"headwater-normal-1/unicode-{unicodedata.unidata_version}"
"""Named wherever a normal form's digest is kept: folding changes with Unicode."""

# Blocks whose languages put no space between words; their letters stand alone.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),  # iteration mark, closing mark, zero
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3031, 0x312F),  # kana, Bopomofo
    (0x31A0, 0x31FF),  # Bopomofo and kana, extended
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0xA4CF),  # Han, Yi
    (0xA9E0, 0xA9FF),  # Myanmar, extended
    (0xAA60, 0xAADF),  # Myanmar, extended; Tai Viet
    (0xF900, 0xFAFF),  # Han, compatibility
    (0x1AFF0, 0x1B16F),  # kana, supplement
    (0x20000, 0x3FFFF),  # Han, extensions
)
# Default ignorable, but not of category Cf
_IGNORABLE = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
)
_IGNORABLE_PLANE = (0xE0000, 0xE0FFF)
_LAST_MARK = 0x1FFFF  # above lie Han and the plane of ignorables


def normal_form(text: str) -> str:
    """The normal form of one text, slowly: the definition that find_words follows."""
    drop, word = _tables()
    folded = unicodedata.normalize("NFKC", text.translate(drop)).casefold()
    return " ".join(word.findall(unicodedata.normalize("NFKC", folded).translate(drop)))


@cache
def _tables() -> tuple[dict[int, None], re.Pattern[str]]:
    """What str.translate drops, and the pattern of a word; 20 ms, and only where it is needed."""
    drop = dict.fromkeys(range(_IGNORABLE_PLANE[0], _IGNORABLE_PLANE[1] + 1))
    for low, high in _IGNORABLE:
        drop |= dict.fromkeys(range(low, high + 1))
    marks: list[int] = []
    alone: list[int] = []
    for code in range(0x80, _LAST_MARK + 1):
        category = unicodedata.category(chr(code))
        if category == "Cf":
            drop[code] = None
        elif category[0] == "M":
            marks.append(code)
    for low, high in _UNSPACED:
        if high > _LAST_MARK:
            alone += range(low, high + 1)
            continue
        alone += [c for c in range(low, high + 1) if unicodedata.category(chr(c)) in _LETTERS]
    mark, single = _ranges(marks), _ranges(alone)
    letter = rf"[^\W{single}]"
    return drop, re.compile(rf"[{single}][{mark}]*|{letter}(?:{letter}|[{mark}])*")


_LETTERS = frozenset({"Lo", "Lm", "Nl"})


def _ranges(codes: list[int]) -> str:
    """A character class's inside."""
    spans: list[list[int]] = []
    for code in codes:
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in spans)
