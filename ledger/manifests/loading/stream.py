"""Batches for a training loop, and where it stands.

Global batches are the same for any number of ranks and workers. Each batch says itself what to go
on from, so that what workers have read ahead is never counted as seen.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from ledger.errors import VerificationError
from ledger.manifests.order.batches import Batches
from ledger.manifests.order.position import Position

__all__ = ["Batch", "Plan", "read_batches"]

Tables = Callable[[int, Iterable[range]], Iterator[pa.Table]]


@dataclass(frozen=True, eq=False)
class Batch:
    """A rank's part of a global batch; `table` is as `reader.SCHEMA`.

    `position` is where the next global batch begins: what to keep once this one was trained on.
    """

    table: pa.Table
    position: Position

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def texts(self) -> list[str]:
        """The texts. Raises VerificationError for one that is not UTF-8."""
        try:
            column = self.table.column("text").chunk(0)  # to_pylist would make a scalar of each
            texts: list[str] = column.to_numpy(zero_copy_only=False).tolist()
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise VerificationError("a text that is not UTF-8, expected UTF-8") from error
        return texts

    @property
    def sha256(self) -> list[str]:
        """The documents, as `sha256:…`."""
        digests = self.table.column("sha256").chunk(0)
        start = 32 * digests.offset
        said = digests.buffers()[1].to_pybytes()[start : start + 32 * len(digests)].hex()
        return [f"sha256:{said[at : at + 64]}" for at in range(0, len(said), 64)]

    @property
    def strata(self) -> list[int]:
        """The documents' strata, by number."""
        numbers: list[int] = self.table.column("stratum").to_numpy().tolist()
        return numbers

    @property
    def state(self) -> dict[str, str | int]:
        """`position` as plain values, as `load_state_dict` takes them."""
        return self.position.plain()


@dataclass(frozen=True)
class Plan:
    """What one reader of an epoch reads: a rank's share of its worker's batches."""

    batches: Batches
    rank: int = 0
    world: int = 1
    worker: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        if len(self.batches):
            self.batches.share(0, self.rank, self.world)  # raises InputError for what cannot be

    def numbers(self) -> range:
        """The batches."""
        return self.batches.worker(self.worker, self.workers)


def read_batches(plan: Plan, start: Position, tables: Tables) -> Iterator[Batch]:
    """The batches of a plan, in order. `tables` gives one table for each range of positions."""
    numbers = plan.numbers()
    ranges = (plan.batches.share(number, plan.rank, plan.world) for number in numbers)
    for number, table in zip(numbers, tables(start.epoch, ranges), strict=True):
        after = plan.batches.batch(number).stop
        if plan.batches.drop_last and number == len(plan.batches) - 1:
            after = plan.batches.items
        yield Batch(table, Position(start.manifest, start.epoch, after))
