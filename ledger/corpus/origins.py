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

PRIVATE_FIELDS = ("author", "path", "record", "rights_holder", "title", "url")
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
        _optional_number(rows, "language_ppm"),
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
    messages = _messages(rows, digests, files)
    shown: list[dict[str, str]] = [{} for _ in range(rows.num_rows)]
    fragments: list[pa.Array] = []
    preceded = np.zeros(rows.num_rows, np.bool_)  # whether an earlier field stands before
    for name in fields:
        values = rows.column(name).to_pylist()
        made, present = [], np.ones(rows.num_rows, np.bool_)
        prefix = name.encode() + b"\0"
        for row, value in enumerate(values):
            if value is None:
                present[row] = False
                made.append(_NOTHING)
                continue
            shown[row][name] = value
            salt = hmac.digest(keys[scopes[row]], prefix + messages[row], "sha256")
            made.append(sha256(COMMITMENT_TAG + salt + value.encode()).digest())
        hexes = hexadecimal(np.frombuffer(b"".join(made), np.uint8).reshape(-1, 32))
        opening = b'"%s":"sha256:' % name.encode()
        start = pc.if_else(pa.array(preceded), _scalar(b"," + opening), _scalar(opening))
        whole = pc.binary_join_element_wise(start, hexes, _scalar(b'"'), _scalar(b""))
        fragments.append(pc.if_else(pa.array(present), whole, _scalar(b"")))
        preceded |= present
    joined = pc.binary_join_element_wise(
        _scalar(b',"private":{'), *fragments, _scalar(b"}"), _scalar(b"")
    )
    private = pc.if_else(pa.array(preceded), joined, _scalar(b""))
    disclosures = [
        Disclosure(scope, values) if values else None
        for scope, values in zip(scopes, shown, strict=True)
    ]
    return private, disclosures


_NOTHING = bytes(32)


def _messages(
    rows: pa.Table, digests: npt.NDArray[np.uint8], files: pa.Scalar | npt.NDArray[np.uint8]
) -> list[bytes]:
    """What each row's salts are made of, after the field: subject ‖ 0 ‖ file ‖ row ‖ part."""
    count = rows.num_rows
    table = np.zeros((count, 81), np.uint8)
    table[:, :32] = digests
    if isinstance(files, pa.Scalar):
        table[:, 33:65] = np.frombuffer(bytes.fromhex(files.as_py().decode()), np.uint8)
    else:
        table[:, 33:65] = files
    for start, name in ((65, "row"), (73, "part")):
        number = rows.column(name).to_numpy().astype(">u8")
        table[:, start : start + 8] = number.view(np.uint8).reshape(-1, 8)
    flat = table.tobytes()
    return [flat[i : i + 81] for i in range(0, len(flat), 81)]
