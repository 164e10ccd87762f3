"""Whose turn it is at a position, so that every stretch of an epoch holds each stratum's share.

Strata are joined two by two, the two least first, as Huffman's code joins them. Where a joint of
size m has left of size a, the left one has been given ⌊(t·a + ⌊m/2⌋) / m⌋ of the joint's first t
turns: of two, that is the one whose error is larger at every turn, in whole numbers. What happens
at a position is found by walking down from the top, and where a stratum's j-th turn is by walking
up: as many steps as the strata's entropy has bits, with no memory of the turns before.

Of the first t turns of n a stratum of size c has c·t/n ± 2 (within 1/2 at every joint; of a path's
joints each second one is at least twice as large, so the halves add up to 2 at most).
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError

__all__ = ["MOST_TURNS", "Quotas"]

Ints = npt.NDArray[np.int64]
_Words = npt.NDArray[np.uint64]

MOST_TURNS = (1 << 32) - 1
"""Of all strata together: products of two counts fit 64 bits."""

_BLOCK = 1 << 12  # turns at a time: what a step needs of them stays in a core's second cache


class Quotas:
    """The turns of S strata with `counts` documents. Raises InputError for more than 2^32 - 1.

    Nodes below S are strata; the others are joints, numbered as they were made, each above what it
    joins. The lesser one of two is left, of equal ones that of the lower number. A stratum without
    documents has no turn and is in no joint.
    """

    def __init__(self, counts: Sequence[int]) -> None:
        self.counts = tuple(counts)
        self.size = sum(self.counts)
        if min(self.counts, default=0) < 0:
            raise InputError(f"{min(self.counts)} documents in a stratum, expected 0 or more")
        if self.size > MOST_TURNS:
            raise InputError(
                f"{self.size} documents in an order with quotas, expected {MOST_TURNS} at most",
                hint="leave the quotas out: without them the limit is 2^48",
            )
        strata = len(self.counts)
        heap = [(count, number) for number, count in enumerate(self.counts) if count]
        heapify(heap)
        sizes = list(self.counts)
        pairs: list[tuple[int, int]] = []
        while len(heap) > 1:
            left, right = heappop(heap), heappop(heap)
            heappush(heap, (left[0] + right[0], strata + len(pairs)))
            sizes.append(left[0] + right[0])
            pairs.append((left[1], right[1]))
        self._top = heap[0][1] if heap else -1
        self._sizes = np.array(sizes, np.uint64)
        table = np.array(pairs, np.int64).reshape(-1, 2)
        self._left, self._right = table[:, 0].copy(), table[:, 1].copy()
        self._joined = self._sizes[strata:]
        self._lesser = self._sizes[self._left]
        self._joint = np.full(len(sizes), -1, np.int64)  # above each node
        for joined in (self._left, self._right):
            self._joint[joined] = strata + np.arange(len(pairs))

    def at(self, positions: Ints) -> tuple[Ints, Ints]:
        """(stratum, which of its turns) at n positions, each from 0 below the size."""
        stratum = np.full(len(positions), self._top, np.int64)
        turn = positions.astype(np.int64)
        if self._top >= len(self.counts):
            for at in range(0, len(positions), _BLOCK):
                part = slice(at, at + _BLOCK)
                self._descend(stratum[part], turn[part])
        return stratum, turn

    def _descend(self, stratum: Ints, turn: Ints) -> None:
        """From the top's turns to those of the strata, in place; who has arrived drops out."""
        strata = len(self.counts)
        joint, at = stratum - strata, turn.astype(np.uint64)
        going = np.arange(len(turn))
        while len(going):
            size, left = self._joined[joint], self._lesser[joint]
            scaled = at * left + (size >> np.uint64(1))
            given = scaled // size
            goes_left = scaled - given * size + left >= size  # given grows with the next turn
            at = np.where(goes_left, given, at - given)
            joint = np.where(goes_left, self._left[joint], self._right[joint]) - strata
            if (there := joint < 0).any():
                stratum[going[there]], turn[going[there]] = joint[there] + strata, at[there]
                joint, at, going = joint[~there], at[~there], going[~there]

    def place(self, stratum: Ints, turn: Ints) -> Ints:
        """The positions of given turns: undoes `at`."""
        node, at = stratum.astype(np.int64), turn.astype(np.uint64)
        going = np.flatnonzero(self._joint[node] >= 0)
        one = np.uint64(1)
        while len(going):
            joint = self._joint[node[going]]
            size, own = self._sizes[joint], self._sizes[node[going]]
            half, here = size >> one, at[going]
            is_left = self._left[joint - len(self.counts)] == node[going]
            # the least t + 1 of whose turns this node has here + 1, by either side's formula
            need = here * size + np.where(is_left, size - half, half + one)
            at[going] = (need + own - one) // own - one
            node[going] = joint
            going = going[self._joint[joint] >= 0]
        return at.astype(np.int64)

    def before(self, position: int) -> list[int]:
        """How many turns each stratum has had before a position, from 0 to the size."""
        strata = len(self.counts)
        given = [0] * len(self._sizes)
        if self._top >= 0:
            given[self._top] = position
        for joint in range(len(self._sizes) - 1, strata - 1, -1):
            left, right = int(self._left[joint - strata]), int(self._right[joint - strata])
            size = int(self._sizes[joint])
            given[left] = (given[joint] * int(self._sizes[left]) + size // 2) // size
            given[right] = given[joint] - given[left]
        return given[:strata]
