"""Parquet tables. Only the columns that a plan names are decoded, a bounded slice at a time."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger.corpus.document import Rejected
from ledger.corpus.footer import read_footer
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._assemble import assemble
from ledger.corpus.readers._columns import Plan, plan
from ledger.corpus.readers._pages import rows_at_once
from ledger.errors import MalformedError, printable

__all__ = ["READER"]

_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 8192
_TIMES = ("collected_at", "claimed_at")


class _Parquet:
    name = "parquet"
    version = 2
    suffixes = (".parquet",)
    folders = False

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected]:
        """See Reader.read. Raises MalformedError for a file that is none or has no text column."""
        try:
            with (
                open(path, "rb") as raw,
                pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file,
            ):
                yield from _read(path, raw, file, options)
        except (pa.ArrowException, UnicodeDecodeError) as error:  # the latter: a column's name
            raise MalformedError(path, None, f"broken Parquet: {_first_line(error)}") from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise MalformedError(path, None, f"broken Parquet: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return printable(str(error).split("\n")[0], 160)


def _read(
    path: Path, raw: BinaryIO, file: pq.ParquetFile, options: ReadOptions
) -> Iterator[pa.Table | Rejected]:
    chosen = _plan(path, file.schema_arrow, options)
    wanted = sorted({source.name for source in chosen.sources.values()})
    text = chosen.sources["text"]
    row, told, size = 0, 0, path.stat().st_size
    try:
        footer = read_footer(raw)
    except ValueError as error:
        raise MalformedError(path, None, f"broken Parquet: {_first_line(error)}") from None
    for number, group in enumerate(footer.groups):
        most = rows_at_once(raw, group, wanted, text.name, _BATCH_BYTES)
        rows = min(most, _BATCH_ROWS)
        batches = file.iter_batches(rows, [number], wanted, use_threads=False)
        for batch in _joined(batches, text.path):
            yield from _documents(path, batch, row, chosen, options)
            row += batch.num_rows
            done = size * row // max(file.metadata.num_rows, row)
            options.advance(done - told)
            told = done


def _joined(batches: Iterator[pa.RecordBatch], text: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of about _BATCH_BYTES of text, at most _BATCH_ROWS rows."""
    waiting: list[pa.RecordBatch] = []
    held = rows = 0
    for batch in batches:
        lengths = pc.fill_null(pc.binary_length(_leaf(batch, text)), 0)
        size = pc.sum(lengths).as_py() or 0
        if waiting and (held + size > _BATCH_BYTES or rows + batch.num_rows > _BATCH_ROWS):
            yield pa.concat_batches(waiting)
            waiting, held, rows = [], 0, 0
        if size <= _BATCH_BYTES:
            waiting.append(batch)
            held += size
            rows += batch.num_rows
        else:
            yield from _split(batch, lengths)
    if waiting:
        yield pa.concat_batches(waiting)


def _split(batch: pa.RecordBatch, lengths: pa.Array) -> Iterator[pa.RecordBatch]:
    """Slices of about _BATCH_BYTES of text; a longer text comes alone or ends its slice."""
    sizes = lengths.to_numpy(zero_copy_only=False).astype(np.int64)
    slots = np.cumsum(sizes) // _BATCH_BYTES
    cuts = [0, *(np.flatnonzero(np.diff(slots)) + 1).tolist(), batch.num_rows]
    for start, end in pairwise(cuts):
        if end > start:
            yield batch.slice(start, end - start)


def _documents(
    path: Path, batch: pa.RecordBatch, first: int, chosen: Plan, options: ReadOptions
) -> Iterator[pa.Table | Rejected]:
    """The documents of rows `first`…, and the rejected."""
    found, damaged = _columns(batch, chosen)
    ordinals = pa.array(np.arange(first, first + batch.num_rows))
    if damaged:
        for index, reason in damaged.items():
            yield Rejected(_place(path, ordinals, index), reason)
        keep = np.ones(batch.num_rows, bool)
        keep[list(damaged)] = False
        mask = pa.array(keep)
        found = {name: column.filter(mask) for name, column in found.items()}
        ordinals = ordinals.filter(mask)
    table, rejected = assemble(found, ordinals, chosen, options, partial(_place, path, ordinals))
    yield from rejected
    if table.num_rows:
        yield table


def _place(path: Path, ordinals: pa.Array, index: int) -> str:
    return f"{path}:row {ordinals[index].as_py()}"


def _plan(path: Path, schema: pa.Schema, options: ReadOptions) -> Plan:
    """The plan, less unasked columns whose type says that they hold something else."""
    kinds: dict[str, pa.DataType] = {}
    pending = [(field.name, field.type) for field in schema]
    while pending:
        name, kind = pending.pop()
        kinds[name] = kind
        if pa.types.is_struct(kind):
            pending += [(f"{name}.{inner.name}", inner.type) for inner in kind]
    chosen = plan(kinds, options.columns)
    sources = {}
    for name, source in chosen.sources.items():
        kind = kinds.get(source.name)
        if kind is None:
            raise MalformedError(
                path,
                None,
                f"columns {printable(', '.join(schema.names), 120)}, "
                f"expected {name} in {printable(source.name)!r}",
                hint=f'map it in dataset.toml: [columns] {name} = "the column that holds it"',
            )
        if _fits(name, kind):
            sources[name] = source
        elif source.explicit or name == "text":
            raise MalformedError(
                path, None, f"column {printable(source.name)!r} is {kind}, expected {_wanted(name)}"
            )
    return Plan(sources, chosen.constants)


def _fits(name: str, kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    texts = (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )
    if name == "tokens":
        return bool(pa.types.is_integer(kind))
    if name in _TIMES:
        return bool(
            texts
            or pa.types.is_timestamp(kind)
            or pa.types.is_date(kind)
            or pa.types.is_integer(kind)
        )
    return bool(texts)


def _wanted(name: str) -> str:
    if name == "tokens":
        return "whole numbers"
    return "dates or strings" if name in _TIMES else "strings"


def _leaf(batch: pa.RecordBatch, path: tuple[str, ...]) -> pa.Array:
    array = batch.column(path[0])
    for key in path[1:]:
        array = pc.struct_field(array, key)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())
    return array


def _columns(batch: pa.RecordBatch, chosen: Plan) -> tuple[dict[str, pa.Array], dict[int, str]]:
    """Arrays by DOCUMENT name, and the rows whose strings are no UTF-8 (Arrow does not look)."""
    found: dict[str, pa.Array] = {}
    damaged: dict[int, str] = {}
    for name, source in chosen.sources.items():
        array = _leaf(batch, source.path)
        if pa.types.is_large_string(array.type):
            try:
                array.validate(full=True)
            except pa.ArrowInvalid:
                for index, blob in enumerate(array.cast(pa.large_binary())):
                    try:
                        (blob.as_py() or b"").decode()
                    except UnicodeDecodeError as error:
                        damaged.setdefault(
                            index,
                            f"invalid UTF-8 at byte {error.start + 1} of {printable(name)!r}",
                        )
        found[name] = array
    return found, damaged


READER = _Parquet()
