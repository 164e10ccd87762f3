"""An open manifest: its documents by position, in batches, and for the loaders of trainers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.errors import InputError
from ledger.log.canonical import parse_digest
from ledger.manifests.loading.epochs import Epochs
from ledger.manifests.loading.reader import Reader
from ledger.manifests.loading.stream import Batch, Plan, read_batches
from ledger.manifests.opening.rows import Rows
from ledger.manifests.order.batches import Batches
from ledger.manifests.order.position import Position
from ledger.manifests.statement import Statement

if TYPE_CHECKING:
    from ledger.manifests.loading.torch_stream import TorchStream

__all__ = ["Document", "Manifest"]

Ints = npt.NDArray[np.int64]
Again = tuple[Callable[..., "Manifest"], tuple[Any, ...]]

_BLOCK = 1024  # documents read at once where nobody asks for batches


class Document(NamedTuple):
    """`sha256` is `sha256:…`, `stratum` its number: `Manifest.strata[stratum]` says which."""

    text: str
    sha256: str
    stratum: int


class Manifest(Sequence[Document]):
    """The documents of an epoch, repeats counted; `m[i]` is the one at position i of epoch 0.

    Whatever gives out a text has hashed it, and raises DocumentMismatchError naming file and row
    where it is not the document of its row. `again` opens it in another process: mapped memory
    cannot be sent there. Made by `open_manifest`.
    """

    def __init__(
        self,
        statement: Statement,
        digest: bytes,
        signers: tuple[str, ...],
        strata: tuple[Mapping[str, Any], ...],
        rows: Rows,
        reader: Reader,
        *,
        again: Again,
    ) -> None:
        self.statement, self.signers, self.strata = statement, signers, strata
        self.digest = f"sha256:{digest.hex()}"
        self.rows, self._reader, self._again = rows, reader, again
        copies = rows.copies(statement.seed)
        self._epochs = Epochs(rows, copies, len(strata), digest)

    def __reduce__(self) -> Again:
        return self._again

    def __repr__(self) -> str:
        return f"<manifest {self.statement.reference}, {len(self)} documents an epoch>"

    def __len__(self) -> int:
        return len(self._epochs)

    def __getitem__(self, position: Any) -> Any:
        """A document, or those of a slice. Raises IndexError as sequences do."""
        if isinstance(position, slice):
            return self.__getitems__(range(*position.indices(len(self))))
        at = index(position)
        if not -len(self) <= at < len(self):
            raise IndexError(f"position {at}, expected one of an epoch of {len(self)}")
        return self.__getitems__([at % len(self)])[0]

    def __getitems__(self, positions: Sequence[int]) -> list[Document]:
        """Several documents in one reading: torch asks a map-style data set so."""
        return _documents(self.table(np.asarray(positions, np.int64)))

    def __iter__(self) -> Iterator[Document]:
        for table in self.batches(_BLOCK):
            yield from _documents(table)

    def table(self, positions: Ints, epoch: int = 0) -> pa.Table:
        """The documents at n positions: text, sha256, stratum. Raises InputError for bad ones."""
        return self._reader.table(self._epochs.rows(epoch, positions))

    def batches(
        self, batch_size: int, epoch: int = 0, start: int = 0, *, drop_last: bool = False
    ) -> Iterator[pa.Table]:
        """Tables of `batch_size` documents of an epoch, from position `start` on.

        The last one may be smaller, unless `drop_last` leaves it out. Raises InputError.
        """
        for batch in self.read(batch_size, epoch, start, drop_last=drop_last):
            yield batch.table

    def read(
        self,
        batch_size: int,
        epoch: int = 0,
        start: int = 0,
        *,
        drop_last: bool = False,
        rank: int = 0,
        world: int = 1,
        worker: int = 0,
        workers: int = 1,
    ) -> Iterator[Batch]:
        """One reader's part of the global batches of `batch_size` documents: a rank's share of
        every batch, of a worker's batches. Each says where it stands. Raises InputError.
        """
        batches = Batches(len(self), batch_size, start, drop_last)
        plan = Plan(batches, rank, world, worker, workers)
        return read_batches(plan, Position(self.digest, epoch, start), self._tables)

    def _tables(self, epoch: int, ranges: Iterable[range]) -> Iterator[pa.Table]:
        return self._reader.tables(self._epochs.batches(epoch, ranges))

    def audit(self, batch: int, batch_size: int, epoch: int = 0, start: int = 0) -> list[str]:
        """The documents (`sha256:…`) of a global batch, past or to come, no text read.

        `batch` counts from 0 at position `start`, where the run began or was resumed.
        Raises InputError for a batch that there is not.
        """
        positions = Batches(len(self), batch_size, start).batch(batch)
        rows = self._epochs.rows(epoch, np.arange(positions.start, positions.stop))
        return [f"sha256:{row.tobytes().hex()}" for row in self.rows.digest[rows]]

    def positions(self, document: str | bytes, epoch: int = 0) -> list[int]:
        """Where a document (`sha256:…` or 32 bytes) stands in an epoch; nowhere if it is not here.

        Its batch is (position - start) // batch_size. Reads every row: 32 bytes each.
        """
        digest = parse_digest(document) if isinstance(document, str) else document
        if len(digest) != 32:
            raise InputError(f"a document of {len(digest)} bytes, expected a digest's 32")
        wanted = np.frombuffer(digest, np.uint8)
        held = np.flatnonzero(self.rows.digest[:, 0] == wanted[0])
        held = held[(self.rows.digest[held] == wanted).all(axis=1)]
        found = [self._epochs.positions(epoch, row) for row in held.tolist()]
        return np.sort(np.concatenate([np.zeros(0, np.int64), *found])).tolist()  # type: ignore[no-any-return]

    def verify(self) -> None:
        """Everything that opening leaves out: the texts files' digests, every text, content_root.

        Raises VerificationError, DocumentMismatchError or RootMismatchError naming what is wrong.
        """
        from ledger.manifests.loading.verify import verify_all

        verify_all(self.statement, self.strata, self.rows, self._reader)

    def torch(
        self,
        rank: int = 0,
        world: int = 1,
        *,
        batch_size: int,
        epoch: int = 0,
        drop_last: bool = False,
    ) -> "TorchStream":
        """A torch IterableDataset of a rank's batches; `batch_size` is of all ranks together.

        `.loader(num_workers=…)` gives the DataLoader to iterate over. Raises MissingExtraError
        without torch, and InputError.
        """
        from ledger.manifests.loading.torch_stream import torch_stream

        return torch_stream(self, rank, world, batch_size, epoch, drop_last=drop_last)

    def hf(self, epoch: int = 0, start: int = 0, *, rank: int = 0, world: int = 1) -> Any:
        """A `datasets.IterableDataset` with columns text, sha256 and stratum, from position
        `start` on. Raises MissingExtraError without datasets, and InputError.
        """
        from ledger.manifests.loading.hf import hf_stream

        return hf_stream(self, epoch, start, rank, world)


def _documents(table: pa.Table) -> list[Document]:
    batch = Batch(table, Position(""))
    columns = zip(batch.texts, batch.sha256, batch.strata, strict=True)
    return list(map(Document._make, columns))
