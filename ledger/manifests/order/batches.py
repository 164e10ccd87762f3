"""How an epoch's positions fall into global batches, and a batch's to ranks and workers.

Batch i is the same positions whatever reads it: ranks take every `world`-th position of a batch,
workers every `workers`-th batch, so that a loader which asks its workers in turn gives the batches
in order. A run that resumes at a position, with batches of another size or another number of
ranks, goes on from there.
"""

from dataclasses import dataclass

from ledger.errors import InputError

__all__ = ["Batches"]


@dataclass(frozen=True)
class Batches:
    """Batches of `size` positions, of an epoch of `items`, counted from position `start`.

    The last one holds what is left over, unless `drop_last` leaves it out. Raises InputError for a
    size below 1 and a start that is not in the epoch.
    """

    items: int
    size: int
    start: int = 0
    drop_last: bool = False

    def __post_init__(self) -> None:
        if self.size < 1:
            raise InputError(f"batches of {self.size}, expected 1 or more")
        if not 0 <= self.start <= self.items:
            raise InputError(f"position {self.start}, expected 0 to {self.items}")

    def __len__(self) -> int:
        left = self.items - self.start
        return left // self.size if self.drop_last else -(-left // self.size)

    def batch(self, number: int) -> range:
        """The positions of a global batch, past or to come. Raises InputError if there is none."""
        if not 0 <= number < len(self):
            raise InputError(f"batch {number}, expected one of {len(self)}")
        first = self.start + number * self.size
        return range(first, min(first + self.size, self.items))

    def share(self, number: int, rank: int, world: int) -> range:
        """A rank's positions of a global batch. Raises InputError if there is no such rank, or if
        batches cannot be dealt out evenly.

        Of a last, shorter batch the ranks' shares differ by one at most.
        """
        _check("rank", rank, world)
        if self.size % world:
            raise InputError(
                f"batches of {self.size} for {world} ranks, expected a multiple of {world}",
                hint=f"a global batch of {-(-self.size // world) * world}",
            )
        whole = self.batch(number)
        return whole[rank::world]

    def worker(self, worker: int, workers: int, first: int = 0) -> range:
        """The numbers of the batches that one of a rank's workers reads, from `first` on."""
        _check("worker", worker, workers)
        if not 0 <= first <= len(self):
            raise InputError(f"batch {first}, expected 0 to {len(self)}")
        return range(first + worker, len(self), workers)

    def holding(self, position: int) -> int | None:
        """The batch that a position is in; None for one before the start, or that is dropped."""
        number = (position - self.start) // self.size
        return number if 0 <= number < len(self) and position < self.items else None


def _check(what: str, number: int, of: int) -> None:
    if of < 1 or not 0 <= number < of:
        raise InputError(f"{what} {number} of {of}, expected 0 to {max(of - 1, 0)}")
