"""Byte strings of many rows joined in Arrow, so that no row passes through Python."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from ledger.manifests.formats.rows import Ints

__all__ = ["blank", "contents", "fixed", "join", "json_objects"]


def join(parts: Sequence[pa.Array | bytes]) -> pa.Array:
    """n byte strings as large_binary: the parts of each row one after the other.

    A part is n strings (large_string or large_binary, without nulls) or one string for all.
    """
    columns = [
        pa.scalar(part, pa.large_binary())
        if isinstance(part, bytes)
        else part.cast(pa.large_binary())
        for part in parts
    ]
    return pc.binary_join_element_wise(*columns, pa.scalar(b"", pa.large_binary()))


def contents(strings: pa.Array) -> memoryview:
    """The bytes of all rows in order, not copied."""
    _, offsets, data = strings.buffers()
    bounds = np.frombuffer(offsets, np.int64)
    first, last = int(bounds[strings.offset]), int(bounds[strings.offset + len(strings)])
    return memoryview(data)[first:last] if data is not None else memoryview(b"")


def fixed(rows: npt.NDArray[np.uint8]) -> pa.Array:
    """(n, w) bytes as n strings of w bytes."""
    count, width = rows.shape
    offsets = np.arange(count + 1, dtype=np.int64) * width
    return _strings(offsets, np.ascontiguousarray(rows))


def blank(size: Ints) -> pa.Array:
    """n strings of so many zero bytes."""
    offsets = np.concatenate([[0], np.cumsum(size)])
    return _strings(offsets, np.zeros(int(offsets[-1]), np.uint8))


def _strings(offsets: Ints, data: npt.NDArray[np.uint8]) -> pa.Array:
    count = len(offsets) - 1
    buffers = [None, pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_binary(), count, buffers)


def json_objects(table: pa.Table) -> pa.Array:
    """n JSON objects as large_binary: the columns by name, ascending, and no spaces.

    For names that need no escape. They are canonical JSON (RFC 8785) where integers are below 2^53.
    """
    parts: list[pa.Array | bytes] = []
    before = b"{"
    for name in sorted(table.column_names):
        parts += [before + orjson.dumps(name) + b":", _json(table.column(name).combine_chunks())]
        before = b","
    return join([*parts, b"}"])


def _json(column: pa.Array) -> pa.Array:
    """n JSON values. Only distinct strings pass through Python: an escape is not Arrow's."""
    if pa.types.is_integer(column.type):
        return column.cast(pa.large_string())
    coded = column.dictionary_encode()
    quoted = [orjson.dumps(value) for value in coded.dictionary.to_pylist()]
    return pa.array(quoted, pa.large_binary()).take(coded.indices)
