"""A manifest as torch reads it: an IterableDataset of batches, and the DataLoader that counts them.

torch is an extra, and its classes are bases of ours: so ours are made when the first one is asked
for. Worker processes find them here by name.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import new_class
from typing import TYPE_CHECKING, Any

from ledger.corpus.extractors import needs
from ledger.errors import InputError, LedgerError
from ledger.manifests.loading.stream import Batch, Plan
from ledger.manifests.order.batches import Batches
from ledger.manifests.order.position import Position

if TYPE_CHECKING:
    from ledger.manifests.loading.manifest import Manifest

__all__ = ["TorchStream", "torch_stream"]

_MADE = ("TorchDataset", "TorchLoader")


def torch_stream(
    manifest: "Manifest", rank: int, world: int, batch_size: int, epoch: int, *, drop_last: bool
) -> "TorchStream":
    """See Manifest.torch."""
    made: TorchStream = _classes()[_MADE[0]](manifest, rank, world, batch_size, epoch, drop_last)
    return made


class TorchStream:
    """A rank's batches of one epoch, from where it stands; asked again, of the next epoch.

    It stands where the last batch that it or its `loader` gave out ends.
    """

    def __init__(
        self,
        manifest: "Manifest",
        rank: int,
        world: int,
        batch_size: int,
        epoch: int,
        drop_last: bool,
    ) -> None:
        self.manifest, self.rank, self.world = manifest, rank, world
        self.batch_size, self.drop_last = batch_size, drop_last
        self._at = Position(manifest.digest, epoch)
        self._followed = False
        Plan(self._batches(), rank, world)  # raises InputError for what cannot be

    def __iter__(self) -> Iterator[Batch]:
        worker, workers = _worker()
        if workers and not self._followed:
            raise InputError(
                "read by the workers of a DataLoader that does not count what it gives out, "
                "expected the stream's own",
                hint="iterate over stream.loader(num_workers=…)",
            )
        self._at = at = self._next()
        reading = self.manifest.read(
            self.batch_size, at.epoch, at.position, drop_last=self.drop_last,
            rank=self.rank, world=self.world, worker=worker, workers=max(workers, 1),
        )  # fmt: skip
        if workers:
            yield from _sent(reading)
            return
        for batch in reading:
            self._at = batch.position
            yield batch
        self._ended(at.epoch)

    def __len__(self) -> int:
        """Batches that the next iteration gives."""
        return len(self._batches())

    def state_dict(self) -> dict[str, str | int]:
        """{manifest, epoch, position}, the same on every rank."""
        return self._at.plain()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there. Raises InputError for a state of another manifest, or of none."""
        at = Position.parse(state, self.manifest.digest)
        if at.position > len(self.manifest):
            raise InputError(f"state: position {at.position}, expected 0 to {len(self.manifest)}")
        self._at = at

    def loader(
        self,
        num_workers: int = 0,
        *,
        collate_fn: Callable[[Batch], Any] | None = None,
        **options: Any,
    ) -> Any:
        """A torch DataLoader over this stream, with its `state_dict` and `load_state_dict`.

        `collate_fn` makes of a Batch, in the worker, what is given out. `options` are DataLoader's
        own. Raises InputError for those that would change which batches come.
        """
        for name in ("batch_size", "batch_sampler", "drop_last", "persistent_workers", "sampler",
                     "shuffle"):  # fmt: skip
            if options.get(name):
                raise InputError(
                    f"{name}: not for a manifest's loader, expected none",
                    hint="batch_size and drop_last are the stream's: m.torch(batch_size=…)",
                )
        if options.pop("in_order", True) is not True:
            raise InputError("in_order=False, expected the batches in order")
        self._followed = True
        self._carry = _Carry(collate_fn)
        return _classes()[_MADE[1]](
            self, batch_size=None, num_workers=num_workers, collate_fn=self._carry, **options
        )

    def _next(self) -> Position:
        """Where the next iteration begins."""
        at = self._at
        if at.position < len(self.manifest):
            return at
        return Position(at.manifest, at.epoch + 1, 0)

    def _batches(self) -> Batches:
        return Batches(len(self.manifest), self.batch_size, self._next().position, self.drop_last)

    def _given(self, position: Position) -> None:
        self._at = position

    def _ended(self, epoch: int) -> None:
        self._at = Position(self._at.manifest, epoch, len(self.manifest))


class _Carry:
    """Sends a batch's position along with what becomes of it."""

    def __init__(self, function: Callable[[Batch], Any] | None) -> None:
        self._function = function

    def __call__(self, batch: Any) -> tuple[Position | None, Any]:
        if isinstance(batch, LedgerError):
            return None, batch
        return batch.position, batch if self._function is None else self._function(batch)


def _sent(reading: Iterator[Batch]) -> Iterator[Any]:
    """What a worker reads; an error of ours last, to be raised where the loop is, with its hint."""
    try:
        yield from reading
    except LedgerError as error:
        yield error


class _Loader:
    """What a DataLoader of ours does besides; `dataset` is the stream."""

    dataset: TorchStream

    def __iter__(self) -> Iterator[Any]:
        stream = self.dataset
        epoch = stream._next().epoch
        for position, batch in super().__iter__():  # type: ignore[misc]
            if position is None:
                raise batch
            stream._given(position)
            yield batch
        stream._ended(epoch)

    def state_dict(self) -> dict[str, str | int]:
        return self.dataset.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.dataset.load_state_dict(state)


def _worker() -> tuple[int, int]:
    """(number, of how many) in a worker process of a DataLoader; (0, 0) elsewhere."""
    from torch.utils.data import get_worker_info

    info = get_worker_info()
    return (0, 0) if info is None else (info.id, info.num_workers)


@cache
def _classes() -> dict[str, Any]:
    with needs("torch", "lm"):
        from torch.utils.data import DataLoader, IterableDataset
    bases = ((TorchStream, IterableDataset), (_Loader, DataLoader))
    return {
        name: new_class(name, both, {}, lambda space: space.update(__module__=__name__))
        for name, both in zip(_MADE, bases, strict=True)
    }


def __getattr__(name: str) -> Any:
    if name in _MADE:
        return _classes()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
