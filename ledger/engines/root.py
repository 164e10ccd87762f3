"""What a scan found, as one digest that does not depend on who computed it, or in which files."""

import struct
from collections.abc import Iterable, Iterator
from hashlib import sha256

import pyarrow as pa

from ledger.engines.scan import Sidecar
from ledger.log.content_root import content_root as root_of

__all__ = ["content_root", "row_bytes"]


def content_root(sidecars: Iterable[Sidecar]) -> bytes:
    """RFC 6962 root over the sorted distinct SHA-256 of every row's canonical bytes."""
    digests = {
        sha256(row).digest()
        for sidecar in sidecars
        for table in sidecar.tables()
        for row in row_bytes(table)
    }
    return root_of(sorted(digests))


def row_bytes(table: pa.Table) -> Iterator[bytes]:
    """Each row's columns in order: `-` for null, else `+`, a u64 length and the bytes.

    An integer is 8 bytes little-endian, a list of integers those of its items. Raises TypeError for
    a type that has no such form.
    """
    columns = [list(_cells(column.combine_chunks())) for column in table.columns]
    for row in zip(*columns, strict=True):
        yield b"".join(
            b"-" if cell is None else b"+" + struct.pack("<Q", len(cell)) + cell for cell in row
        )


def _cells(column: pa.Array) -> Iterator[bytes | None]:
    kind = column.type
    if pa.types.is_fixed_size_binary(kind) or pa.types.is_binary(kind):
        yield from column.to_pylist()
    elif pa.types.is_string(kind):
        yield from (None if cell is None else cell.encode() for cell in column.to_pylist())
    elif pa.types.is_integer(kind):
        wide = _wide(column.fill_null(0))
        valid = column.is_valid().to_pylist()
        yield from (wide[8 * n : 8 * n + 8] if there else None for n, there in enumerate(valid))
    elif pa.types.is_large_list(kind) and pa.types.is_integer(kind.value_type):
        items = _wide(column.values)
        offsets = column.offsets.to_pylist()
        for n, there in enumerate(column.is_valid().to_pylist()):
            yield items[8 * offsets[n] : 8 * offsets[n + 1]] if there else None
    else:
        raise TypeError(f"{kind}, expected integers, bytes, strings or lists of integers")


def _wide(values: pa.Array) -> bytes:
    signed = pa.types.is_signed_integer(values.type)
    wide = values.to_numpy(zero_copy_only=False).astype("<i8" if signed else "<u8")
    return bytes(wide.tobytes())
