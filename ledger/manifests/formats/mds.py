"""MosaicML's MDS, version 2: shards with an offset of each sample, and index.json.

A shard is: n, uint32; n + 1 offsets, uint32, from the shard's start, of each sample and of the
end; a JSON object that says how it was written; n samples. A sample is the sizes, uint32, of its
columns of no fixed size, then the columns' bytes. Columns are by name, ascending; numbers are
little-endian. Both JSON objects have their keys in order and the spaces of Python's `json`: so the
bytes of index.json and of plain shards are those that mosaicml-streaming 0.13 itself writes.
"""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ledger.manifests.formats import COLUMNS, SHARD_BYTES, Written
from ledger.manifests.formats.buffers import contents, fixed, join
from ledger.manifests.formats.folder import Folder, whole_folder
from ledger.manifests.formats.rows import (
    Ints,
    Tally,
    check_request,
    checked,
    cut,
    lengths,
    shard_number,
)
from ledger.manifests.formats.words import describe

__all__ = ["FORMAT", "Mds"]

_WORD = np.dtype("<u4")
_CODEC = ("zstd", 3)
_USE = """\
```python
from streaming import StreamingDataset

rows = StreamingDataset(local="PATH OF THIS FOLDER", shuffle=True, batch_size=32)
```

One stream is the whole mix: give it no `proportion`, `repeat` or `choose`. `validate_hash="sha256"`
compares a shard it downloads with `index.json`, whose own digest is the manifest's to check.
"""


class Mds:
    """index.json and shard.00000.mds …, or shard.00000.mds.zstd … where `packed`.

    Strings are `str`, integers `int64`; each file's `hashes` hold its sha256.
    """

    unit = "documents"

    def __init__(self, name: str, *, packed: bool) -> None:
        self.name = name
        self._packing = _CODEC[0] if packed else None

    def write(
        self,
        rows: Iterator[pa.Table],
        folder: Path,
        *,
        shard_bytes: int = SHARD_BYTES,
        columns: Sequence[str] = COLUMNS,
    ) -> list[Written]:
        check_request(shard_bytes, columns)
        tally = Tally()
        shards: list[dict[str, Any]] = []
        with whole_folder(folder) as new:
            tables = checked(rows, columns, tally)
            first = next(tables)
            head = _head(first.select(list(columns)).schema, self._packing, shard_bytes)
            told = _json(head)
            room = shard_bytes - 2 * _WORD.itemsize - len(told)
            for number, table in enumerate(cut(chain([first], tables), _cost, room)):
                name = f"shard.{shard_number(number)}.mds"
                shards.append({**head, "samples": table.num_rows})
                shards[-1] |= self._put(new, name, _shard(table, told), table.num_rows)
            new.put("index.json", _json({"version": 2, "shards": shards}))
            describe(
                new,
                self.name,
                self.unit,
                tally,
                title="Documents for training, as MosaicML MDS",
                use=_USE,
            )
        return new.written

    def _put(self, folder: Folder, name: str, data: bytes, rows: int) -> dict[str, Any]:
        """Write a shard, packed or not; the files that the index is to name."""
        if self._packing is None:
            return {"raw_data": _file(folder.put(name, data, rows)), "zip_data": None}
        plain = Written(name, len(data), sha256(data).digest(), rows)
        packed = pa.Codec(*_CODEC).compress(data, asbytes=True)
        written = folder.put(f"{name}.{self._packing}", packed, rows)
        return {"raw_data": _file(plain), "zip_data": _file(written)}


def _names(schema: pa.Schema) -> tuple[list[str], list[str]]:
    """The columns of no fixed size, and all columns, both by name."""
    names = sorted(schema.names)
    return [name for name in names if pa.types.is_large_string(schema.field(name).type)], names


def _head(schema: pa.Schema, packing: str | None, shard_bytes: int) -> dict[str, Any]:
    strings, names = _names(schema)
    return {
        "column_encodings": ["str" if name in strings else "int64" for name in names],
        "column_names": names,
        "column_sizes": [None if name in strings else 8 for name in names],
        "compression": packing,
        "format": "mds",
        "hashes": ["sha256"],
        "size_limit": shard_bytes,
        "version": 2,
    }


def _cost(table: pa.Table) -> Ints:
    """Bytes of n samples: an offset, sizes, and the columns."""
    strings, names = _names(table.schema)
    each = _WORD.itemsize * (1 + len(strings)) + 8 * (len(names) - len(strings))
    total = np.full(table.num_rows, each, np.int64)
    for name in strings:
        total += lengths(table.column(name))
    return total


def _shard(table: pa.Table, head: bytes) -> bytes:
    strings, names = _names(table.schema)
    count = table.num_rows
    columns = {name: table.column(name).combine_chunks() for name in names}
    sizes = np.stack([lengths(columns[name]) for name in strings], axis=1).astype(_WORD)
    samples = join(
        [
            fixed(sizes.view(np.uint8).reshape(count, -1)),
            *(columns[name] if name in strings else _number(columns[name]) for name in names),
        ]
    )
    offsets = np.concatenate([[0], np.cumsum(lengths(samples))])
    offsets += _WORD.itemsize * (count + 2) + len(head)
    return b"".join(
        [
            np.array([count], _WORD).tobytes(),
            offsets.astype(_WORD).tobytes(),
            head,
            contents(samples),
        ]
    )


def _number(column: pa.Array) -> pa.Array:
    values = column.to_numpy().astype("<i8")
    return fixed(values.view(np.uint8).reshape(len(values), 8))


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _file(file: Written) -> dict[str, Any]:
    hashes = {"sha256": file.sha256.hex()}
    return {"basename": file.path, "bytes": file.size, "hashes": hashes}


FORMAT = Mds("mds", packed=False)
