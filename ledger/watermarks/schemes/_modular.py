"""Arithmetic mod M = 2^64 - 1, by which Python reduces a seed before torch keeps its low 32 bits.

Products of 128 bits and sums are added end around: 2^64 is 1.
"""

from collections.abc import Sequence
from math import gcd

import numpy as np
import numpy.typing as npt

from ledger.watermarks.tokens import Ids

__all__ = ["M", "chain", "plus", "reduce_chain", "times"]

M = 2**64 - 1

_Residues = npt.NDArray[np.uint64]
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)


def times(factor: int, values: _Residues) -> _Residues:
    """factor·values mod M; 0 ≤ factor < M."""
    high, low = np.uint64(factor >> 32), np.uint64(factor & 0xFFFFFFFF)
    upper, lower = values >> _32, values & _LOW
    ll, lh, hl = low * lower, low * upper, high * lower
    middle = (ll >> _32) + (lh & _LOW) + (hl & _LOW)
    top = high * upper + (lh >> _32) + (hl >> _32) + (middle >> _32)
    return plus(top, middle << _32 | ll & _LOW)


def plus(a: _Residues, b: _Residues) -> _Residues:
    """a + b mod M."""
    total = a + b
    total += total < b
    total[total == np.uint64(M)] = 0
    return total


def chain(seed: int, salt: int, contexts: Sequence[Ids], count: int) -> _Residues:
    """three_bricks' seeds of `count` contexts: from `seed`, for each token, the oldest first,
    seed·salt + token mod M. Seed and salt lie below M."""
    state = np.full(count, seed, np.uint64)
    for token in contexts:
        state = plus(times(salt, state), token.astype(np.uint64))
    return state


def reduce_chain(seed: int, salt: int, length: int, vocab_size: int) -> tuple[int, int]:
    """A (seed, salt) that makes the same seeds of every context of `length` tokens.

    Only seed·salt^length mod M matters, and of one token nothing else; of a chain that never comes
    to M, and of none, only the low 32 bits. Other pairs that happen to mark alike, such as powers
    of two whose products agree in 32 bits, are not found.
    """
    if length == 0:
        return seed % 2**32, 0
    seed, salt = seed % M, salt % M
    if length == 1:
        seed, salt = seed * salt % M, 1
    else:
        seed %= M // gcd(pow(salt, length, M), M)
    state = seed
    for _ in range(length):
        state = state * salt + vocab_size - 1
        if state >= M:
            return seed, salt
    seed, salt = seed % 2**32, salt % 2**32
    return (seed % (2**32 // gcd(pow(salt, length, 2**32), 2**32)) if length > 1 else seed), salt
