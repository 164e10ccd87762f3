"""A keyed permutation of 0 … n - 1 whose every value is computed by itself, both ways.

A Feistel network over Z_a × Z_a, a the least even number from 4 on with a² > n, with addition in
place of XOR (the first of the generalised networks of Black and Rogaway, 2002) and cycle walking:
what falls on n or above is sent through again, as about 4/√n of the values are. With an even a odd
permutations arise as often as even ones. i = a·l + r; in each of 8 rounds with key k

    x = (r xor k)·M₁ mod 2⁶⁴,   y = (x xor ⌊x / 2³²⌋)·M₂ mod 2⁶⁴,   f = ⌊⌊y / 2³²⌋·a / 2³²⌋,
    (l, r) ← (r, (l + f) mod a).

It shuffles; it hides nothing: keys are derived from what everybody may know.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from math import isqrt

import numpy as np
import numpy.typing as npt

__all__ = ["MOST", "ROUNDS", "Permutations", "round_keys", "side_of"]

_Ints = npt.NDArray[np.int64]
_Words = npt.NDArray[np.uint64]
_Side = _Words | np.uint64  # a: one of each value, or one for all
_Send = Callable[[_Words, _Side, _Words], _Words]

TAG = b"headwater order 1"
ROUNDS = 8
MOST = 1 << 48
"""Sizes are at most this: of 32 bits a round then spreads evenly, to 1/256, over a values."""

_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_HALF = np.uint64(32)
_BLOCK = 1 << 14  # values at a time: what a round needs of them stays in a core's second cache


def round_keys(manifest: bytes, epoch: int, stratum: int = 0) -> _Words:
    """The 8 keys, u64[8]: SHA-256(tag ‖ manifest ‖ epoch ‖ stratum ‖ half) for halves 0 and 1, each
    read as four big-endian numbers.

    `manifest` is 32 bytes, epoch, stratum and half are 8, 4 and 1 bytes, big-endian.
    """
    base = TAG + manifest + epoch.to_bytes(8, "big") + stratum.to_bytes(4, "big")
    halves = sha256(base + b"\0").digest() + sha256(base + b"\1").digest()
    return np.frombuffer(halves, ">u8").astype(np.uint64)


def side_of(size: int) -> int:
    """a: the least even number from 4 on whose square is above the size."""
    side = isqrt(size) + 1
    return max(side + side % 2, 4)


class Permutations:
    """S permutations, of sizes `sizes` and with the keys of strata 0 … S - 1."""

    def __init__(self, manifest: bytes, epoch: int, sizes: Sequence[int]) -> None:
        keys = [round_keys(manifest, epoch, stratum) for stratum in range(len(sizes))]
        self._keys = np.array(keys, np.uint64).reshape(-1, ROUNDS).T.copy()  # [round, stratum]
        self._sizes = np.array(sizes, np.uint64)
        self._sides = np.array([side_of(size) for size in sizes], np.uint64)

    def forward(self, which: _Ints, values: _Words) -> _Words:
        """Value i of permutation `which`, n of both; each below its size, which nobody checks."""
        return self._walk(which, values, _forward)

    def backward(self, which: _Ints, values: _Words) -> _Words:
        """Where a value stands: undoes `forward`."""
        return self._walk(which, values, _backward)

    def _walk(self, which: _Ints, values: _Words, send: _Send) -> _Words:
        out = np.empty(len(values), np.uint64)
        for at in range(0, len(values), _BLOCK):
            part, number = values[at : at + _BLOCK], which[at : at + _BLOCK]
            out[at : at + _BLOCK] = self._walk_block(number, part, send)
        return out

    def _walk_block(self, which: _Ints, values: _Words, send: _Send) -> _Words:
        if len(self._sizes) == 1:  # one size and one set of keys for all
            size, side, keys = self._sizes[0], self._sides[0], self._keys[:, 0]
            out = send(values, side, keys)
            while len(far := np.flatnonzero(out >= size)):
                out[far] = send(out[far], side, keys)
            return out
        sizes, sides, sets = self._sizes[which], self._sides[which], self._keys[:, which]
        out = send(values, sides, sets)
        while len(far := np.flatnonzero(out >= sizes)):
            out[far] = send(out[far], sides[far], sets[:, far])
        return out


def _forward(values: _Words, side: _Side, keys: _Words) -> _Words:
    left = values // side
    right = values - left * side
    first, second = np.empty_like(values), np.empty_like(values)
    for key in keys:
        _mix(right, key, side, first, second)
        np.add(left, first, out=left)
        np.subtract(left, side, out=first)
        np.minimum(left, first, out=left)  # less than nothing is very much
        left, right = right, left
    left *= side
    left += right
    return left


def _backward(values: _Words, side: _Side, keys: _Words) -> _Words:
    left = values // side
    right = values - left * side
    first, second = np.empty_like(values), np.empty_like(values)
    for key in keys[::-1]:
        left, right = right, left
        _mix(right, key, side, first, second)
        np.add(left, side, out=left)
        np.subtract(left, first, out=left)  # in 1 … 2a - 1
        np.subtract(left, side, out=first)
        np.minimum(left, first, out=left)  # less than nothing is very much
    left *= side
    left += right
    return left


def _mix(right: _Words, key: np.uint64, side: _Side, first: _Words, second: _Words) -> None:
    """f(right) into `first`."""
    np.bitwise_xor(right, key, out=first)
    np.multiply(first, _M1, out=first)
    np.right_shift(first, _HALF, out=second)
    np.bitwise_xor(first, second, out=first)
    np.multiply(first, _M2, out=first)
    np.right_shift(first, _HALF, out=first)
    np.multiply(first, side, out=first)
    np.right_shift(first, _HALF, out=first)
