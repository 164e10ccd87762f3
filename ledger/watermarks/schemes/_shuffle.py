"""numpy's `default_rng(seed).shuffle`, replayed from PCG64's raw words.

numpy promises that a bit generator's words stay what they are, and not that `shuffle` uses them as
it does today. A mark must not move with a package version, so the shuffle is written down here: for
i = n - 1 down to 1, swap items i and j, j being the next 32-bit half word (the low half of each
64-bit word first) that, cut to the bits of i, is at most i.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["shuffle_mask"]

_BLOCK = 1 << 14  # half words looked at together


def shuffle_mask(seed: int, marked: int, size: int) -> npt.NDArray[np.bool_]:
    """bool[size]: `marked` ones followed by zeros, shuffled by the generator seeded with `seed`."""
    mask = bytearray(b"\1" * marked + b"\0" * (size - marked))
    for at, other in zip(range(size - 1, 0, -1), _draw_partners(seed, size), strict=True):
        mask[at], mask[other] = mask[other], mask[at]
    return np.frombuffer(bytes(mask), np.bool_)


def _draw_partners(seed: int, size: int) -> list[int]:
    words, partners, at = _Words(seed), list[int](), size - 1
    while at > 0:
        cut = np.uint32((1 << at.bit_length()) - 1)
        drawn = words.look() & cut
        limit = at - (1 << (at.bit_length() - 1)) + 1  # how many items have this many bits
        taken = drawn <= at
        while True:  # a place's limit falls by one with each word taken before it
            bound = at - (np.cumsum(taken) - taken)
            again = drawn <= bound
            if (again == taken).all():
                break
            taken = again
        chosen = np.flatnonzero(taken)[:limit]
        words.use(len(drawn) if len(chosen) < limit else int(chosen[-1]) + 1)
        partners += drawn[chosen].tolist()
        at -= len(chosen)
    return partners


class _Words:
    """PCG64's words as 32-bit halves: `look` shows the next ones, `use` moves past some."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.PCG64(seed)
        self._halves = np.empty(0, np.uint32)

    def look(self) -> npt.NDArray[np.uint32]:
        if len(self._halves) < _BLOCK:
            raw = self._source.random_raw(_BLOCK).astype("<u8").view("<u4").astype(np.uint32)
            self._halves = np.concatenate([self._halves, raw])
        return self._halves[:_BLOCK]

    def use(self, number: int) -> None:
        self._halves = self._halves[number:]
