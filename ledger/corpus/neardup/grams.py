"""Word 5-grams as 64-bit numbers, for a batch of texts at once.

A word is hashed eight bytes at a time and a gram is a polynomial of its five words' hashes, both
with multipliers drawn from a key. Under a key that is public (the sketch's) someone can search for
colliding words; the exact comparison draws a key for itself that nobody saw, so that a collision
there is chance: about n² / 2^64 for n grams.
"""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import xxhash

from ledger.corpus.neardup.normal import Words

__all__ = ["SIZE", "GramKey", "Grams", "find_grams", "gram_key"]

SIZE = 5
"""Words of a gram. A text of fewer words is one gram of all its words."""

U64 = np.uint64
_CHUNK = 8
_LONG = 64  # bytes; a longer word is hashed by itself
_MASKS = np.array([(1 << (8 * size)) - 1 for size in range(_CHUNK + 1)], U64)
_HALF, _THIRD = U64(32), U64(29)


@dataclass(frozen=True)
class GramKey:
    """Numbers that determine every hash. The multipliers are odd."""

    start: np.uint64
    multiply: tuple[np.uint64, np.uint64, np.uint64]
    base: np.uint64
    absent: np.uint64
    long: int


@dataclass(frozen=True, slots=True)
class Grams:
    """The grams of n texts in the order they are read, repeated ones repeated.

    `text[i]` is the text that gram i belongs to, ascending; text t has `counts[t]`.
    """

    values: npt.NDArray[np.uint64]
    text: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


def gram_key(seed: bytes) -> GramKey:
    """The key that a seed of any length gives."""
    blocks = b"".join(sha256(seed + bytes([n])).digest() for n in range(2))
    numbers = [U64(int.from_bytes(blocks[n : n + 8], "little")) for n in range(0, 56, 8)]
    one, two, three, base = (number | U64(1) for number in numbers[:4])
    return GramKey(numbers[4], (one, two, three), base, numbers[5], int(numbers[6]))


def find_grams(words: Words, key: GramKey) -> Grams:
    """Every gram of every text; a text without a word has none."""
    hashed = _hash_words(words, key)
    counts = words.counts
    values = np.zeros(len(hashed), U64)
    if len(hashed) >= SIZE:
        rolled = hashed[: 1 - SIZE] * key.base
        for place in range(1, SIZE):
            rolled += hashed[place : place + len(rolled)]
            if place < SIZE - 1:
                rolled *= key.base
        values[: len(rolled)] = rolled
    whole = np.ones(len(hashed), np.bool_)
    for back in range(1, SIZE):  # a gram that starts here would reach into the next text
        whole[words.first[words.first >= back] - back] = False
    short = np.flatnonzero((counts > 0) & (counts < SIZE))
    if len(short):
        start, size = words.first[short], counts[short]
        rolled = size.astype(U64)
        for place in range(SIZE - 1):
            there = hashed[np.minimum(start + place, len(hashed) - 1)]
            rolled = rolled * key.base + np.where(size > place, there, key.absent)
        values[start] = rolled
        whole[start] = True
    values = values[whole]
    _mix(values, key.multiply[2])
    counts = np.where(counts < SIZE, np.minimum(counts, 1), counts - (SIZE - 1))
    return Grams(values, np.repeat(np.arange(len(counts)), counts), counts)


def _mix(values: npt.NDArray[np.uint64], by: np.uint64) -> None:
    values ^= values >> _HALF
    values *= by
    values ^= values >> _THIRD


def _hash_words(words: Words, key: GramKey) -> npt.NDArray[np.uint64]:
    one, two, _ = key.multiply
    loads = np.lib.stride_tricks.as_strided(  # eight bytes from any byte on; PADDING covers the end
        words.data[:_CHUNK].view("<u8"), (max(len(words.data) - _CHUNK + 1, 1),), (1,)
    )
    hashed = loads.take(words.starts).astype(U64, copy=False)
    hashed &= _MASKS.take(words.sizes, mode="clip")
    hashed ^= key.start
    _round(hashed, one, two)
    long = np.flatnonzero(words.sizes > _LONG)
    more = np.flatnonzero((words.sizes > _CHUNK) & (words.sizes <= _LONG))
    for done in range(_CHUNK, _LONG, _CHUNK):
        if not len(more):
            break
        left = words.sizes[more] - done
        chunk = loads.take(words.starts[more] + done).astype(U64, copy=False)
        chunk &= _MASKS.take(left, mode="clip")
        chunk ^= hashed[more]
        _round(chunk, one, two)
        hashed[more] = chunk
        more = more[left > _CHUNK]
    if len(long):
        data = words.data.data
        starts = words.starts[long].tolist()
        ends = (words.starts[long] + words.sizes[long]).tolist()
        hashed[long] = [
            xxhash.xxh3_64_intdigest(data[start:end], key.long)
            for start, end in zip(starts, ends, strict=True)
        ]
    return hashed


def _round(values: npt.NDArray[np.uint64], one: np.uint64, two: np.uint64) -> None:
    values *= one
    values ^= values >> _THIRD
    values *= two
    values ^= values >> _HALF
