"""Which keys a document has had before: what `schemes._windows` says in numpy, faster.

A document's keys stand in one open table; `salt` is drawn for each process, so that nobody can
prepare a text whose keys all meet in one place of it. The result does not depend on it.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks.kernels._jit import jit

__all__ = ["drop_repeats", "drop_seen"]

_A, _B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_LONG = 1 << 16
_30, _31 = np.uint64(30), np.uint64(31)


@jit
def drop_repeats(
    keys: npt.NDArray[np.uint64],
    edges: npt.NDArray[np.int64],
    history: int,
    salt: np.uint64,
    taken: npt.NDArray[np.bool_],
) -> None:
    """Clear `taken` where one of the `history` places before has the key, in the same document.

    Document d has the places `edges[d]` to `edges[d + 1]`; those that are not taken at the start
    count for nothing. Fewer than 2^31 places.
    """
    longest = np.int64(1)
    for document in range(len(edges) - 1):
        longest = max(longest, edges[document + 1] - edges[document])
    room = 4 if longest <= _LONG else 2  # places a key: speed, or memory
    size = np.int64(4)
    while size < room * longest:
        size *= 2
    held, last = np.empty(size, np.uint64), np.full(size, -1, np.int32)
    for document in range(len(edges) - 1):
        low, high = edges[document], edges[document + 1]
        small = np.int64(4)
        while small < room * (high - low):
            small *= 2
        for place in range(low, high):
            if not taken[place]:
                continue
            key = keys[place]
            mixed = np.uint64((key ^ salt) * _A)
            mixed = np.uint64((mixed ^ (mixed >> _30)) * _B)
            slot = np.int64(mixed >> _31) & (small - 1)
            while last[slot] >= low and held[slot] != key:
                slot = (slot + 1) & (small - 1)
            if last[slot] >= low and place - last[slot] <= history:
                taken[place] = False
            held[slot], last[slot] = key, place


@jit
def drop_seen(
    keys: npt.NDArray[np.uint16], edges: npt.NDArray[np.int64], taken: npt.NDArray[np.bool_]
) -> None:
    """Clear `taken` where an earlier place that is taken has the key, in the same document."""
    last = np.full(1 << 16, -1, np.int32)
    for document in range(len(edges) - 1):
        for place in range(edges[document], edges[document + 1]):
            if taken[place]:
                taken[place] = last[keys[place]] != document
                last[keys[place]] = document
