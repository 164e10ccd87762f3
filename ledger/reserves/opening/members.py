"""documents.parquet of a seal, read once and counted again: what the seal says of its documents.

A row group is a block of the tree, so digests are ordered and hashed as they come by. Memory is
some fifty bytes a document.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ledger.errors import VerificationError
from ledger.log.merkle import leaf_hashes, root_of
from ledger.log.runs import keys_of
from ledger.reserves.layout import BLOCK
from ledger.reserves.opening.pages import ColumnLimit, check_pages
from ledger.reserves.opening.parquet import Opened, first_line, open_parquet
from ledger.reserves.selection.digests import positions

__all__ = ["DOCUMENTS_SCHEMA", "Members", "document_rows", "read_members"]

_DIGEST = 32
_GROUP_BYTES = 16 << 20  # unpacked, a column of a row group: 4 KiB a row
_DICTIONARY = 64 << 10  # bytes of distinct names in a column of a row group
_PER_ROW = 1000  # datasets that one document may be in

DOCUMENTS_SCHEMA = pa.schema(
    [
        ("sha256", pa.binary(_DIGEST)),
        ("bytes", pa.int64()),
        ("existed_by", pa.int64()),
        ("level", pa.int8()),
        ("standing", pa.string()),
        ("binding", pa.string()),
        ("evidence", pa.string()),
        ("language", pa.string()),
        ("language_ppm", pa.int64()),
        ("license", pa.string()),
        ("datasets", pa.list_(pa.string())),
    ]
)


@dataclass
class Members:
    """What the rows come to. `digests` is (n, 32), ascending; `lengths` are bytes of text.

    `kinds` are the distinct values of `keys`, `codes` the kind of each row; `existed_by` is 0 where
    there is no date. `rows` and `sizes` count documents and bytes by kind; `roots` are the tree's
    blocks.
    """

    digests: npt.NDArray[np.uint8]
    lengths: npt.NDArray[np.int64]
    existed_by: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int32]
    roots: list[bytes] = field(default_factory=list)
    kinds: list[tuple[Any, ...]] = field(default_factory=list)

    keys = ("level", "standing", "binding", "evidence")

    @cached_property
    def heads(self) -> npt.NDArray[np.uint64]:
        """The digests' first eight bytes, to look them up by."""
        return keys_of(self.digests)

    @cached_property
    def rows(self) -> dict[tuple[Any, ...], int]:
        """Documents by kind."""
        counts = np.bincount(self.codes, minlength=len(self.kinds)).tolist()
        return dict(zip(self.kinds, counts, strict=True))

    @cached_property
    def sizes(self) -> dict[tuple[Any, ...], int]:
        """Bytes by kind."""
        return {
            kind: int(self.lengths[self.codes == code].sum())
            for code, kind in enumerate(self.kinds)
        }

    @property
    def content_root(self) -> bytes:
        """RFC 6962 root over the digests: blocks are complete subtrees but for the last."""
        return root_of(self.roots)

    @property
    def digest(self) -> bytes:
        """SHA-256 over the digests, one after the other."""
        return sha256(self.digests.data).digest()

    def has(self, digest: bytes) -> bool:
        """Whether a document is among them."""
        asked = np.frombuffer(digest, np.uint8).reshape(1, _DIGEST)
        return bool(positions(self.digests, self.heads, asked)[0] >= 0)


def read_members(
    data: bytes, documents: int, where: str, check: Callable[[pa.Table, str], None]
) -> Members:
    """Read documents.parquet, which has to hold so many rows; `check` sees every row group.

    Raises VerificationError for another table, digests out of order, or a row without a digest,
    length, level, standing or binding.
    """
    rows = document_rows(data, documents, where)
    found = Members(
        np.empty((documents, _DIGEST), np.uint8),
        np.empty(documents, np.int64),
        np.empty(documents, np.int64),
        np.empty(documents, np.int32),
    )
    kinds: dict[tuple[Any, ...], int] = {}
    done, last = 0, b""
    for table in rows:
        place = f"{where}, from row {done}"
        end = done + table.num_rows
        digests: list[bytes] = table.column("sha256").to_pylist()
        if any(low >= high for low, high in pairwise([last, *digests])):
            raise VerificationError(f"{place}: digests that are not in ascending order")
        last = digests[-1]
        check(table, place)
        found.digests[done:end] = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, _DIGEST)
        found.lengths[done:end] = table.column("bytes").to_numpy()
        found.roots.append(root_of(leaf_hashes(digests)))
        found.existed_by[done:end] = pc.fill_null(table.column("existed_by"), 0).to_numpy()
        found.codes[done:end] = _codes(table, kinds)
        done = end
    found.kinds = list(kinds)
    return found


def document_rows(data: bytes, documents: int, where: str) -> Iterator[pa.Table]:
    """The row groups of documents.parquet, BLOCK rows each. Raises VerificationError."""
    opened = open_parquet(data, DOCUMENTS_SCHEMA, documents, where)
    if len(opened.groups) != -(-documents // BLOCK):  # before room is made for so many
        raise VerificationError(
            f"{where}: {len(opened.groups)} row groups, expected {-(-documents // BLOCK)}"
        )
    return _row_groups(opened, memoryview(data), documents, where)


def _row_groups(opened: Opened, view: memoryview, documents: int, where: str) -> Iterator[pa.Table]:
    for number, group in enumerate(opened.groups):
        rows, expected = group.num_rows, min(BLOCK, documents - number * BLOCK)
        if rows != expected:
            raise VerificationError(
                f"{where}: {rows} rows in row group {number}, expected {expected}"
            )
        fixed = ColumnLimit(_GROUP_BYTES, rows, _GROUP_BYTES)
        names = ColumnLimit(_GROUP_BYTES, rows, _DICTIONARY)
        limits = {
            field.name: names if pa.types.is_string(field.type) else fixed
            for field in DOCUMENTS_SCHEMA
        }
        limits["datasets.list.element"] = ColumnLimit(_GROUP_BYTES, rows * _PER_ROW, _DICTIONARY)
        check_pages(view, group, limits, where)
        try:
            table = opened.file.read_row_group(number, use_threads=False)
            table.validate(full=True)
        except (pa.ArrowException, OSError) as error:
            raise VerificationError(f"{where}: {first_line(error)}") from error
        if table.num_rows != rows:
            raise VerificationError(f"{where}: {table.num_rows} rows where {rows} were said to be")
        yield table


def _codes(table: pa.Table, kinds: dict[tuple[Any, ...], int]) -> npt.NDArray[np.int32]:
    """The kind of each row, by the number that `kinds` gives it; new ones are put in."""
    columns = [pc.dictionary_encode(table.column(name), "encode") for name in Members.keys]
    parts = [column.combine_chunks() for column in columns]
    radix = [len(part.dictionary) for part in parts]
    packed = np.zeros(table.num_rows, np.int64)
    for part, base in zip(parts, radix, strict=True):
        packed = packed * base + part.indices.to_numpy()
    distinct, place = np.unique(packed, return_inverse=True)
    numbers = []
    for value in distinct.tolist():
        key = []
        for part, base in zip(reversed(parts), reversed(radix), strict=True):
            value, index = divmod(value, base)
            key.append(part.dictionary[index].as_py())
        numbers.append(kinds.setdefault(tuple(reversed(key)), len(kinds)))
    return np.array(numbers, np.int32)[place]
