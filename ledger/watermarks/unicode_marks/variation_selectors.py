"""Bytes as variation selectors: 0–15 as U+FE00–FE0F, 16–255 as U+E0100–E01EF.

A selector chooses a glyph of the character before it, and no character takes two. Legitimate are
U+FE0E and FE0F behind anything but a Latin letter, doubled too; U+E0100 and on behind an ideograph
(Ideographic Variation Database); U+FE00–FE0D behind a character beyond Latin, and behind zero,
which has a slashed form.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks.unicode_marks._marks import (
    Bools,
    Codes,
    Found,
    Ints,
    Text,
    groups,
    members,
)

__all__ = ["KIND", "SELECTORS", "selector_bytes"]

SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))

_SUPPLEMENT = 0xE0100
_PRESENTATION = ((0xFE0E, 0xFE0F),)
_IDEOGRAPHS = (
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3038, 0x303B),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x17000, 0x18DFF),  # Tangut, Khitan
    (0x1B170, 0x1B2FF),  # Nushu
    (0x20000, 0x3FFFF),
)
_LATIN_END = 0x250
_ASCII_LETTERS = ((0x41, 0x5A), (0x61, 0x7A))
_SPACES = ((0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F), (0x3000, 0x3000))
_GAP = 400
_LEAST = 3  # characters that nothing explains; a corrupted text may have one


def selector_bytes(codes: Codes) -> npt.NDArray[np.uint8]:
    """The byte that each of n variation selectors stands for."""
    low = codes - np.uint32(SELECTORS[0][0])
    high = codes - np.uint32(_SUPPLEMENT) + np.uint32(16)
    return np.where(codes >= _SUPPLEMENT, high, low).astype(np.uint8)


class _VariationSelectors:
    name = "variation_selectors"
    version = 1
    order = 20
    codes = SELECTORS
    least = _LEAST
    different = 1
    beside_ascii = False

    def find(self, text: Text) -> list[Found]:
        places = text.of(self.codes)
        if not len(places):
            return []
        odd = places[_unexplained(text, places)]
        found = []
        for group in groups(odd, _GAP, _LEAST):
            plain = ~members(text.codes[group], _PRESENTATION)
            if np.count_nonzero(plain) >= _LEAST or np.any(np.diff(group) == 1):
                found.append(_found(text, group))
        return found


def _unexplained(text: Text, places: Ints) -> Bools:
    codes, bases = text.codes[places], text.before(places)
    style = members(codes, _PRESENTATION)
    follows = np.zeros(len(places), np.bool_)
    follows[1:] = np.diff(places) == 1
    latin = (bases < _LATIN_END) & ~((bases == ord("0")) & (codes == SELECTORS[0][0]))
    letter = members(bases, _ASCII_LETTERS)
    lone = np.where(
        codes >= _SUPPLEMENT,
        ~members(bases, _IDEOGRAPHS),
        np.where(style, letter, latin | members(bases, _SPACES)),
    )
    # a stretch that is not presentation selectors throughout spells bytes from its beginning
    starts = np.flatnonzero(~follows)
    sizes = np.diff(np.append(starts, len(places)))
    others = np.add.reduceat((~style).astype(np.int64), starts)
    spelling = np.repeat((sizes >= _LEAST) & (others > 0), sizes)
    doubled = np.repeat((sizes > 1) & (others == 0), sizes)
    odd: Bools = (follows | lone | spelling) & ~doubled
    return odd


def _found(text: Text, places: Ints) -> Found:
    payload = selector_bytes(text.codes[places]).tobytes()
    apart = "" if np.all(np.diff(places) == 1) else ", spread over the text"
    note = f"{len(payload)} bytes{apart}, a variation selector each"
    return Found(_VariationSelectors.name, places, payload, note)


KIND = _VariationSelectors()
