"""Where each context of a document stands for the first time: what a `Run` of
`ledger.watermarks.schemes._windows` says in numpy in five passes, in one and faster.

A context's key is rolled on from its predecessor's: (h - oldest·m^width + next)·m, modulo 2^64,
which is the sum that `Run.polynomial` makes. A document's keys stand in one open table; `salt` is
drawn for each process, so that nobody can prepare a text whose keys all meet in one place of it.
The result does not depend on it.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks.kernels._jit import jit

__all__ = ["first_contexts"]

_Ids = npt.NDArray[np.uint32]
_Ints = npt.NDArray[np.int64]

_u8 = np.uint64
_A, _B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _31 = np.uint64(30), np.uint64(31)
_LONG = 1 << 13


@jit
def first_contexts(
    ids: _Ids,
    offsets: _Ints,
    width: int,
    pad: np.uint64,
    multiplier: np.uint64,
    vocab_size: int,
    salt: np.uint64,
    counts: _Ints,
    positions: _Ints,
) -> int:
    """Find the tokens whose context is the first of its kind in their document; returns how many.

    Document d is `ids[offsets[d]:offsets[d + 1]]`; the context of a token are the `width` ids
    before it, `pad` where there is none. Tokens of `vocab_size` or more, and those with such a one
    in their context, are left out, though their contexts count as seen. `positions`, with room for
    every id, gets the positions of what was found within their documents; `counts[d]` how many
    document d has. Fewer than 2^31 ids.
    """
    longest = np.int64(1)
    for document in range(len(offsets) - 1):
        longest = max(longest, offsets[document + 1] - offsets[document])
    room = 8 if longest <= _LONG else 2  # places a key: speed, or memory
    size = np.int64(4)
    while size < room * longest:
        size *= 2
    held, last = np.empty(size, np.uint64), np.full(size, -1, np.int32)
    leaving, empty = _u8(1), _u8(0)
    for _ in range(width):
        empty = _u8((empty + pad) * multiplier)
        leaving = _u8(leaving * multiplier)
    found = np.int64(0)
    for document in range(len(offsets) - 1):
        low, high = offsets[document], offsets[document + 1]
        small = np.int64(4)
        while small < room * (high - low):
            small *= 2
        mask = _u8(small - 1)
        key, before = empty, found
        foreign = low - width - 1  # the last id that is none of the vocabulary
        for place in range(low, high):
            mixed = _u8((key ^ salt) * _A)
            mixed = _u8((mixed ^ (mixed >> _30)) * _B)
            slot = (mixed >> _31) & mask
            while last[slot] >= low and held[slot] != key:
                slot = (slot + _u8(1)) & mask
            new = last[slot] < low
            held[slot], last[slot] = key, place
            token = ids[place]
            if token >= vocab_size:
                foreign = place
            positions[found] = place - low
            found += new and place - foreign > width
            oldest = _u8(ids[_u8(place - width)]) if place - width >= low else pad
            key = _u8(key * multiplier + (_u8(token) - oldest * leaving) * multiplier)
        counts[document] = found - before
    return int(found)
