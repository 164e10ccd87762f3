"""Projection tables as of an earlier size of the log.

Most of what follows a checkpoint says nothing about documents, so the tables at the head still
hold; else the entries below the size are replayed into a temporary database.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.databases import Connection
from ledger.databases.sqlite import DATABASE
from ledger.log.decode import decode
from ledger.log.projection import EntryProjection, Projection, Reader
from ledger.log.runs import RunIndex
from ledger.provenance.projection import ProvenanceProjection

if TYPE_CHECKING:
    from ledger.log.log import Log

__all__ = ["tables_as_of"]

_SILENT = (  # no projection reads them
    "audit", "calibration", "certificate", "manifest", "overlap", "policy", "pull", "reserve",
    "scan", "takedown", "verdict_calibration",
)  # fmt: skip
_CHUNK = 10_240


@contextmanager
def tables_as_of(log: "Log", size: int) -> Iterator[Reader]:
    """The projection tables of the first `size` entries, within the caller's read transaction."""
    marks = ",".join("?" * len(_SILENT))
    moved = log.connection.execute(
        f"SELECT 1 FROM entry WHERE idx >= ? AND kind NOT IN ({marks}) LIMIT 1", (size, *_SILENT)
    ).fetchone()
    if moved is None:
        yield Reader(log.database, log.connection, log.store, log.runs, log.size)
        return
    with tempfile.TemporaryDirectory(prefix="headwater-") as folder:
        location = str(Path(folder) / "replay.db")
        connection = DATABASE.connect(location, write=True, create=True)
        try:
            connection.execute("PRAGMA synchronous=OFF")  # nobody reads this file after us
            yield _replay(log, size, connection)
        finally:
            connection.close()


def _replay(log: "Log", size: int, connection: Connection) -> Reader:
    runs = RunIndex()
    projections: tuple[Projection, ...] = (EntryProjection(runs), ProvenanceProjection())
    DATABASE.begin_write(connection)
    for projection in projections:
        for statement in projection.ddl():
            connection.execute(statement)
    for first, entries in log.store.chunks(0, size, _CHUNK):
        batch = decode(range(first, first + len(entries)), entries)
        reader = Reader(log.database, connection, log.store, runs, first)
        for projection in projections:
            projection.apply(connection, batch, reader)
        reader.flush()
        for projection in projections:
            projection.settle(connection, batch)
    connection.execute("COMMIT")
    return Reader(log.database, connection, log.store, runs, size)
