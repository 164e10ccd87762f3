"""Philox4x32-10 of many counters: what `ledger.watermarks.schemes._philox` says in numpy, faster.

A 32-bit word stands in a 64-bit place; what lies above it is cut off before it counts, so that a
round is one stream of 64-bit operations, which processors do eight at a time.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks.kernels._jit import jit

__all__ = ["token_words"]

_Ids = npt.NDArray[np.uint32]
_Words = npt.NDArray[np.uint64]

_u8 = np.uint64
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_CONTEXT, _TOKEN = np.uint64(0x574D4358), np.uint64(0x574D544B)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_BLOCK = 256  # counters: six words of each stay in a core's first cache


@jit
def _rounds(
    c0: _Words, c1: _Words, c2: _Words, c3: _Words, low: _Words, high: np.uint64, count: int
) -> None:
    for i in range(count):
        a, b, c, d, k0, k1 = c0[i], c1[i], c2[i], c3[i], low[i], high
        for _ in range(10):
            p, q = (a & _LOW) * _M0, (c & _LOW) * _M1
            a, b, c, d = (q >> _HALF) ^ b ^ k0, q, (p >> _HALF) ^ d ^ k1, p
            k0, k1 = k0 + _W0, k1 + _W1
        c0[i], c1[i], c2[i], c3[i] = a & _LOW, b & _LOW, c & _LOW, d & _LOW


@jit
def _before(ids: _Ids, at: int, position: int, width: int, place: int) -> np.uint64:
    """Word `place` of a context; beyond its width, 2^32 - 1 less the place within the block."""
    if place >= width:
        return _u8(0xFFFFFFFF - (place & 3))
    back = width - place
    return _u8(ids[at - back]) if position >= back else _LOW


@jit
def token_words(
    ids: _Ids,
    at: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int64],
    width: int,
    low: np.uint64,
    high: np.uint64,
    out: npt.NDArray[np.uint32],
) -> None:
    """The word of each token `ids[at[i]]` after the `width` tokens before it, into `out`.

    `positions` are those in the tokens' documents: before its first token, all ids are -1. The
    key's words are `low` and `high`.
    """
    c0, c1 = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    c2, c3 = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    keys = np.empty(_BLOCK, np.uint64)
    for base in range(0, len(at), _BLOCK):
        count = min(_BLOCK, len(at) - base)
        for i in range(count):
            c0[i], c1[i], c2[i], c3[i] = _CONTEXT, _u8(width), _u8(0), _u8(0)
        for offset in range(0, width, 4):
            for i in range(count):
                place, position = at[base + i], positions[base + i]
                keys[i] = low ^ _u8(offset)
                if position >= width and offset + 4 <= width:
                    first = place - width + offset
                    c0[i] ^= _u8(ids[first])
                    c1[i] ^= _u8(ids[first + 1])
                    c2[i] ^= _u8(ids[first + 2])
                    c3[i] ^= _u8(ids[first + 3])
                else:
                    c0[i] ^= _before(ids, place, position, width, offset)
                    c1[i] ^= _before(ids, place, position, width, offset + 1)
                    c2[i] ^= _before(ids, place, position, width, offset + 2)
                    c3[i] ^= _before(ids, place, position, width, offset + 3)
            _rounds(c0, c1, c2, c3, keys, high, count)
        for i in range(count):
            keys[i] = low ^ c3[i]
            c3[i], c2[i], c1[i] = c2[i], c1[i], c0[i]
            c0[i] = _u8(ids[at[base + i]] >> np.uint32(2))
        _rounds(c0, c1, c2, c3, keys, high ^ _TOKEN, count)
        for i in range(count):
            word = ids[at[base + i]] & np.uint32(3)
            if word == 0:
                out[base + i] = c0[i]
            elif word == 1:
                out[base + i] = c1[i]
            elif word == 2:
                out[base + i] = c2[i]
            else:
                out[base + i] = c3[i]
