"""Letters of other scripts that stand for Latin ones which look the same.

A word counts if it is Latin but for such letters, one of them beside an ASCII letter; a run is
three such words, each within 400 characters of the next, in a text that is Latin there. So Russian
with a Latin numeral, a Greek letter in a formula, a stray letter of another keyboard and a text in
any other script are none. Greek small letters that formulas use (α, ν, ρ, χ …) stand for nothing
here, mathematical and phonetic letters neither.
"""

import numpy as np

from ledger.watermarks.unicode_marks._marks import (
    Bools,
    Codes,
    Found,
    Ints,
    Text,
    are_letters,
    groups,
    members,
)

__all__ = ["KIND"]

# What common typefaces draw as the Latin letter; chosen by eye.
_CYRILLIC = {
    "а": "a", "с": "c", "е": "e", "о": "o", "р": "p", "х": "x", "у": "y", "і": "i", "ј": "j",
    "ѕ": "s", "ԁ": "d", "ԛ": "q", "ԝ": "w", "һ": "h", "ӏ": "l", "ү": "y", "ѵ": "v",
    "А": "A", "В": "B", "С": "C", "Е": "E", "Н": "H", "І": "I", "Ј": "J", "К": "K", "М": "M",
    "О": "O", "Р": "P", "Ѕ": "S", "Т": "T", "Х": "X", "Ү": "Y", "Ԛ": "Q", "Ԝ": "W", "Ԍ": "G",
}  # fmt: skip
_GREEK = {
    "Α": "A", "Β": "B", "Ε": "E", "Ζ": "Z", "Η": "H", "Ι": "I", "Κ": "K", "Μ": "M", "Ν": "N",
    "Ο": "O", "Ρ": "P", "Τ": "T", "Υ": "Y", "Χ": "X", "ο": "o", "ϲ": "c", "ϳ": "j",
}  # fmt: skip
_ARMENIAN = {
    "օ": "o",
    "ց": "g",
    "ս": "u",
    "հ": "h",
    "ո": "n",
    "յ": "j",
    "զ": "q",
    "Օ": "O",
    "Տ": "S",
}
_CHEROKEE = {
    "Ꭺ": "A", "Ᏼ": "B", "Ꮯ": "C", "Ꭰ": "D", "Ꭼ": "E", "Ꮋ": "H", "Ꭻ": "J", "Ꮶ": "K", "Ꮮ": "L",
    "Ꮇ": "M", "Ꮲ": "P", "Ꮪ": "S", "Ꭲ": "T", "Ꮩ": "V", "Ꮃ": "W", "Ꮓ": "Z",
}  # fmt: skip
_FULL_WIDTH = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F) if chr(code).isalpha()}
_STANDS_FOR = _CYRILLIC | _GREEK | _ARMENIAN | _CHEROKEE | _FULL_WIDTH

_LATIN = ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF))
_WORDS = 3
_GAP = 400
_AROUND = 200  # characters before and behind a run in which it must be Latin
_SHARE = 4  # Latin letters for each letter of another script

_KEYS = np.array(sorted(map(ord, _STANDS_FOR)), np.uint32)
_VALUES = np.array([ord(_STANDS_FOR[chr(code)]) for code in _KEYS.tolist()], np.uint32)


class _Homoglyphs:
    name = "homoglyphs"
    version = 1
    order = 60
    codes = tuple((code, code) for code in _KEYS.tolist())
    least = _WORDS
    different = 1
    beside_ascii = True

    def find(self, text: Text) -> list[Found]:
        look = _look_alike(text.codes) & ~text.taken
        if np.count_nonzero(look) < _WORDS:
            return []
        words = _Words.of(text.codes, look)
        latin, other = (
            np.concatenate([[0], np.cumsum(which)]) for which in (words.latin, words.other)
        )
        standing = words.standing(look)
        found = []
        for group in groups(words.starts[words.mixed], _GAP, _WORDS):
            low = max(int(group[0]) - _AROUND, 0)
            high = min(int(group[-1]) + _AROUND, len(text.codes))
            if latin[high] - latin[low] < _SHARE * (other[high] - other[low]):
                continue
            first, last = np.searchsorted(standing, [group[0], words.end_of(int(group[-1]))])
            found.append(_found(text, standing[first:last], len(group)))
        return found


class _Words:
    """Words of a text: `starts`, `ends`; `mixed` says which are Latin but for look-alikes."""

    def __init__(self, latin: Bools, other: Bools, starts: Ints, ends: Ints) -> None:
        self.latin, self.other, self.starts, self.ends = latin, other, starts, ends
        self.mixed = np.zeros(len(starts), np.bool_)
        self.alike = np.zeros(len(starts), np.bool_)

    @classmethod
    def of(cls, codes: Codes, look: Bools) -> "_Words":
        latin = members(codes, _LATIN)
        other = are_letters(codes) & ~latin & ~look
        edges = np.diff((latin | other | look).astype(np.int8), prepend=0, append=0)
        words = cls(latin, other, np.flatnonzero(edges == 1), np.flatnonzero(edges == -1))
        ascii_letter = latin & (codes < 0x80)
        beside = np.zeros(len(codes), np.bool_)
        beside[1:] |= look[1:] & ascii_letter[:-1]
        beside[:-1] |= look[:-1] & ascii_letter[1:]
        pure = words._holding(other) == 0
        words.mixed = pure & (words._holding(beside) > 0) & ~words._paired(codes, look)
        words.alike = pure & (words._holding(latin) == 0)
        return words

    def standing(self, look: Bools) -> Ints:
        """Where look-alikes stand in mixed words, and in those that are of them alone."""
        chosen = self.mixed | self.alike
        inside = np.zeros(len(look) + 1, np.int8)
        inside[self.starts[chosen]] += 1
        inside[self.ends[chosen]] -= 1
        return np.flatnonzero((np.cumsum(inside[:-1], dtype=np.int8) > 0) & look)

    def end_of(self, start: int) -> int:
        """Where the word that starts there ends."""
        return int(self.ends[np.searchsorted(self.starts, start)])

    def _paired(self, codes: Codes, look: Bools) -> Bools:
        """Words of a letter and its own look-alike: keyboard tables have them, languages do not."""
        two = self.ends - self.starts == 2
        first = np.where(two, self.starts, 0)
        plain = np.where(look, _VALUES[_index(codes)], codes) | np.uint32(0x20)
        same: Bools = two & (plain[first] == plain[np.minimum(first + 1, len(plain) - 1)])
        return same

    def _holding(self, which: Bools) -> Ints:
        """How many such characters each word holds."""
        counted = np.concatenate([[0], np.cumsum(which)])
        held: Ints = counted[self.ends] - counted[self.starts]
        return held


def _look_alike(codes: Codes) -> Bools:
    found: Bools = _KEYS[_index(codes)] == codes
    return found


def _index(codes: Codes) -> Ints:
    return np.minimum(np.searchsorted(_KEYS, codes), len(_KEYS) - 1)


def _found(text: Text, places: Ints, words: int) -> Found:
    stands = _VALUES[_index(text.codes[places])]
    letters = "".join(map(chr, np.unique(stands).tolist()))
    note = f"letters of other scripts for {letters} in {words} Latin words"
    return Found(_Homoglyphs.name, places, None, note, stands)


KIND = _Homoglyphs()
