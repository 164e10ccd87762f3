"""The rows of a manifest in memory: 42 bytes a row, to which the order adds 8 or 16.

A row's number is its place in the rows files, which is that of its text in the texts files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.errors import InputError, VerificationError, printable
from ledger.manifests.layout import ROWS_SCHEMA
from ledger.manifests.opening.files import Located, read_part
from ledger.manifests.sampling.repeats import copies_of
from ledger.manifests.statement import Statement

__all__ = ["Rows", "read_rows"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """n rows: `digest` uint8[n, 32], `stratum` int16[n], `units` int32[n], `repeat` uint32[n]."""

    digest: npt.NDArray[np.uint8]
    stratum: npt.NDArray[np.int16]
    units: npt.NDArray[np.int32]
    repeat: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.digest)

    def copies(self, seed: int) -> Ints:
        """How often each row comes in an epoch. Raises InputError for a repeat below once."""
        return copies_of(self.digest, self.repeat.astype(np.int64), seed)


def read_rows(parts: Sequence[Located], texts: Sequence[Located], statement: Statement) -> Rows:
    """The rows of these files, which are what the statement and the texts files are sized for.

    Raises VerificationError naming the file.
    """
    tables = [_read(part) for part in parts]
    table = pa.concat_tables([ROWS_SCHEMA.empty_table(), *tables]).combine_chunks()
    where = printable(parts[0].path.parent) if parts else "rows"
    found, held = table.num_rows, sum(part.rows for part in texts)
    if not found == held == statement.rows:
        raise VerificationError(
            f"{where}: {found} rows and {held} texts, expected {statement.rows} of both"
        )
    column = {name: table.column(name).combine_chunks() for name in table.column_names}
    _check_places(column["shard"].to_numpy(), column["row"].to_numpy(), texts, where)
    stratum = column["stratum"].to_numpy()
    if int(stratum.min()) < 0 or int(stratum.max()) >= statement.strata_count:
        raise VerificationError(
            f"{where}: strata {int(stratum.min())} to {int(stratum.max())}, "
            f"expected 0 to {statement.strata_count - 1}"
        )
    rows = Rows(
        _bytes_of(column["sha256"]),
        stratum,
        column["units"].to_numpy(),
        column["repeat_q16"].to_numpy(),
    )
    try:
        documents = int(rows.copies(statement.seed).sum())
    except InputError as error:
        raise VerificationError(f"{where}: {error}") from error
    if documents != statement.documents:
        raise VerificationError(
            f"{where}: {documents} documents in an epoch, expected {statement.documents}"
        )
    return rows


def _read(part: Located) -> pa.Table:
    data = read_part(part)
    try:
        table = pq.read_table(pa.BufferReader(data), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        reason = printable(str(error).partition("\n")[0])
        raise VerificationError(f"{printable(part.path)}: not a Parquet file: {reason}") from error
    if not table.schema.remove_metadata().equals(ROWS_SCHEMA) or table.num_rows != part.rows:
        raise VerificationError(
            f"{printable(part.path)}: {table.num_rows} rows of "
            f"{printable(', '.join(f'{field.name} {field.type}' for field in table.schema))}, "
            f"expected {part.rows} rows of a manifest"
        )
    return table.cast(ROWS_SCHEMA)


def _bytes_of(digests: pa.Array) -> npt.NDArray[np.uint8]:
    data = np.frombuffer(digests.buffers()[1], np.uint8)
    return data[32 * digests.offset : 32 * (digests.offset + len(digests))].reshape(-1, 32)


def _check_places(
    shard: npt.NDArray[np.int32], row: npt.NDArray[np.int32], texts: Sequence[Located], where: str
) -> None:
    """Row for row the texts, file after file: then no place needs to be kept."""
    counts = np.array([part.rows for part in texts], np.int64)
    starts = np.cumsum(counts) - counts
    expected = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(row)) - starts[expected]
    if (wrong := np.flatnonzero((shard != expected) | (row != place))).size:
        at = int(wrong[0])
        raise VerificationError(
            f"{where}: row {at} lies at row {int(row[at])} of texts {int(shard[at])}, "
            f"expected row {int(place[at])} of texts {int(expected[at])}"
        )
