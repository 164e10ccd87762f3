"""Staged rows as origin entries, a batch at a time: columns in, canonical entry bytes out.

Writes the bytes that `format_entry` would write for the same claims (a test compares), without a
Python object per document; only commitments are made row by row.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from ledger.log.canonical import encode
from ledger.log.vault import COMMITMENT_TAG, Disclosure, scope_of

__all__ = [
    "PRIVATE_FIELDS",
    "OriginContext",
    "digest_matrix",
    "hexadecimal",
    "origin_entries",
    "scopes_of",
]

PRIVATE_FIELDS = ("author", "path", "rights_holder", "title", "url")
_HEX = np.frombuffer(b"".join(b"%02x" % i for i in range(256)), np.uint16)


@dataclass(frozen=True)
class OriginContext:
    """What all rows of one input share. `file` is the input's digest, 32 bytes."""

    dataset: str
    channel: str
    license: str | None
    file: bytes
    at: int
    actor: str = "operator"


def hexadecimal(digests: npt.NDArray[np.uint8]) -> pa.Array:
    """(n, 32) bytes as an Arrow binary array of 64 hex digits each."""
    digits = np.ascontiguousarray(_HEX[digests])
    fixed = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(64), len(digests), [None, pa.py_buffer(digits)]
    )
    return fixed.cast(pa.binary())


def scopes_of(rows: pa.Table, file: bytes) -> list[bytes]:
    """Each row's scope: its author where known, else the input file."""
    default = scope_of("file", file)
    authors = rows.column("author").combine_chunks().dictionary_encode()
    if authors.null_count == len(authors):
        return [default] * rows.num_rows
    names = [scope_of("author", name) for name in authors.dictionary.to_pylist()]
    return [default if code is None else names[code] for code in authors.indices.to_pylist()]


def origin_entries(
    rows: pa.Table, context: OriginContext, keys: Mapping[bytes, bytes]
) -> tuple[list[bytes], list[Disclosure | None]]:
    """Entry bytes of STAGED `rows`, and what goes to the vault. `keys`: scope -> its key."""
    count = rows.num_rows
    digests = digest_matrix(rows.column("sha256"))
    files = _files(rows, context.file)
    scopes = scopes_of(rows, context.file)
    private, disclosures = _commitments(rows, digests, files, scopes, keys)
    shared = encode({"actor": context.actor, "at": context.at})[:-1]
    head = shared + b',"body":{"bytes":'
    parts = [
        _scalar(head),
        _number(rows.column("bytes")),
        _scalar(b',"channel":' + orjson.dumps(context.channel)),
        _optional_number(rows, "claimed_at"),
        _optional_number(rows, "collected_at"),
        _optional_text(rows, "content_type"),
        _optional_text(rows, "crawler"),
        _scalar(b',"dataset":' + orjson.dumps(context.dataset)),
        _optional_text(rows, "language"),
        _license(rows, context.license),
        _optional_text(rows, "license_stated"),
        _scalar(b',"locator":{"file":"sha256:'),
        files if isinstance(files, pa.Scalar) else hexadecimal(files),
        _scalar(b'","part":'),
        _number(rows.column("part")),
        _scalar(b',"row":'),
        _number(rows.column("row")),
        _scalar(b"}"),
        private,
        _optional_text(rows, "site"),
        _optional_text(rows, "tokenizer"),
        _optional_number(rows, "tokens"),
        _optional_text(rows, "topic"),
        _scalar(b'},"kind":"origin","subject":"sha256:'),
        hexadecimal(digests),
        _scalar(b'","v":1}'),
        _scalar(b""),
    ]
    joined = pc.binary_join_element_wise(*parts, null_handling="replace", null_replacement=b"")
    entries = joined.to_pylist()  # one bytes object an entry: what the log hashes and stores
    assert len(entries) == count
    return entries, disclosures


def _scalar(data: bytes) -> pa.Scalar:
    return pa.scalar(data, pa.binary())


def digest_matrix(column: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    """A binary(32) column without nulls as (n, 32) bytes, zero copy where it is one chunk."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    buffer = array.buffers()[1]
    data = np.frombuffer(buffer, np.uint8, len(array) * 32, array.offset * 32)
    return data.reshape(-1, 32)


def _files(rows: pa.Table, default: bytes) -> pa.Scalar | npt.NDArray[np.uint8]:
    """One hex scalar for the input, or each row's own file digest as (n, 32) bytes."""
    column = rows.column("file")
    if column.null_count == len(column):
        return _scalar(default.hex().encode())
    fill = pa.scalar(default, pa.binary(32))
    return digest_matrix(pa.chunked_array([pc.fill_null(column, fill).combine_chunks()]))


def _number(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks().cast(pa.string()).cast(pa.binary())


def _optional_number(rows: pa.Table, name: str) -> pa.Array | pa.Scalar:
    column = rows.column(name)
    if column.null_count == len(column):
        return _scalar(b"")
    return pc.binary_join_element_wise(
        _scalar(b',"' + name.encode() + b'":'), _number(column), _scalar(b"")
    )


def _optional_text(rows: pa.Table, name: str) -> pa.Array | pa.Scalar:
    column = rows.column(name)
    if column.null_count == len(column):
        return _scalar(b"")
    return _spelled(name, column)


def _spelled(name: str, column: pa.ChunkedArray) -> pa.Array:
    """`,"name":"value"` a row, each distinct value written once; nothing where null."""
    encoded = column.combine_chunks().dictionary_encode()
    values = pa.array(
        [b',"%s":%s' % (name.encode(), orjson.dumps(v)) for v in encoded.dictionary.to_pylist()],
        pa.binary(),
    )
    return values.take(encoded.indices)


def _license(rows: pa.Table, concluded: str | None) -> pa.Array | pa.Scalar:
    """The dataset's licence is concluded for all its members; else what each states."""
    if concluded is not None:
        return _scalar(b',"license":' + orjson.dumps(concluded))
    column = rows.column("license_stated")
    return _scalar(b"") if column.null_count == len(column) else _spelled("license", column)


def _commitments(
    rows: pa.Table,
    digests: npt.NDArray[np.uint8],
    files: pa.Scalar | npt.NDArray[np.uint8],
    scopes: Sequence[bytes],
    keys: Mapping[bytes, bytes],
) -> tuple[pa.Array | pa.Scalar, list[Disclosure | None]]:
    """The `private` object of each row, and the values behind it (see log/vault.py)."""
    fields = [name for name in PRIVATE_FIELDS if rows.column(name).null_count < rows.num_rows]
    if not fields:
        return _scalar(b""), [None] * rows.num_rows
    flat = digests.tobytes()
    lying = (
        bytes.fromhex(files.as_py().decode()) if isinstance(files, pa.Scalar) else files.tobytes()
    )
    step = 0 if isinstance(files, pa.Scalar) else 32
    places = np.empty((rows.num_rows, 2), ">u8")
    places[:, 0] = rows.column("row").to_numpy()
    places[:, 1] = rows.column("part").to_numpy()
    place = places.tobytes()
    columns = [rows.column(name).to_pylist() for name in fields]
    prefixes = [name.encode() + b"\0" for name in fields]
    opening = [b'"%s":"sha256:' % name.encode() for name in fields]
    spelled: list[bytes] = []
    disclosures: list[Disclosure | None] = []
    for row, values in enumerate(zip(*columns, strict=True)):
        subject = flat[row * 32 : row * 32 + 32]
        where = lying[row * step : row * step + 32] + place[row * 16 : row * 16 + 16]
        key, pieces, shown = keys[scopes[row]], [], {}
        for number, value in enumerate(values):
            if value is None:
                continue
            salt = hmac.digest(key, prefixes[number] + subject + b"\0" + where, "sha256")
            made = sha256(COMMITMENT_TAG + salt + value.encode()).hexdigest()
            pieces.append(opening[number] + made.encode() + b'"')
            shown[fields[number]] = value
        spelled.append(b',"private":{' + b",".join(pieces) + b"}" if pieces else b"")
        disclosures.append(Disclosure(scopes[row], shown) if pieces else None)
    return pa.array(spelled, pa.binary()), disclosures
