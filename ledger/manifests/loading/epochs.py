"""Which row stands at a position of an epoch, and where a row stands."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from ledger.errors import VerificationError
from ledger.manifests.opening.rows import Rows
from ledger.manifests.order.items import Items
from ledger.manifests.order.order import Order
from ledger.manifests.order.permutation import MOST
from ledger.manifests.order.quotas import MOST_TURNS

__all__ = ["Epochs"]

Ints = npt.NDArray[np.int64]

_AHEAD = 4096  # positions


class Epochs:
    """The orders of a manifest's epochs, keyed by the digest of its statement.

    Every stretch holds each stratum's share, as far as `Quotas` has room for so many items;
    beyond it the order is one permutation of all of them.
    """

    def __init__(self, rows: Rows, copies: Ints, strata: int, manifest: bytes) -> None:
        self._manifest = manifest
        total = int(copies.sum())
        if total > MOST:
            raise VerificationError(f"{total} documents in an epoch, expected at most {MOST}")
        even = strata > 1 and total <= MOST_TURNS
        stratum = rows.stratum.astype(np.int64) if even else None
        self._items = Items(copies, stratum, strata)
        self._latest: tuple[int, Order] | None = None

    def __len__(self) -> int:
        return sum(self._items.counts)

    def rows(self, epoch: int, positions: Ints) -> Ints:
        """The rows at n positions. Raises InputError for an epoch or position that is none."""
        return self._items.rows(self._order(epoch).at(positions))

    def batches(self, epoch: int, ranges: Iterable[range]) -> Iterator[Ints]:
        """The rows at each range of positions, looked up many at a time. Raises as `rows`."""
        held: list[range] = []
        for one in ranges:
            held.append(one)
            if sum(map(len, held)) >= _AHEAD:
                yield from self._batches(epoch, held)
                held = []
        yield from self._batches(epoch, held)

    def _batches(self, epoch: int, ranges: list[range]) -> list[Ints]:
        places = [np.arange(one.start, one.stop, one.step, dtype=np.int64) for one in ranges]
        rows = self.rows(epoch, np.concatenate([np.zeros(0, np.int64), *places]))
        return np.split(rows, np.cumsum([len(one) for one in ranges])[:-1]) if ranges else []

    def positions(self, epoch: int, row: int) -> Ints:
        """Where a row stands, ascending: as many positions as it has copies."""
        return np.sort(self._order(epoch).place(self._items.of_row(row)))

    def _order(self, epoch: int) -> Order:
        if self._latest is None or self._latest[0] != epoch:
            self._latest = (epoch, Order(self._manifest, epoch, self._items.counts))
        return self._latest[1]
