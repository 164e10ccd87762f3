"""A file of results as records, each with its place: JSON, JSON lines, CSV or Parquet."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.errors import InputError, MalformedError, printable

__all__ = ["Record", "read_records"]

Record = tuple[int, Mapping[str, Any]]
"""The line or row, from 1, and what stands there."""

_MOST = 1 << 30  # bytes: a vendor is paid by the document, so no file of results is larger
_SUFFIXES = (".csv", ".json", ".jsonl", ".parquet")


def read_records(path: Path) -> tuple[bytes, Iterator[Record]]:
    """A file's bytes and its records.

    Raises InputError where it cannot be read or is of no known kind; the records raise
    MalformedError naming the line.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(
            f"{printable(path)}: found {printable(suffix) or 'no suffix'}, expected "
            f"{', '.join(_SUFFIXES)}",
            hint="rename the file to what it holds",
        )
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise InputError(f"{printable(path)}: {(error.strerror or str(error)).lower()}") from error
    if len(data) > _MOST:
        raise InputError(
            f"{printable(path)}: over {_MOST:,} bytes, too long for results",
            hint="import it in parts",
        )
    return data, _objects(_records(data, suffix, path), path)


def _records(data: bytes, suffix: str, path: Path) -> Iterator[tuple[int, Any]]:
    if suffix == ".jsonl":
        for line, text in enumerate(data.split(b"\n"), 1):
            if text.strip():
                yield line, _json(text, path, line)
    elif suffix == ".json":
        whole = _json(data, path, None)
        yield from enumerate(whole if isinstance(whole, list) else [whole], 1)
    elif suffix == ".csv":
        yield from _csv(data, path)
    else:
        try:
            table = pq.read_table(io.BytesIO(data))
        except (OSError, pa.ArrowException) as error:
            reason = printable(str(error), 200)
            raise MalformedError(path, None, f"not Parquet: {reason}") from error
        row = 0
        for batch in table.to_batches(max_chunksize=1024):
            for record in batch.to_pylist():
                row += 1
                yield row, record


def _json(text: bytes, path: Path, line: int | None) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedError(path, line, f"not JSON: {printable(str(error), 200)}") from error


def _csv(data: bytes, path: Path) -> Iterator[tuple[int, Any]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MalformedError(path, line, "bytes that are not UTF-8") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for record in reader:
            if None in record or None in record.values():
                raise MalformedError(path, reader.line_num, "another number of fields than named")
            yield reader.line_num, record
    except csv.Error as error:
        raise MalformedError(path, reader.line_num, printable(str(error), 200)) from error


def _objects(records: Iterator[tuple[int, Any]], path: Path) -> Iterator[Record]:
    for line, record in records:
        if not isinstance(record, dict):
            raise MalformedError(path, line, f"found {type(record).__name__}, expected an object")
        yield line, record
