"""Which texts of a column could hold a mark, seen from their bytes.

Passes over ASCII at the speed of memory and decodes only what begins with a byte that some kind's
characters begin with. It answers yes too often, never too seldom: `Kind.find` decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.watermarks.unicode_marks._kinds import Kind, kinds
from ledger.watermarks.unicode_marks._marks import Bools, Ints

__all__ = ["suspected", "suspects"]

_SLICE = 1 << 20  # bytes at a time: what is computed of them stays in the processor's cache
_DENSE = 8  # one byte in so many begins a character beyond Latin: Russian, not English
_UNICODE = 0x110000
_LONG, _LONG_LEAD = 0x800, 0xE0  # from here on characters have three bytes

Bytes = npt.NDArray[np.uint8]


def suspects(column: pa.Array | pa.ChunkedArray) -> Bools:
    """Which of n texts `find` must see; in all others it would find nothing.

    `column` is string or large_string; a null is no suspect. Raises TypeError for another type.
    """
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    found = [_chunk(chunk) for chunk in chunks]
    return np.concatenate([np.zeros(0, np.bool_), *found])


def suspected(raw: bytes) -> list[Kind]:
    """The kinds that could be found in one text, given as UTF-8."""
    data = np.frombuffer(raw, np.uint8)
    flags = _flags(data, np.array([0, len(data)], np.int64))
    return [kind for number, kind in enumerate(kinds()) if flags[0] >> number & 1]


@dataclass(frozen=True, eq=False)
class _Table:
    """`leads` by first byte, `kinds` by code point: a bit per kind; `lowest` of all leads.

    `short_beside`: characters of two bytes count for nothing unless an ASCII letter is beside them.
    """

    lowest: int
    short_beside: bool
    leads: Bools
    kinds: npt.NDArray[np.uint32]
    beside: np.uint32


@cache
def _table() -> _Table:
    by_code, beside = np.zeros(_UNICODE, np.uint32), np.uint32(0)
    leads = np.zeros(256, np.bool_)
    for number, kind in enumerate(kinds()):
        beside |= np.uint32(kind.beside_ascii << number)
        for low, high in kind.codes:
            by_code[low : high + 1] |= np.uint32(1 << number)
            leads[chr(low).encode()[0] : chr(high).encode()[0] + 1] = True
    short_beside = not (by_code[:_LONG] & ~beside).any()
    return _Table(int(np.flatnonzero(leads)[0]), short_beside, leads, by_code, beside)


def _chunk(texts: pa.Array) -> Bools:
    if pa.types.is_string(texts.type):
        texts = texts.cast(pa.large_string())
    if not pa.types.is_large_string(texts.type):
        raise TypeError(f"{texts.type}, expected strings")
    if not len(texts):
        return np.zeros(0, np.bool_)
    _, offset_buffer, buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(buffer if buffer is not None else b"", np.uint8)
    found = [_flags(data[offsets[a] : offsets[b]], offsets[a : b + 1]) for a, b in _cuts(offsets)]
    flagged: Bools = np.concatenate(found) != 0
    return flagged


def _cuts(offsets: Ints) -> Iterator[tuple[int, int]]:
    """Rows in slices of about _SLICE bytes, at least one row each."""
    start, count = 0, len(offsets) - 1
    while start < count:
        end = int(np.searchsorted(offsets, offsets[start] + _SLICE, side="right")) - 1
        end = min(max(end, start + 1), count)
        yield start, end
        start = end


def _flags(data: Bytes, bounds: Ints) -> npt.NDArray[np.uint32]:
    """A bit per kind for each text: it has enough of the kind's characters."""
    flags, table = np.zeros(len(bounds) - 1, np.uint32), _table()
    if not len(data) or int(data.max()) < table.lowest:
        return flags
    leads = _leads(data, table)
    if not len(leads):
        return flags
    codes, widths = _decode(data, leads)
    bits = table.kinds[codes]
    wanted = np.flatnonzero(bits)
    leads, codes = leads[wanted], codes[wanted]
    bits, widths = bits[wanted], widths[wanted]
    alone = ~(_ascii_letter(data, leads - 1) | _ascii_letter(data, leads + widths))
    bits[alone] &= ~table.beside
    text = np.searchsorted(bounds, leads + bounds[0], side="right") - 1
    for number, kind in enumerate(kinds()):
        bit = np.uint32(1 << number)
        held = (bits & bit) != 0
        enough = np.bincount(text[held], minlength=len(flags)) >= kind.least
        if kind.different > 1 and enough.any():
            pairs = np.unique(text[held] * _UNICODE + codes[held])
            enough &= np.bincount(pairs // _UNICODE, minlength=len(flags)) >= kind.different
        flags[enough] |= bit
    return flags


def _leads(data: Bytes, table: _Table) -> Ints:
    """Where characters begin that a kind might want."""
    high = data >= table.lowest
    if table.short_beside and np.count_nonzero(high) > len(data) // _DENSE:
        letter = (data | np.uint8(0x20)) - np.uint8(0x61) < 26
        near = np.zeros(len(data), np.bool_)
        near[1:] = letter[:-1]
        near[:-2] |= letter[2:]  # behind a character of two bytes
        high &= near | (data >= _LONG_LEAD)
    leads = np.flatnonzero(high)
    return leads[table.leads[data[leads]]]


def _decode(data: Bytes, leads: Ints) -> tuple[Ints, Ints]:
    """(code point, width) of the characters that begin at `leads`, of two bytes or more."""
    last = len(data) - 1
    first, second, third, fourth = (
        data[np.minimum(leads + step, last)].astype(np.int64) for step in range(4)
    )
    second, third, fourth = second & 0x3F, third & 0x3F, fourth & 0x3F
    two = (first & 0x1F) << 6 | second
    three = (first & 0x0F) << 12 | second << 6 | third
    four = (first & 0x07) << 18 | second << 12 | third << 6 | fourth
    codes = np.where(first < 0xE0, two, np.where(first < 0xF0, three, four))
    return np.minimum(codes, _UNICODE - 1), np.where(first < 0xE0, 2, np.where(first < 0xF0, 3, 4))


def _ascii_letter(data: Bytes, places: Ints) -> Bools:
    """Whether an ASCII letter stands at each place; none stands outside."""
    inside = (places >= 0) & (places < len(data))
    found = data[np.where(inside, places, 0)] | np.uint8(0x20)
    letter: Bools = inside & (found >= 0x61) & (found <= 0x7A)
    return letter
