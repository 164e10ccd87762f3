"""Bits as characters without width: U+200B, 200C, 200D, 2060–2064, FEFF, 180E.

Two ways to lay them: one stretch, or one here and one there. A stretch of eight with two of them is
no writing; pages and mails pad with stretches too, which repeat. Single ones are explained by a
neighbour of a script or a symbol beyond Latin, Greek and Cyrillic (Persian, the Indic scripts, Thai
line breaks, emoji), by the start of a line (U+FEFF), by white space on both sides (mail padding).
What is left must be of two kinds at least that take turns, and not periodic: U+200B by itself,
however often, is how web pages break long words. U+2061–2064 count in a stretch only, for formulas
taken from web pages have them between letters.
"""

import numpy as np

from ledger.watermarks.unicode_marks._marks import (
    Bools,
    Codes,
    Found,
    Ints,
    Text,
    groups,
    members,
    stretches,
)

__all__ = ["KIND"]

_CORE = ((0x180E, 0x180E), (0x200B, 0x200D), (0x2060, 0x2064), (0xFEFF, 0xFEFF))
_SINGLE = ((0x180E, 0x180E), (0x200B, 0x200D), (0x2060, 0x2060), (0xFEFF, 0xFEFF))
_WIDE = (  # may lie in a stretch of them, and are no mark without them
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x180E, 0x180E),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0xFEFF, 0xFEFF),
)
_BLANK = ((0x00, 0x20), (0xA0, 0xA0), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
          (0x205F, 0x205F), (0x3000, 0x3000))  # fmt: skip
_EXPLAINS = ((0x0530, 0x1E00 - 1), (0x2100, 0xFEFF - 1), (0xFF00, 0x10FFFF))
_LINE_ENDS = ((0x0A, 0x0D), (0x2028, 0x2029))
_BYTE_ORDER_MARK = 0xFEFF

_STRETCH = 8
_SPREAD, _RARER = 12, 4  # so many in all, so many of the second most frequent
_CHANGES = 5  # one in so many differs from the one before it, at least
_GAP = 400
_PERIOD = 8


class _ZeroWidth:
    name = "zero_width"
    version = 1
    order = 40
    codes = _CORE
    least = _STRETCH
    different = 2
    beside_ascii = False

    def find(self, text: Text) -> list[Found]:
        free = ~text.taken
        found = []
        for places in stretches(text.of(_WIDE), _STRETCH):
            one = _stretch(text, places)
            if one is not None:
                free[one.places] = False
                found.append(one)
        single = text.of(_SINGLE)
        single = single[free[single]]
        for group in groups(single[_unexplained(text, single)], _GAP, _SPREAD):
            codes = text.codes[group]
            changes = np.count_nonzero(codes[1:] != codes[:-1])
            if changes * _CHANGES >= len(codes) and _carries(codes, _RARER):
                found.append(Found(self.name, group, *_payload(text.codes[group], ", spread")))
        return found


def _stretch(text: Text, places: Ints) -> Found | None:
    core = np.flatnonzero(members(text.codes[places], _CORE))
    if len(core) < _STRETCH:
        return None
    if not _carries(text.codes[places[core]], 1):
        return None
    places = places[core[0] : core[-1] + 1]
    return Found(_ZeroWidth.name, places, *_payload(text.codes[places], " in one stretch"))


def _carries(codes: Codes, rarer: int) -> bool:
    """Whether a sequence has two symbols, the second `rarer` times at least, and no period.

    A period is one that is seen three times: two may be chance.
    """
    _, counts = np.unique(codes, return_counts=True)
    if len(counts) < 2 or np.sort(counts)[-2] < rarer:
        return False
    return not any(
        len(codes) >= 3 * period and np.array_equal(codes[period:], codes[:-period])
        for period in range(1, _PERIOD + 1)
    )


def _unexplained(text: Text, places: Ints) -> Bools:
    before, after = text.before(places), text.after(places)
    beside = members(before, _EXPLAINS) | members(after, _EXPLAINS)
    padding = (members(before, _BLANK) | members(before, _WIDE)) & (
        members(after, _BLANK) | members(after, _WIDE)
    )
    line = members(before, _LINE_ENDS) | (places == 0)
    first = (text.codes[places] == _BYTE_ORDER_MARK) & line
    odd: Bools = ~(beside | padding | first)
    return odd


def _payload(codes: Codes, how: str) -> tuple[bytes | None, str]:
    """(bytes, note): 2 symbols as bits and 4 as pairs of bits, numbered by code point."""
    symbols, digits = np.unique(codes, return_inverse=True)
    said = f"{len(codes)} characters{how}, {len(symbols)} different"
    width = {2: 1, 4: 2}.get(len(symbols))
    if width is None or len(codes) * width % 8:
        return None, f"{said}; no bytes by the usual alphabets"
    bits = (digits[:, None] >> np.arange(width - 1, -1, -1)) & 1
    payload = np.packbits(bits.astype(np.uint8).reshape(-1)).tobytes()
    return payload, f"{said}; bytes as if numbered by code point, the first bit highest"


KIND = _ZeroWidth()
