"""The order of an epoch: which item stands at which position, and where an item stands."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError, printable
from ledger.manifests.order.permutation import MOST, Permutations
from ledger.manifests.order.quotas import Quotas

__all__ = ["MOST_EPOCHS", "Order"]

Ints = npt.NDArray[np.int64]

MOST_EPOCHS = 1 << 32
"""Epochs are numbered from 0 below it."""


class Order:
    """Positions and items of one epoch, both numbered from 0.

    Items lie stratum after stratum. Of one stratum the order is a permutation of all items; of
    several, `Quotas` says whose turn a position is, and a permutation of the stratum's own which
    of its items the turn is for. Permutations are keyed by manifest, epoch and stratum.
    """

    def __init__(self, manifest: bytes, epoch: int, counts: Sequence[int]) -> None:
        """`manifest` are the 32 bytes that identify it, `counts` the items of each stratum.

        Raises InputError for an epoch that is none, and for more items than an order has room
        for: 2^48, of several strata 2^32 - 1.
        """
        if len(manifest) != 32:
            raise ValueError(f"{len(manifest)} bytes, expected 32: a manifest's digest")
        if isinstance(epoch, bool) or not isinstance(epoch, int) or not 0 <= epoch < MOST_EPOCHS:
            raise InputError(
                f"epoch {printable(repr(epoch))}, expected a whole number from 0 below 2^32"
            )
        self.counts = tuple(counts)
        self.size = sum(self.counts)
        self._quotas = Quotas(self.counts) if len(self.counts) != 1 else None
        if not 0 <= self.size <= MOST:
            raise InputError(f"{self.size} items, expected 0 to {MOST}")
        self._starts = np.cumsum([0, *self.counts])
        self._permutations = Permutations(manifest, epoch, self.counts)

    def at(self, positions: Ints) -> Ints:
        """The items at n positions. Raises InputError for a position that is not in the epoch."""
        self._check("position", positions)
        if self._quotas is None:
            stratum, turn = np.zeros(len(positions), np.int64), positions
        else:
            stratum, turn = self._quotas.at(positions)
        inside = self._permutations.forward(stratum, turn.astype(np.uint64))
        return self._starts[stratum] + inside.astype(np.int64)

    def place(self, items: Ints) -> Ints:
        """The positions of n items: undoes `at`. Raises InputError for an item that is none."""
        self._check("item", items)
        stratum = np.searchsorted(self._starts, items, "right") - 1
        inside = (items - self._starts[stratum]).astype(np.uint64)
        turn = self._permutations.backward(stratum, inside).astype(np.int64)
        return turn if self._quotas is None else self._quotas.place(stratum, turn)

    def before(self, position: int) -> tuple[int, ...]:
        """How many items of each stratum come before a position. Raises InputError as `at`."""
        if not 0 <= position <= self.size:
            raise InputError(f"position {position}, expected 0 to {self.size}")
        return (position,) if self._quotas is None else tuple(self._quotas.before(position))

    def _check(self, what: str, values: Ints) -> None:
        if values.ndim != 1 or values.dtype.kind not in "iu":
            raise ValueError(f"{values.dtype}{values.shape}, expected integers in one dimension")
        if len(values) and (int(values.min()) < 0 or int(values.max()) >= self.size):
            bad = int(values[np.flatnonzero((values < 0) | (values >= self.size))[0]])
            raise InputError(f"{what} {bad}, expected one of an epoch of {self.size}")
