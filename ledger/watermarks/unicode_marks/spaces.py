"""Spaces of other widths between words, where others are ordinary: an alphabet to carry bits.

Found by the alphabet alone; nothing is decoded. Only a space between two words of two letters and
more counts, so that what typography asks for does not: before French punctuation and units, within
numbers, after an abbreviation. Spaces that are plainly wider, and U+00A0, which web pages put
everywhere, never count. A menu or a text with the same odd space throughout carries nothing: one
odd space must alternate with ordinary ones, or two must alternate with each other.
"""

import numpy as np

from ledger.watermarks.unicode_marks._marks import (
    Bools,
    Found,
    Ints,
    Text,
    are_letters,
    groups,
    members,
)

__all__ = ["KIND"]

_LOOK_ALIKES = ((0x2004, 0x2006), (0x2008, 0x200A), (0x202F, 0x202F), (0x205F, 0x205F))
_ORDINARY = 0x20
_PUNCTUATION = tuple((code, code) for code in sorted(map(ord, "!?:;%«»‹›€$£+−=–—/")))
_CLOSING = tuple((code, code) for code in sorted(map(ord, ',;)"”')))
_DIGITS = ((0x30, 0x39),)

_ONE, _MIXED, _RARER = 4, 6, 2
_GAP = 400
_AROUND = 100  # characters around a mark in which its less certain spaces lie


class _Spaces:
    name = "space_alphabet"
    version = 1
    order = 50
    codes = _LOOK_ALIKES
    least = _ONE
    different = 1
    beside_ascii = False

    def find(self, text: Text) -> list[Found]:
        places = text.of(self.codes)
        if len(places) < _ONE:
            return []
        words = _between_words(text, places)
        ordinary = np.flatnonzero(text.codes == _ORDINARY)
        found = []
        for group in groups(places[words], _GAP, _ONE):
            if _alternates(text, group, ordinary):
                found.append(_found(text, places, group))
        return found


def _between_words(text: Text, places: Ints) -> Bools:
    """Whether two letters stand on each side, or on the left one and a comma or its like."""
    inside = (places >= 2) & (places + 2 < len(text.codes))
    near = [text.codes[np.where(inside, places + step, 0)] for step in (-2, -1, 1, 2)]
    left = are_letters(near[1]) | members(near[1], _CLOSING)
    found: Bools = inside & are_letters(near[0]) & left
    return found & are_letters(near[2]) & are_letters(near[3])


def _alternates(text: Text, group: Ints, ordinary: Ints) -> bool:
    _, counts = np.unique(text.codes[group], return_counts=True)
    if len(counts) > 1 and len(group) >= _MIXED and np.sort(counts)[-2] >= _RARER:
        return True
    first, last = np.searchsorted(ordinary, [group[0], group[-1]])
    return int(_between_words(text, ordinary[first:last]).sum()) >= len(group)


def _found(text: Text, places: Ints, group: Ints) -> Found:
    edges = np.searchsorted(places, [group[0] - _AROUND, group[-1] + _AROUND + 1])
    within = places[edges[0] : edges[1]]
    before, after = text.before(within), text.after(within)
    typographic = members(before, _PUNCTUATION) | members(after, _PUNCTUATION)
    typographic |= members(before, _DIGITS) & members(after, _DIGITS)
    taken = within[~typographic | np.isin(within, group)]
    kinds = ", ".join(f"U+{code:04X}" for code in np.unique(text.codes[taken]).tolist())
    note = f"{len(taken)} spaces of {kinds} among ordinary ones; nothing was decoded"
    return Found(_Spaces.name, taken, None, note, np.full(len(taken), _ORDINARY, np.uint32))


KIND = _Spaces()
