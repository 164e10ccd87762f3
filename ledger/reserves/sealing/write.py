"""The files of a reserve's content: the same bytes for the same selection, whoever writes them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.log.canonical import encode
from ledger.reserves.layout import BLOCK
from ledger.reserves.opening.members import DOCUMENTS_SCHEMA
from ledger.reserves.opening.shards import TEXT_SCHEMA
from ledger.reserves.sealing.parts import read_part
from ledger.reserves.selection.digests import Digests, Ints, digest_column
from ledger.reserves.selection.select import Selection

__all__ = ["ShardJob", "sync_folder", "write_documents", "write_lines", "write_whole"]

_DICTIONARY = 32 << 10  # bytes of distinct values in a column of a row group …
_BATCH = 32  # … and values until the next look: with the longest ones still below 64 KiB
_CODED = [
    field.name
    for field in DOCUMENTS_SCHEMA
    if pa.types.is_string(field.type) or pa.types.is_list(field.type)
]
_PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "version": "2.6",
    "data_page_version": "1.0",
    "dictionary_pagesize_limit": _DICTIONARY,
    "write_batch_size": _BATCH,
}


@dataclass(frozen=True)
class ShardJob:
    """Writes a text shard: the texts from position `first` on, which are `digests`.

    They lie in the parts from number `part` on, which begin at the positions `starts`.
    """

    path: Path
    parts: Path
    part: int
    starts: Ints
    first: int
    digests: Digests
    size: int  # bytes of text

    def run(self, advance: Callable[[int], None]) -> bytes:
        """SHA-256 of the file. The texts are all in the parts: whoever read them counted."""
        with pq.ParquetWriter(
            self.path, TEXT_SCHEMA, use_dictionary=False, write_statistics=["sha256"], **_PARQUET
        ) as file:
            bounds = [*self.starts.tolist(), self.first + len(self.digests)]
            for number, (low, high) in enumerate(pairwise(bounds), self.part):
                place, texts = read_part(self.parts, number)
                order = np.argsort(place, kind="stable")
                rows = order[np.searchsorted(place[order], np.arange(low, high))]
                for start in range(low, high, BLOCK):
                    end = min(start + BLOCK, high)
                    digests = self.digests[start - self.first : end - self.first]
                    text = texts.take(pa.array(rows[start - low : end - low]))
                    block = pa.table([digest_column(digests), text], schema=TEXT_SCHEMA)
                    file.write_table(block, row_group_size=BLOCK)
                    advance(end - start)
        return settle(self.path)


def write_documents(path: Path, selection: Selection) -> bytes:
    """Write documents.parquet, a row group a block; its SHA-256."""
    with pq.ParquetWriter(
        path, DOCUMENTS_SCHEMA, use_dictionary=_CODED, write_statistics=["sha256"], **_PARQUET
    ) as file:
        for start in range(0, len(selection), BLOCK):
            rows = selection.rows(start, min(start + BLOCK, len(selection)))
            file.write_table(rows, row_group_size=BLOCK)
    return settle(path)


def write_lines(path: Path, values: Sequence[Any]) -> bytes:
    """Write canonical JSON lines in the order of their bytes; the file's SHA-256."""
    return write_whole(path, b"".join(sorted(encode(value) + b"\n" for value in values)))


def write_whole(path: Path, data: bytes) -> bytes:
    """Write a file; its SHA-256."""
    path.write_bytes(data)
    return settle(path)


def settle(path: Path) -> bytes:
    """Have the disk keep a file; the SHA-256 of what it says it holds."""
    digest = sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
        os.fsync(file.fileno())
    return digest.digest()


def sync_folder(path: Path) -> None:
    """Have the disk keep a folder's list of files."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
