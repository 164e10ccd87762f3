"""A text as code points, what a kind finds in it, and what is said of that to others."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = [
    "REMOVED",
    "Bools",
    "Codes",
    "Found",
    "Ints",
    "Stripped",
    "Text",
    "UnicodeMark",
    "are_letters",
    "groups",
    "letters",
    "members",
    "stretches",
]

Codes = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

REMOVED = 0xFFFFFFFF
"""In `Found.stands_for`: the character was added, and stands for nothing."""

_LAST_LETTER = 0x33480  # beyond lie tags, selectors and private use


@dataclass(frozen=True, slots=True)
class UnicodeMark:
    """One mark in a text. `start` and `end` are byte offsets in its UTF-8, `end` exclusive.

    Between them lie `count` characters of the mark, and perhaps others that are none of it.
    `payload` is what they spell, where the encoding is known and the bits fill bytes.
    """

    kind: str
    start: int
    end: int
    count: int
    payload: bytes | None
    note: str


@dataclass(frozen=True, eq=False)
class Found:
    """What a kind found: the mark's characters, by ascending index of code point.

    `stands_for` gives for each the code point that it replaced, or REMOVED; None where all were
    added. `kind` may differ from the kind's name, where something is wrong with a mark of it.
    """

    kind: str
    places: Ints
    payload: bytes | None
    note: str
    stands_for: Codes | None = None


@dataclass(frozen=True, eq=False)
class Text:
    """n code points. `taken` marks those that earlier kinds claimed; kinds do not write to it."""

    codes: Codes
    taken: Bools

    def of(self, ranges: tuple[tuple[int, int], ...]) -> Ints:
        """Where free characters of these inclusive ranges stand."""
        return np.flatnonzero(members(self.codes, ranges) & ~self.taken)

    def before(self, places: Ints) -> Codes:
        """The code point before each place; 0 at the start of the text."""
        found = self.codes[np.maximum(places - 1, 0)]
        return np.where(places > 0, found, 0).astype(np.uint32)

    def after(self, places: Ints) -> Codes:
        """The code point after each place; 0 at the end of the text."""
        last = len(self.codes) - 1
        found = self.codes[np.minimum(places + 1, last)]
        return np.where(places < last, found, 0).astype(np.uint32)


@dataclass(frozen=True, eq=False)
class Stripped:
    """A text without its marks. `edited` holds the raw byte ranges that differ, k × 2, disjoint.

    `marks` are those of the raw text. Of an edited range that stood for letters or spaces the copy
    holds these, of any other nothing: `sizes` are the bytes that stand in their places now.
    """

    text: str
    marks: tuple[UnicodeMark, ...]
    edited: Ints
    sizes: Ints

    @property
    def removed(self) -> list[tuple[int, int]]:
        """The raw byte ranges that the copy does not have as they were."""
        return [(start, end) for start, end in self.edited.tolist()]

    def to_raw(self, offset: int, *, end: bool = False) -> int:
        """The raw byte offset of a byte offset in the copy.

        Where characters were left out at just this offset, the place after them; with `end`, for
        the end of a range, the place before them. Raises IndexError beyond the copy.
        """
        size = len(self.text.encode())
        if not 0 <= offset <= size:
            raise IndexError(f"offset {offset} of {size} bytes")
        place = np.array([offset], np.int64)
        return int((self._raw_ends if end else self._raw_starts)(place)[0])

    def ranges_to_raw(self, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        """Byte ranges of the copy as byte ranges of the raw text, end exclusive."""
        raw_starts = self._raw_starts(starts)
        return raw_starts, np.maximum(self._raw_ends(ends), raw_starts)

    def _raw_starts(self, starts: Ints) -> Ints:
        last, lost = self._lost()
        return starts + lost[np.searchsorted(last, starts, side="right")]

    def _raw_ends(self, ends: Ints) -> Ints:
        last, lost = self._lost()
        passed = np.searchsorted(last, ends, side="left")
        if len(last):
            near = np.minimum(passed, len(last) - 1)
            # what was replaced at the very end of a range is in it, what was left out there is not
            passed += (passed < len(last)) & (last[near] == ends) & (self.sizes[near] > 0)
        return ends + lost[passed]

    def _lost(self) -> tuple[Ints, Ints]:
        """Where each edit's bytes end in the copy; how many bytes are lost before each, and all."""
        widths = self.edited[:, 1] - self.edited[:, 0]
        lost = np.concatenate([[0], np.cumsum(widths - self.sizes)])
        return self.edited[:, 0] - lost[:-1] + self.sizes, lost


def members(codes: Codes, ranges: tuple[tuple[int, int], ...]) -> Bools:
    """Which code points lie in one of the inclusive ranges."""
    found = np.zeros(len(codes), np.bool_)
    for low, high in ranges:
        found |= (codes >= low) & (codes <= high)
    return found


def stretches(places: Ints, least: int = 1) -> Iterator[Ints]:
    """Ascending indexes cut into runs without a hole, of `least` and more."""
    return groups(places, 1, least)


def groups(places: Ints, gap: int, least: int = 1) -> Iterator[Ints]:
    """Ascending indexes cut where neighbours are more than `gap` apart; groups of `least` up."""
    if not len(places):
        return
    cuts = np.flatnonzero(np.diff(places) > gap) + 1
    edges = np.concatenate([[0], cuts, [len(places)]])
    for number in np.flatnonzero(np.diff(edges) >= least).tolist():
        yield places[edges[number] : edges[number + 1]]


@cache
def letters() -> Bools:
    """By code point up to U+3347F: is it a letter. A larger one counts as none."""
    return np.fromiter((chr(code).isalpha() for code in range(_LAST_LETTER)), np.bool_)


def are_letters(codes: Codes) -> Bools:
    """Which code points are letters."""
    table = letters()
    return table[np.minimum(codes, len(table) - 1)] & (codes < len(table))
