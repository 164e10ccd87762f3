"""What a projection is: tables that replaying the log recreates, kept in the same transaction.

The log keeps its own here: one row an entry, and the digest look-up over them.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from ledger.databases import Column, Connection, Database
from ledger.log.canonical import Entry, parse_entry
from ledger.log.decode import Decoded
from ledger.log.rowcheck import EntryCheck
from ledger.log.runs import Digests, Indices, RunIndex
from ledger.log.store import Store

__all__ = ["Check", "EntryProjection", "Projection", "Reader"]

SCHEMA_DIGEST = "450bf93729243435"  # of the DDL in tables.py; a test compares


class Reader:
    """What a projection may read while it is applied, and where it leaves its bulk inserts.

    `find` answers for entries before `size`, which is where the batch begins; `fresh` are the
    batch's own entries, where they are not stored yet. What `insert` is given is in the tables
    after `flush`.
    """

    def __init__(
        self,
        database: Database,
        connection: Connection,
        store: Store,
        runs: RunIndex,
        size: int,
        fresh: Sequence[bytes] = (),
    ) -> None:
        self.database = database
        self.connection = connection
        self.size = size
        self._fresh = fresh
        self._inserts: list[tuple[str, list[object]]] = []
        self._store = store
        self._runs = runs

    def entry(self, index: int) -> Entry:
        return parse_entry(self.entry_bytes(index), f"entry {index}")

    def entry_bytes(self, index: int) -> bytes:
        if self._fresh and index >= self.size:
            return self._fresh[index - self.size]
        return self._store.entry(index)

    def find(self, digests: Digests) -> tuple[Indices, Indices]:
        """(which query, entry index) for every entry whose subject is a queried digest."""
        return self._runs.find(self.connection, self.size, digests)

    def chunks(self, start: int, end: int) -> Iterator[tuple[int, list[bytes]]]:
        if not self._fresh:
            yield from self._store.chunks(start, end)
            return
        if start < self.size:
            yield from self._store.chunks(start, min(end, self.size))
        if end > self.size:
            first = max(start, self.size)
            yield first, list(self._fresh[first - self.size : end - self.size])

    def insert(self, table: str, columns: Sequence[Column]) -> None:
        """Rows for `table`, at least one, as columns (see Database.insertion)."""
        self._inserts.append(self.database.insertion(table, columns))

    def flush(self) -> None:
        """Run what was left by `insert`; nearly all of it without the interpreter lock."""
        inserts, self._inserts = self._inserts, []
        for statement, parameters in inserts:
            self.connection.execute(statement, parameters)


class Check(Protocol):
    """Proves a projection equal to the log: fed every batch in order, then finished.

    `fetch` reads what `feed` will compare for entries first … end; it runs in another thread,
    on a connection of its own over the same snapshot. `feed` and `finish` raise VerificationError
    naming table and key.
    """

    def fetch(self, connection: Connection, first: int, end: int) -> Any: ...
    def feed(self, batch: Decoded, fetched: Any) -> None: ...
    def finish(self, size: int) -> None: ...


class Projection(Protocol):
    """`apply` is called once a batch, in order, in the batch's own transaction; `settle` after
    what all of them inserted is in the tables.

    The result must depend on the log alone, not on where its batches ended.
    """

    @property
    def name(self) -> str: ...
    @property
    def schema_digest(self) -> str: ...
    @property
    def tables(self) -> tuple[str, ...]: ...
    def ddl(self) -> list[str]: ...
    def apply(self, connection: Connection, batch: Decoded, reader: Reader) -> None: ...
    def settle(self, connection: Connection, batch: Decoded) -> None: ...
    def check(self, connection: Connection, store: Store, size: int) -> Check: ...


class EntryProjection:
    """entry: one row an entry. run: the sorted look-up. projection: how far each one is."""

    name = "entry"
    schema_digest = SCHEMA_DIGEST
    tables = ("entry", "run", "projection")

    def __init__(self, runs: RunIndex) -> None:
        self._runs = runs

    def ddl(self) -> list[str]:
        from ledger.log.schema import ddl
        from ledger.log.tables import PROJECTION

        names = set(self.tables)
        return ddl(PROJECTION, names)

    def apply(self, connection: Connection, batch: Decoded, reader: Reader) -> None:
        first, count = int(batch.indices[0]), len(batch)
        if batch.others:
            flat = batch.subjects.tobytes()
            subjects = [flat[i : i + 32] for i in range(0, len(flat), 32)]
            connection.executemany(
                "INSERT INTO entry VALUES (?, ?, ?)",
                zip(range(first, first + count), batch.kinds, subjects, strict=True),
            )
        else:
            reader.insert("entry", (batch.indices, "origin", batch.subjects))

    def settle(self, connection: Connection, batch: Decoded) -> None:
        first, count = int(batch.indices[0]), len(batch)
        self._runs.extend(connection, first + count, count)

    def check(self, connection: Connection, store: Store, size: int) -> Check:
        return EntryCheck(connection)
