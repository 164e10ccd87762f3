"""Philox4x32-10 of many counters: what `ledger.watermarks.schemes._philox` says in numpy, faster.

A 32-bit word stands in a 64-bit place; what lies above it is cut off before it counts, so that a
round is one stream of 64-bit operations, which processors do eight at a time.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks.kernels._jit import jit

__all__ = ["token_complements"]

_Ids = npt.NDArray[np.uint32]
_Words = npt.NDArray[np.uint64]
_Ints = npt.NDArray[np.int64]

_u8 = np.uint64
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_CONTEXT, _TOKEN = np.uint64(0x574D4358), np.uint64(0x574D544B)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_ZERO, _ONE, _TWO, _EIGHT = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(8)
_ABOVE = 2.0**24 + 1
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
def token_complements(
    ids: _Ids,
    starts: _Ints,
    offsets: _Ints,
    positions: _Ints,
    first: int,
    width: int,
    low: np.uint64,
    high: np.uint64,
    out: npt.NDArray[np.float64],
) -> None:
    """1 - u of the units from `first` on, as many as `out` takes; u as the engine rounds it.

    Unit i of document d, offsets[d] <= i < offsets[d + 1], is the token
    `ids[starts[d] + positions[i]]` after the `width` tokens before it; before a document's first
    token, all ids are -1. The key's words are `low` and `high`.
    """
    c0, c1 = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    c2, c3 = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    keys, tokens = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    places, size = np.empty(_BLOCK, np.int64), _u8(width)
    end = first + len(out)
    document = np.searchsorted(offsets, first, side="right") - 1
    for base in range(first, end, _BLOCK):
        count = min(_BLOCK, end - base)
        done = 0
        while done < count:
            while base + done >= offsets[document + 1]:
                document += 1
            start, stop = starts[document], min(count, offsets[document + 1] - base)
            for i in range(done, stop):
                places[i] = start + positions[base + i]
            done = stop
        for i in range(count):
            tokens[i] = _u8(ids[_u8(places[i])])
            c0[i], c1[i], c2[i], c3[i] = _CONTEXT, size, _ZERO, _ZERO
        for offset in range(0, width, 4):
            for i in range(count):
                keys[i] = low ^ _u8(offset)
            for i in range(count):
                place, position = places[i], positions[base + i]
                if position >= width and offset + 4 <= width:
                    begin = _u8(place - width + offset)
                    c0[i] ^= _u8(ids[begin])
                    c1[i] ^= _u8(ids[begin + _u8(1)])
                    c2[i] ^= _u8(ids[begin + _u8(2)])
                    c3[i] ^= _u8(ids[begin + _u8(3)])
                else:
                    c0[i] ^= _before(ids, place, position, width, offset)
                    c1[i] ^= _before(ids, place, position, width, offset + 1)
                    c2[i] ^= _before(ids, place, position, width, offset + 2)
                    c3[i] ^= _before(ids, place, position, width, offset + 3)
            _rounds(c0, c1, c2, c3, keys, high, count)
        for i in range(count):
            keys[i] = low ^ c3[i]
            c3[i], c2[i], c1[i] = c2[i], c1[i], c0[i]
            c0[i] = tokens[i] >> _TWO
        _rounds(c0, c1, c2, c3, keys, high ^ _TOKEN, count)
        for i in range(count):  # no branches: which word a token has is nobody's guess
            token = tokens[i]
            odd, upper = _ZERO - (token & _ONE), _ZERO - (token >> _ONE & _ONE)
            below, above = c0[i] ^ ((c0[i] ^ c1[i]) & odd), c2[i] ^ ((c2[i] ^ c3[i]) & odd)
            word = below ^ ((below ^ above) & upper)
            uniform = (np.float64(np.int32(word >> _EIGHT)) + 1.0) / _ABOVE
            out[base - first + i] = 1.0 - np.float64(np.float32(uniform))
