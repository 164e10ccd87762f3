"""What the detector counts: pieces of 3 to 5 bytes and runs of 1 to 3 words, in 2^16 buckets each.

All of it is arithmetic modulo 2^64 on the UTF-8 bytes of a window's normal form; nothing depends on
the machine. A *window* is at most `WINDOW` words, the words being what blanks part.

- Pieces. The window stands between two blanks and is followed by zero bytes. Each byte of it, the
  two blanks too, begins one piece of 3, one of 4 and one of 5 bytes; a piece read as a
  little-endian number, times `PIECE`, has its bucket in the top 16 bits.
- Words. Each of `. , ; : ! ? ( ) % $` is a word by itself, and so is each longest run of other
  bytes between blanks. A word of bytes b0, b1, … is p = b0 + b1·BASE + b2·BASE² + …, mixed:
  h = ((p xor p >> 32)·FIRST). A run of two is h0·SECOND + h1, a run of three (h0·SECOND +
  h1)·SECOND + h2; times `LAST`, a run has its bucket in the top 16 bits.

A bucket that was met c times in N pieces (or runs) has the value √(c/N), so that a window is a unit
vector: the square root damps what repeats, and is rounded alike everywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ledger.verdicts.text.normal import SIGNS

__all__ = ["BUCKETS", "WINDOW", "WINDOWS", "Counts", "count", "windows"]

Ints = npt.NDArray[np.int64]

BUCKETS: Final = 1 << 16
WINDOW: Final = 350
"""Words of a window at most: the longest texts that the weights were fitted on."""
WINDOWS: Final = 32
"""Windows of a text at most; of more, so many are taken at even distances."""

_LONGEST = 1 << 14  # bytes of a window: what is beyond is no prose and is not read
_BATCH = 1 << 18  # bytes worked on at once: arrays of this many entries stay in a core's cache
_PAD = 4

_PIECE = np.uint64(0x9E3779B97F4A7C15)
_BASE = 0xD1342543DE82EF95
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_LAST = np.uint64(0xC2B2AE3D27D4EB4F)
_32, _48 = np.uint64(32), np.uint64(48)
_MASKS = tuple(np.uint64((1 << 8 * size) - 1) for size in (3, 4, 5))

_WORD, _SIGN = 1, 2


def _classes() -> npt.NDArray[np.uint8]:
    table = np.full(256, _WORD, np.uint8)
    table[[0, 32]] = 0
    table[list(SIGNS.encode())] = _SIGN
    return table


def _powers(base: int) -> npt.NDArray[np.uint64]:
    """base^0 … base^(_BATCH + room), modulo 2^64, by doubling."""
    powers = np.ones(1, np.uint64)
    while len(powers) < 2 * _BATCH:
        step = np.uint64(pow(base, len(powers), 1 << 64))
        powers = np.concatenate([powers, powers * step])
    return powers


_CLASSES = _classes()
_UP, _DOWN = _powers(_BASE), _powers(pow(_BASE, -1, 1 << 64))


@dataclass(frozen=True, eq=False)
class Counts:
    """Of n windows: `bucket[k]` of window `window[k]` was met `count[k]` times, ascending by both.

    `total[w]` is how many pieces (or runs) window w has.
    """

    window: Ints
    bucket: npt.NDArray[np.uint16]
    count: Ints
    total: Ints

    @property
    def lengths(self) -> npt.NDArray[np.float64]:
        """√total of each window, 1 of an empty one: what makes it a unit vector."""
        return np.sqrt(np.maximum(self.total, 1))


def windows(form: str) -> list[bytes]:
    """The windows of a normal form: its words in ceil(words/WINDOW) equal parts, UTF-8.

    Part i of k has the words from i·words//k up to (i+1)·words//k. Of more than `WINDOWS` parts
    those numbered j·k//WINDOWS are taken. A window is cut after 16,384 bytes. An empty text has one
    empty window.
    """
    raw = form.encode()
    words = form.count(" ") + 1
    parts = -(-words // WINDOW)
    if parts == 1:
        return [raw[:_LONGEST]]
    blanks = np.flatnonzero(np.frombuffer(raw, np.uint8) == 32)
    edges = np.concatenate([[-1], blanks, [len(raw)]])
    taken = range(parts) if parts <= WINDOWS else [i * parts // WINDOWS for i in range(WINDOWS)]
    found = []
    for part in taken:
        low, high = part * words // parts, (part + 1) * words // parts
        start = int(edges[low]) + 1
        found.append(raw[start : min(int(edges[high]), start + _LONGEST)])
    return found


def count(texts: Sequence[bytes]) -> Iterator[tuple[int, Counts, Counts]]:
    """Pieces and runs of words of windows: (number of its first window, …) of each batch.

    No window holds a zero byte: a normal form has none.
    """
    first, size = 0, 0
    for number, text in enumerate(texts):
        size += len(text) + 2 + _PAD
        if size >= _BATCH:
            yield first, *_count(texts[first : number + 1])
            first, size = number + 1, 0
    if first < len(texts):
        yield first, *_count(texts[first:])


def _count(texts: Sequence[bytes]) -> tuple[Counts, Counts]:
    joined = b"".join(b" %b \0\0\0\0" % text for text in texts)
    lengths = np.fromiter((len(text) + 2 + _PAD for text in texts), np.int64, len(texts))
    held = np.frombuffer(joined + b"\0\0\0\0", np.uint8)
    return _pieces(held, lengths), _runs(held, lengths)


def _pieces(held: npt.NDArray[np.uint8], lengths: Ints) -> Counts:
    eight = np.ndarray((len(held) - 8,), "<u8", held, strides=(1,))
    read = eight[held[: len(eight)] != 0].astype(np.uint64)
    keys = np.empty((len(read), len(_MASKS)), np.uint16)
    for column, mask in enumerate(_MASKS):
        keys[:, column] = (read & mask) * _PIECE >> _48
    return _counted(keys.ravel(), (lengths - _PAD) * len(_MASKS))


def _runs(held: npt.NDArray[np.uint8], lengths: Ints) -> Counts:
    kind = _CLASSES[held]
    word, sign = kind == _WORD, kind == _SIGN
    starts, ends = sign.copy(), sign
    starts[1:] |= word[1:] & ~word[:-1]
    ends[:-1] |= word[:-1] & ~word[1:]
    start, end = np.flatnonzero(starts), np.flatnonzero(ends)
    sums = np.cumsum(held * _UP[: len(held)])
    hashed = (sums[end] - sums[start - 1]) * _DOWN[start]
    hashed = (hashed ^ hashed >> _32) * _FIRST
    owner = np.repeat(np.arange(len(lengths)), lengths)[start]
    keys = np.empty((len(start), 3), np.uint16)
    whole = np.ones(keys.shape, np.bool_)
    run = hashed
    for more in range(3):
        if more:
            run = run[:-1] * _SECOND + hashed[more:]
            whole[-more:, more] = False
            whole[:-more, more] = owner[:-more] == owner[more:]
        keys[: len(run), more] = run * _LAST >> _48
    sizes = np.bincount(owner, whole.sum(axis=1), len(lengths)).astype(np.int64)
    return _counted(keys[whole], sizes)


def _counted(keys: npt.NDArray[np.uint16], sizes: Ints) -> Counts:
    """`keys` has the buckets of window after window, `sizes[w]` of them from window w."""
    edges = np.cumsum(sizes)
    low = 0
    for high in edges.tolist():  # a window's buckets fit a core's nearest cache
        keys[low:high].sort()
        low = high
    new = np.ones(len(keys) + 1, np.bool_)
    new[1:-1] = keys[1:] != keys[:-1]
    new[edges] = True
    first = np.flatnonzero(new)
    owner = np.repeat(np.arange(len(sizes)), sizes)[first[:-1]]
    return Counts(owner, keys[first[:-1]], np.diff(first), sizes)
