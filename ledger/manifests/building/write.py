"""The files of a manifest: texts in the order in which they were read, and rows beside them."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger.engines import Source
from ledger.errors import DocumentMismatchError, LedgerError
from ledger.log.runs import keys_of
from ledger.manifests.building.choose import Chosen
from ledger.manifests.formats.folder import Counted
from ledger.manifests.layout import (
    ROW_GROUP,
    ROWS_PART,
    ROWS_SCHEMA,
    TEXT_BYTES,
    TEXTS_SCHEMA,
    rows_name,
    texts_name,
)
from ledger.manifests.shards import Part, Parts
from ledger.reserves.selection.digests import Ints, digest_column, matrix_of, positions

__all__ = ["write_parts", "write_whole"]

_BATCH_ROWS = 4096
_BATCH_BYTES = 16 << 20
Absent = dict[bytes, LedgerError]


def write_whole(path: Path, data: bytes) -> bytes:
    """Write a file and have the disk keep it; its SHA-256."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return sha256(data).digest()


def write_parts(
    folder: Path,
    chosen: Chosen,
    sources: Sequence[Source],
    absent: Absent,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Parts:
    """Write texts/ and rows/ of the chosen documents, which lie in `sources`.

    `absent` says why inputs are not among the sources. `progress` hears texts found, of how many.
    Raises what a source that changed raises, and DocumentMismatchError (or the reason in `absent`)
    where a text is in none.
    """
    shard = np.full(len(chosen), -1, np.int64)
    row = np.zeros(len(chosen), np.int64)
    keys, found = keys_of(chosen.digests), 0
    with _Texts(folder) as texts:
        for source in sources:
            if found == len(chosen):
                break
            check = getattr(source, "check", None)
            if check is not None:
                check()
            for table in source.tables():
                at = positions(chosen.digests, keys, matrix_of(table.column("sha256")))
                fresh = _first(at, shard)
                if not len(fresh):
                    continue
                at = at[fresh]
                wanted = table.select(["text", "sha256"])
                if len(fresh) < table.num_rows:  # taken, not sliced: the rest must not stay
                    wanted = wanted.take(pa.array(fresh))
                texts.add(wanted, at, shard, row)
                shard[at] = np.maximum(shard[at], 0)  # seen; where, the flush says
                found += len(fresh)
                if progress is not None:
                    progress(found, len(chosen))
        written = texts.finish(shard, row)
    if found < len(chosen):
        raise _missing(chosen, shard, absent)
    return Parts(tuple(_write_rows(folder, chosen, shard, row)), written)


def _first(at: Ints, shard: Ints) -> Ints:
    """The rows of a table that hold a wanted text for the first time."""
    rows = np.flatnonzero(at >= 0)
    rows = rows[shard[at[rows]] < 0]
    _, first = np.unique(at[rows], return_index=True)
    fresh: Ints = rows[np.sort(first)]
    return fresh


def _missing(chosen: Chosen, shard: Ints, absent: Absent) -> LedgerError:
    for reason in absent.values():
        return reason
    lost = np.flatnonzero(shard < 0)
    first = chosen.digests[int(lost[0])].tobytes().hex()
    return DocumentMismatchError(
        f"{len(lost):,} documents are not in their inputs, the first sha256:{first}",
        hint="an input was changed, or is read in another way than it was",
    )


@dataclass
class _Open:
    file: BinaryIO
    hashed: Counted
    writer: pa.ipc.RecordBatchFileWriter
    rows: int = 0
    bytes: int = 0


class _Texts:
    """Texts as they come, cut into batches and files by their number and length alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._number = -1
        self._open: _Open | None = None
        self._pending: list[pa.Table] = []
        self._places: list[Ints] = []
        self._rows = self._bytes = 0
        self._parts: list[Part] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open is not None:
            self._open.file.close()

    def add(self, texts: pa.Table, at: Ints, shard: Ints, row: Ints) -> None:
        """Keep texts, `at` being their places; full batches are written."""
        self._pending.append(texts)
        self._places.append(at)
        self._rows += len(at)
        self._bytes += int(pc.sum(pc.binary_length(texts.column("text"))).as_py() or 0)
        if self._rows >= _BATCH_ROWS or self._bytes >= _BATCH_BYTES:
            self._flush(shard, row, last=False)

    def finish(self, shard: Ints, row: Ints) -> tuple[Part, ...]:
        """Write what is left; the files."""
        self._flush(shard, row, last=True)
        self._close()
        return tuple(self._parts)

    def _flush(self, shard: Ints, row: Ints, *, last: bool) -> None:
        if not self._pending:
            return
        table = pa.concat_tables(self._pending)
        columns = [table.column(f.name).cast(f.type).combine_chunks() for f in TEXTS_SCHEMA]
        batch = pa.record_batch(columns, schema=TEXTS_SCHEMA)
        places = np.concatenate(self._places)
        lengths = pc.binary_length(batch.column("text")).to_numpy()
        start = 0
        for start, end in _cuts(lengths, last):
            self._write(batch.slice(start, end - start), int(lengths[start:end].sum()))
            assert self._open is not None
            shard[places[start:end]] = self._number
            first = self._open.rows - (end - start)
            row[places[start:end]] = np.arange(first, self._open.rows)
            start = end
        self._pending, self._places = [table.slice(start)], [places[start:]]
        self._rows, self._bytes = len(places) - start, int(lengths[start:].sum())
        if not self._rows:
            self._pending, self._places = [], []

    def _write(self, batch: pa.RecordBatch, size: int) -> None:
        if self._open is not None and self._open.bytes + size > TEXT_BYTES:
            self._close()
        if self._open is None:
            self._number = next(self._numbers)
            file = open(self._folder / texts_name(self._number), "wb")  # noqa: SIM115 (held on)
            hashed = Counted(file)
            self._open = _Open(file, hashed, pa.ipc.new_file(hashed, TEXTS_SCHEMA))
        self._open.writer.write_batch(batch)
        self._open.rows += batch.num_rows
        self._open.bytes += size

    def _close(self) -> None:
        if self._open is None:
            return
        held, self._open = self._open, None
        held.writer.close()
        held.file.flush()
        os.fsync(held.file.fileno())
        held.file.close()
        name, hashed = texts_name(self._number), held.hashed
        self._parts.append(Part(name, hashed.size, hashed.digest.digest(), held.rows))


def _cuts(lengths: npt.NDArray[np.integer], last: bool) -> Iterator[tuple[int, int]]:
    """(start, end) of batches: as many rows as fit, at least one; the rest waits unless `last`."""
    upto = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    start, total = 0, len(lengths)
    while start < total:
        end = int(np.searchsorted(upto, upto[start] + _BATCH_BYTES, side="right")) - 1
        end = max(min(end, start + _BATCH_ROWS, total), start + 1)
        if end == total and not last and end - start < _BATCH_ROWS:
            return
        yield start, end
        start = end


def _write_rows(folder: Path, chosen: Chosen, shard: Ints, row: Ints) -> Iterator[Part]:
    order = np.lexsort((row, shard))
    for number in range(-(-len(order) // ROWS_PART)):
        part = order[number * ROWS_PART : (number + 1) * ROWS_PART]
        columns = [
            digest_column(chosen.digests[part]),
            pa.array(chosen.stratum[part], pa.int16()),
            pa.array(chosen.repeat_q16[part], pa.uint32()),
            pa.array(chosen.units[part], pa.int32()),
            pa.array(shard[part], pa.int32()),
            pa.array(row[part], pa.int32()),
        ]
        pq.write_table(
            pa.Table.from_arrays(columns, schema=ROWS_SCHEMA),
            folder / rows_name(number),
            row_group_size=ROW_GROUP,
            compression="zstd",
            compression_level=3,
            version="2.6",
            data_page_version="1.0",
            use_dictionary=["stratum", "repeat_q16", "units", "shard"],
            column_encoding={"row": "DELTA_BINARY_PACKED", "sha256": "PLAIN"},
            write_statistics=["shard", "row"],
        )
        yield _settled(folder, rows_name(number), len(part))


def _settled(folder: Path, name: str, rows: int) -> Part:
    """Have the disk keep a file; what it says it holds."""
    digest, size = sha256(), 0
    with open(folder / name, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
        os.fsync(file.fileno())
    return Part(name, size, digest.digest(), rows)
