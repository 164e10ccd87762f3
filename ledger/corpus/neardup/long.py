"""A long text in pieces: the same words and grams, in memory that does not follow its length."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.neardup.grams import SIZE, GramKey, find_grams
from ledger.corpus.neardup.normal import PADDING, Words, find_words, last_separator

__all__ = ["LongText", "is_long", "read_long"]

_PIECE = 4 << 20  # bytes; a text of more is read in pieces of about this size


@dataclass(frozen=True, slots=True)
class LongText:
    """The digest of the normal form, how many grams there are, and the distinct ones, ascending."""

    norm: bytes
    grams: int
    distinct: npt.NDArray[np.uint64]


def is_long(texts: pa.Array) -> bool:
    """Whether these large_string texts are a single one that is to be read in pieces."""
    return len(texts) == 1 and len(_bytes(texts)) > _PIECE


def read_long(texts: pa.Array, key: GramKey) -> LongText:
    """What find_words and find_grams say of a single text; its distinct grams stay in memory."""
    norm, held = sha256(), b""
    found, count = np.zeros(0, np.uint64), 0
    rest = _last(find_words(pa.array([], pa.large_string())), 0)
    for piece in _pieces(_bytes(texts)):
        words = find_words(piece)
        if len(words.sizes):
            norm.update(held)
            held = words.data[:-PADDING].tobytes()  # a space after each word, the last one too
        words = _joined(rest, words)
        if len(words.sizes) >= SIZE:
            grams = find_grams(words, key).values
            found, count = np.union1d(found, grams), count + len(grams)
        rest = _last(words, SIZE - 1)
    norm.update(held[:-1])
    if not count:
        found = find_grams(rest, key).values
        count = len(found)
    return LongText(norm.digest(), count, found)


def _bytes(texts: pa.Array) -> memoryview:
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + 2]
    data = texts.buffers()[2]
    return memoryview(data)[offsets[0] : offsets[1]] if data is not None else memoryview(b"")


def _pieces(data: memoryview) -> Iterator[pa.Array]:
    """Stretches that end where a word cannot go on; one without such a place is longer."""
    start = 0
    while start < len(data):
        size = _PIECE
        while start + size < len(data):
            cut = last_separator(data[start : start + size])
            if cut >= 0:
                size = cut + 1
                break
            size *= 2
        piece = data[start : start + size]
        bounds = pa.py_buffer(np.array([0, len(piece)], np.int64))
        yield pa.Array.from_buffers(pa.large_string(), 1, [None, bounds, pa.py_buffer(piece)])
        start += len(piece)


def _last(words: Words, count: int) -> Words:
    """The last words, a text by themselves."""
    kept = min(count, len(words.sizes))
    begin = int(words.starts[-kept]) if kept else len(words.data) - PADDING
    starts = words.starts[len(words.starts) - kept :] - begin
    sizes = words.sizes[len(words.sizes) - kept :]
    return Words(words.data[begin:].copy(), starts, sizes, np.array([0, kept]))


def _joined(one: Words, other: Words) -> Words:
    """The words of one and then of the other, as one text."""
    before = one.data[:-PADDING]
    starts = np.concatenate([one.starts, other.starts + len(before)])
    return Words(
        np.concatenate([before, other.data]),
        starts,
        np.concatenate([one.sizes, other.sizes]),
        np.array([0, len(starts)]),
    )
