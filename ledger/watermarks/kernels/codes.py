"""Distinct 64-bit codes by open addressing: linear in their number, where sorting is not.

`salt` is drawn for each process, so that nobody can prepare a text whose codes all collide. Which
codes are found does not depend on it.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks.kernels._jit import jit

__all__ = ["number", "occurrences"]

_Codes = npt.NDArray[np.uint64]

_A, _B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)


@jit
def _spread(code: np.uint64, salt: np.uint64) -> np.uint64:
    """A permutation of 64 bits whose low bits depend on all others (Steele et al. 2014)."""
    x = np.uint64(code ^ salt)
    x = np.uint64((x ^ (x >> _30)) * _A)
    x = np.uint64((x ^ (x >> _27)) * _B)
    return np.uint64(x ^ (x >> _31))


@jit
def occurrences(
    codes: _Codes, offsets: npt.NDArray[np.int64], salt: np.uint64, times: npt.NDArray[np.uint8]
) -> None:
    """At the first of every code within each slice between offsets: how often it occurs there.

    `times` are 0 at the start, stay so at the others, and end at 255.
    """
    longest = np.int64(1)
    for document in range(len(offsets) - 1):
        longest = max(longest, offsets[document + 1] - offsets[document])
    size = np.int64(4)
    while size < 2 * longest:
        size *= 2
    held, first = np.empty(size, np.uint64), np.full(size, -1, np.int64)
    for document in range(len(offsets) - 1):
        low, high = offsets[document], offsets[document + 1]
        small = np.int64(4)
        while small < 2 * (high - low):
            small *= 2
        mask = np.uint64(small - 1)
        for place in range(low, high):
            slot = np.int64(_spread(codes[place], salt) & mask)
            while first[slot] >= low and held[slot] != codes[place]:
                slot = (slot + 1) & (small - 1)
            if first[slot] < low:
                first[slot], held[slot] = place, codes[place]
            if times[first[slot]] < 255:
                times[first[slot]] += np.uint8(1)


@jit
def number(codes: _Codes, salt: np.uint64, unique: _Codes, numbers: npt.NDArray[np.int32]) -> int:
    """The distinct codes in order of appearance, into `unique`; returns how many.

    `numbers[i]` is the place of code i among them. Fewer than 2^31 codes.
    """
    size = np.int64(1024)
    held = np.full(size, -1, np.int32)
    count = np.int64(0)
    for place in range(len(codes)):
        if 2 * count >= size:
            size *= 4
            held = np.full(size, -1, np.int32)
            for other in range(count):
                slot = np.int64(_spread(unique[other], salt) & np.uint64(size - 1))
                while held[slot] >= 0:
                    slot = (slot + 1) & (size - 1)
                held[slot] = other
        slot = np.int64(_spread(codes[place], salt) & np.uint64(size - 1))
        while held[slot] >= 0 and unique[held[slot]] != codes[place]:
            slot = (slot + 1) & (size - 1)
        if held[slot] < 0:
            held[slot] = np.int32(count)
            unique[count] = codes[place]
            count += 1
        numbers[place] = held[slot]
    return int(count)
