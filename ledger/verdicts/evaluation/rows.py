"""Labelled rows of a Parquet file: texts known to be human or synthetic, and what they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger.corpus.footer import read_footer
from ledger.corpus.hashing import hash_texts
from ledger.errors import InputError, MalformedError, printable

__all__ = ["GROUPED", "HUMAN", "LABELS", "SYNTHETIC", "UNKNOWN", "Rows", "read_rows"]

HUMAN, SYNTHETIC = "human", "synthetic"
LABELS = (HUMAN, SYNTHETIC)

GROUPED = ("domain", "generator", "mode", "stratum", "source_dataset")
"""Columns whose values are groups of their own in a report."""

UNKNOWN = "x"
"""A pair group that nobody knows, or any other value that is null."""

_OPTIONAL = ("id", *GROUPED, "licence", "pair_group")


@dataclass(frozen=True, eq=False)
class Rows:
    """n distinct texts. `table` has text and label and every optional column that the file has.

    `sha256` uint8[n, 32] are of the exact UTF-8 bytes. `repeated` rows were left out because an
    earlier row has the same text, `contradictory` ones because another row has their text with the
    other label. `numbers` int64[n] are the rows' numbers in the file, from 0.
    """

    path: Path
    table: pa.Table
    synthetic: npt.NDArray[np.bool_]
    sha256: npt.NDArray[np.uint8]
    numbers: npt.NDArray[np.int64]
    repeated: int
    contradictory: int

    @property
    def texts(self) -> pa.ChunkedArray:
        return self.table["text"]

    def place(self, row: int) -> str:
        """How to find a row again: its number in the file, and its id if it has one."""
        place = f"row {self.numbers[row]:,}"
        if "id" in self.table.column_names:
            place += f" (id {printable(self.table['id'][row].as_py(), 40)})"
        return place

    def column(self, name: str) -> npt.NDArray[np.object_] | None:
        """str[n] of an optional column; None if the file lacks it."""
        if name not in self.table.column_names:
            return None
        values: npt.NDArray[np.object_] = self.table[name].to_numpy()
        return values


def read_rows(path: Path) -> Rows:
    """The rows of a file with columns text and label (human or synthetic), and optional ones.

    Optional: id, domain, generator, mode, stratum, source_dataset, licence, pair_group; others
    are not read. Null in one of them reads as `UNKNOWN`. Raises MalformedError for a file that is
    no such table, with the first odd row's number, and InputError for one that cannot be read or
    has no row left of either label.
    """
    table = _read(path)
    labels = table["label"]
    odd = pc.index(pc.is_in(labels, value_set=pa.array(LABELS, labels.type)), False).as_py()
    if odd >= 0:
        found = printable(labels[odd].as_py(), 40)
        raise MalformedError(path, None, f"row {odd:,}: label {found}, expected human or synthetic")
    missing = pc.index(pc.is_valid(table["text"]), False).as_py()
    if missing >= 0:
        raise MalformedError(path, None, f"row {missing:,}: text null, expected a string")
    synthetic = pc.equal(labels, SYNTHETIC).to_numpy()
    sha256 = _digests(table["text"])
    kept, repeated, contradictory = _distinct(sha256, synthetic)
    rows = Rows(
        path, table.take(pa.array(kept)), synthetic[kept], sha256[kept], kept, repeated,
        contradictory,
    )  # fmt: skip
    humans = len(kept) - int(rows.synthetic.sum())
    if not humans or humans == len(kept):
        raise InputError(
            f"{printable(path)}: found {humans:,} human and {len(kept) - humans:,} synthetic "
            "texts, expected both"
        )
    return rows


def _read(path: Path) -> pa.Table:
    """The columns we know, as large strings, nulls of optional ones filled."""
    try:
        with open(path, "rb") as raw, pq.ParquetFile(path) as file:
            read_footer(raw)  # what Arrow would end the process over
            schema = file.schema_arrow
            _check(path, schema)
            columns = [name for name in ("text", "label", *_OPTIONAL) if name in schema.names]
            table = file.read(columns)
        for at, name in enumerate(table.column_names):
            column = table[name].cast(pa.large_string())
            if name in _OPTIONAL:
                column = pc.fill_null(column, UNKNOWN)
            table = table.set_column(at, name, column)
        table.validate(full=True)
    except (pa.ArrowException, ValueError) as error:
        raise MalformedError(path, None, f"broken Parquet: {_first_line(error)}") from error
    except OSError as error:
        if error.errno is None:
            raise MalformedError(path, None, f"broken Parquet: {_first_line(error)}") from error
        raise InputError(f"{printable(path)}: {(error.strerror or str(error)).lower()}") from error
    return table


def _check(path: Path, schema: pa.Schema) -> None:
    """Both required columns, once, and strings wherever a column is one that we know."""
    for name in ("text", "label"):
        if name not in schema.names:
            found = ", ".join(printable(known, 40) for known in schema.names[:12]) or "none"
            raise MalformedError(
                path,
                None,
                f"found columns {found}; expected text and label",
                hint="text: the document; label: human or synthetic; optional: "
                f"{', '.join(_OPTIONAL)}",
            )
    for name in ("text", "label", *_OPTIONAL):
        if schema.names.count(name) > 1:
            raise MalformedError(path, None, f"column {name} stands twice, expected once")
        if name in schema.names and not _is_text(schema.field(name).type):
            found = schema.field(name).type
            raise MalformedError(path, None, f"column {name} holds {found}, expected strings")


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(inner)
        or pa.types.is_large_string(inner)
        or pa.types.is_string_view(inner)
        or pa.types.is_null(inner)
    )


def _first_line(error: Exception) -> str:
    return printable(str(error).split("\n")[0], 160)


def _digests(texts: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    """uint8[n, 32]."""
    digests, _ = hash_texts(texts)
    chunks: Sequence[pa.Array] = getattr(digests, "chunks", [digests])
    parts = [
        np.frombuffer(chunk.buffers()[1], np.uint8)[: 32 * len(chunk)].reshape(-1, 32)
        for chunk in chunks
        if len(chunk)
    ]
    return np.concatenate([np.zeros((0, 32), np.uint8), *parts])


def _distinct(
    sha256: npt.NDArray[np.uint8], synthetic: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], int, int]:
    """Rows to keep, in order, and how many were left out as repeated and as contradictory."""
    _, first, which, counts = np.unique(
        sha256.view("V32").ravel(), return_index=True, return_inverse=True, return_counts=True
    )
    marked = np.bincount(which, synthetic, len(first))
    clear = (marked == 0) | (marked == counts)
    kept = np.sort(first[clear]).astype(np.int64)
    contradictory = int(counts[~clear].sum())
    return kept, len(sha256) - contradictory - len(kept), contradictory
