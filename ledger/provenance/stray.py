"""Names the row too many, once counts differ. Reads far more than a passing check, and may."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ledger.databases import Connection
from ledger.errors import VerificationError
from ledger.log.canonical import parse_digest
from ledger.log.decode import decode
from ledger.log.rowcheck import differ
from ledger.log.store import Store
from ledger.provenance.gather import file_ranges

__all__ = ["stray_document", "stray_file"]

_KEYS = {"fact": "document", "member": "dataset, document"}


def stray_document(
    connection: Connection,
    table: str,
    size: int,
    repeated: Iterable[Mapping[bytes, Sequence[int]]],
    documents: Iterable[Mapping[bytes, Sequence[int]]],
) -> VerificationError:
    """The error for a row of `fact` or `member` whose document is none, by a count known to differ.

    `repeated`: all subjects with several entries; `documents`: those of them that are documents.
    """
    for row in _candidates(connection, table, size, repeated, documents):
        return differ(table, "/".join(map(str, row)), "a row", "nothing")
    return differ(table, "*", "another number of rows", "one row a document")


def _candidates(
    connection: Connection,
    table: str,
    size: int,
    repeated: Iterable[Mapping[bytes, Sequence[int]]],
    documents: Iterable[Mapping[bytes, Sequence[int]]],
) -> Iterator[tuple[Any, ...]]:
    ask = f"SELECT {_KEYS[table]} FROM {table} WHERE"
    yield from connection.execute(
        f"{ask} document < 0 OR document >= ? LIMIT 1", (size,)
    ).fetchall()
    if table == "member":
        unknown = "dataset NOT IN (SELECT id FROM dataset)"
        yield from connection.execute(f"{ask} {unknown} LIMIT 1").fetchall()
    firsts = {about[0] for part in documents for about in part.values()}
    for part in repeated:
        for about in part.values():
            for index in about:
                if index not in firsts:
                    yield from connection.execute(f"{ask} document = ?", (index,)).fetchall()


def stray_file(connection: Connection, store: Store, size: int) -> VerificationError:
    """The error for the first row of `file` that is not the range of a file's origins."""
    spans: dict[bytes, tuple[int, int]] = {}
    for first, entries in store.chunks(0, size):
        batch = decode(range(first, first + len(entries)), entries)
        if not len(batch.origin_rows):
            continue
        for text, least, most in zip(*file_ranges(batch), strict=True):
            digest = parse_digest(text)
            spans[digest] = (spans[digest][0] if digest in spans else least, most)
    rows = connection.execute("SELECT digest, first, last FROM file").fetchall()
    stored = {digest: (first, last) for digest, first, last in rows}
    for digest in sorted(stored.keys() | spans.keys()):
        if stored.get(digest) != spans.get(digest):
            found, expected = stored.get(digest), spans.get(digest)
            return differ("file", f"sha256:{digest.hex()}", found, expected)
    return differ("file", "*", "another number of rows", f"{len(spans)} rows")
