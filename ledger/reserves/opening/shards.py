"""A shard of a reserve's texts, hashed again: the file's bytes, then every text in it.

What a shard must hold is known before it is opened, from documents.parquet, so no more is read
and nothing is decoded that the plan has no room for. Runs in a process of its own for large seals.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.corpus.hashing import hash_texts
from ledger.errors import DocumentMismatchError, VerificationError, printable
from ledger.reserves.opening.listing import read_bounded
from ledger.reserves.opening.pages import ColumnLimit, check_pages
from ledger.reserves.opening.parquet import first_line, open_parquet

__all__ = ["TEXT_SCHEMA", "Shard", "check_shard"]

TEXT_SCHEMA = pa.schema([("sha256", pa.binary(32)), ("text", pa.large_string())])
_ROWS = 4096  # decoded at a time
_ROOM = 1 << 20  # bytes of a file beyond its values: pages, footer, statistics


@dataclass(frozen=True)
class Shard:
    """One shard as it has to be: its file's digest, and the documents first … first+rows-1.

    `members` and `lengths` are SHA-256 over the digests and over the lengths (int64, little
    endian) of its documents, one after the other; `size` is the bytes of its texts.
    """

    path: Path
    digest: bytes
    first: int
    rows: int
    size: int
    members: bytes
    lengths: bytes


def check_shard(shard: Shard) -> int:
    """Hash a shard again; how many texts it holds.

    Raises DocumentMismatchError naming the text that is not its digest's, VerificationError for a
    shard that is not the planned one.
    """
    where = printable(shard.path)
    data = read_bounded(shard.path, shard.size + 80 * shard.rows + _ROOM)
    if sha256(data).digest() != shard.digest:
        raise VerificationError(f"{where}: its bytes are not those of SHA256SUMS")
    opened = open_parquet(data, TEXT_SCHEMA, shard.rows, where)
    view = memoryview(data)
    members, lengths, done = sha256(), sha256(), 0
    for number, group in enumerate(opened.groups):
        rows = group.num_rows
        limits = {
            "sha256": ColumnLimit(40 * rows + _ROOM, rows, 40 * rows + _ROOM),
            "text": ColumnLimit(shard.size + 8 * rows + _ROOM, rows),
        }
        check_pages(view, group, limits, where)
        for batch in _batches(opened.file, number, where):
            named, texts = batch.column(0), batch.column(1)
            found, sizes = _hash(named, texts, shard.first + done, where)
            members.update(found)
            lengths.update(sizes)
            done += batch.num_rows
    if (members.digest(), lengths.digest()) != (shard.members, shard.lengths):
        raise VerificationError(
            f"{where}: its texts are not the documents {shard.first} to "
            f"{shard.first + shard.rows - 1} of documents.parquet, in that order"
        )
    return done


def _batches(file: pq.ParquetFile, group: int, where: str) -> Iterator[pa.RecordBatch]:
    batches = file.iter_batches(_ROWS, [group], use_threads=False)
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                return
            batch.validate(full=True)  # offsets that run backwards, text that is not UTF-8
        except (pa.ArrowException, OSError) as error:
            raise VerificationError(f"{where}: {first_line(error)}") from error
        yield batch


def _hash(named: pa.Array, texts: pa.Array, first: int, where: str) -> tuple[bytes, bytes]:
    """(digests, lengths as int64) of a batch whose texts are those that its digests name."""
    if named.null_count or texts.null_count:
        raise VerificationError(f"{where}: a row without a digest or without a text")
    hashed, sizes = hash_texts(texts)
    if not hashed.equals(named):
        wrong = pa.compute.index(pa.compute.equal(hashed, named), False).as_py()
        raise DocumentMismatchError(
            f"{where}: document {first + wrong}: text has digest {hashed[wrong].as_py().hex()}, "
            f"its row says {named[wrong].as_py().hex()}"
        )
    return hashed.buffers()[1].to_pybytes(), sizes.to_numpy().astype("<i8").tobytes()
