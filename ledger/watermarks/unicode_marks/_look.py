"""Looking through one text: the kinds in their order, then the copy without what they found."""

import numpy as np

from ledger.errors import InputError
from ledger.watermarks.unicode_marks._gate import suspected
from ledger.watermarks.unicode_marks._kinds import Kind
from ledger.watermarks.unicode_marks._marks import (
    REMOVED,
    Codes,
    Found,
    Ints,
    Stripped,
    Text,
    UnicodeMark,
)

__all__ = ["find", "strip"]

_NONE = np.zeros((0, 2), np.int64)


def find(text: str) -> list[UnicodeMark]:
    """The marks in a text as it was found, in their order. Raises InputError for a surrogate."""
    return list(_look(text)[0])


def strip(text: str) -> Stripped:
    """The text without its marks: the copy to be tokenized. Raises InputError as `find` does."""
    marks, codes, found = _look(text)
    if not found:
        return Stripped(text, (), _NONE, np.zeros(0, np.int64))
    places = np.concatenate([one.places for one in found])
    stands = np.concatenate([_stands_for(one) for one in found])
    order = np.argsort(places)
    places, stands = places[order], stands[order]
    keep = np.ones(len(codes), np.bool_)
    keep[places[stands == REMOVED]] = False
    fresh = codes.copy()
    fresh[places] = stands
    copy = fresh[keep].tobytes().decode("utf-32-le")
    ends = _ends(codes)
    return Stripped(copy, marks, *_edits(places, stands, ends))


def _look(text: str) -> tuple[tuple[UnicodeMark, ...], Codes, list[Found]]:
    nothing = np.zeros(0, np.uint32)
    if text.isascii():
        return (), nothing, []
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"character {error.start}: a surrogate U+{ord(text[error.start]):04X} by itself, "
            "expected Unicode text",
            hint="decode the file again from its bytes, as UTF-8",
        ) from None
    kinds = suspected(raw)
    if not kinds:
        return (), nothing, []
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    found = _found(codes, kinds)
    if not found:
        return (), codes, []
    ends = _ends(codes)
    found.sort(key=lambda one: (int(one.places[0]), int(one.places[-1])))
    marks = tuple(
        UnicodeMark(
            kind=one.kind,
            start=int(ends[one.places[0]]),
            end=int(ends[one.places[-1] + 1]),
            count=len(one.places),
            payload=one.payload,
            note=one.note,
        )
        for one in found
    )
    return marks, codes, found


def _found(codes: Codes, kinds: list[Kind]) -> list[Found]:
    taken = np.zeros(len(codes), np.bool_)
    found: list[Found] = []
    for kind in kinds:
        for one in kind.find(Text(codes, taken)):
            taken[one.places] = True
            found.append(one)
    return found


def _stands_for(one: Found) -> Codes:
    if one.stands_for is not None:
        return one.stands_for
    return np.full(len(one.places), REMOVED, np.uint32)


def _widths(codes: Codes) -> Ints:
    """UTF-8 bytes of each code point."""
    wide = 1 + (codes >= 0x80) + (codes >= 0x800).astype(np.int64) + (codes >= 0x10000)
    return wide.astype(np.int64)


def _ends(codes: Codes) -> Ints:
    """The byte offset of every code point, and of the end."""
    return np.concatenate([[0], np.cumsum(_widths(codes))])


def _edits(places: Ints, stands: Codes, ends: Ints) -> tuple[Ints, Ints]:
    """Byte ranges (k × 2) of edited characters, neighbours that were left out taken together."""
    gone = stands == REMOVED
    starts = np.ones(len(places), np.bool_)
    starts[1:] = ~((np.diff(places) == 1) & gone[1:] & gone[:-1])
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(places)) - 1
    edited = np.stack([ends[places[first]], ends[places[last] + 1]], axis=1)
    sizes = np.where(gone[first], 0, _widths(stands[first]))
    return edited, sizes
