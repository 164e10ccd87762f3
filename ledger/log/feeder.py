"""Hands a walk's entries to the checks of projections, a chunk at a time.

Entries are decoded as they come. What the checks compare them with is fetched by a thread of its
own: SQLite leaves the interpreter lock while it works, so it makes progress while the walk, which
holds the lock, hashes the same chunk.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

from ledger.databases import Connection
from ledger.errors import LogMovedError
from ledger.log.decode import PART, Decoder
from ledger.log.log import Log
from ledger.log.projection import Check
from ledger.log.store import Store

__all__ = ["Feeder"]

_CHUNK = 8 * PART


class Feeder:
    """Use as a context manager inside a read transaction over `size` entries."""

    def __init__(self, log: Log, checks: Sequence[Check], size: int) -> None:
        self._log, self._checks, self._size = log, checks, size
        self._first = self._next = 0  # where this chunk begins; the first entry not decoded yet
        self._pending: list[bytes] = []
        self._decoder = Decoder()
        self._fetching: Future[list[Any]] | None = None
        self._pool = ThreadPoolExecutor(1)
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        if self._checks:
            self._connection = self._log.database.connect(self._log.location, write=False)
            self._log.database.begin_read(self._connection)
            beside = Store(self._connection).last_batch().size
            if beside != self._size:
                self._connection.close()
                raise LogMovedError(
                    f"{self._log.location}: {beside} entries, {self._size} a moment ago",
                    hint="somebody is writing; verify again",
                )
            self._fetch_ahead()
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        if self._connection is not None:
            self._connection.close()

    def take(self, entries: list[bytes]) -> None:
        """The next entries of the walk. Raises what a check raises."""
        if not self._checks:
            return
        self._pending.extend(entries)
        if len(self._pending) >= PART:
            self._decode()
            if len(self._decoder) >= _CHUNK:
                self._feed()

    def finish(self) -> None:
        """Feed what is left."""
        if self._pending:
            self._decode()
        if len(self._decoder):
            self._feed()

    def _decode(self) -> None:
        entries, self._pending = self._pending, []
        self._decoder.add(range(self._next, self._next + len(entries)), entries)
        self._next += len(entries)

    def _feed(self) -> None:
        batch, self._decoder = self._decoder.finish(), Decoder()
        assert self._fetching is not None
        fetched = self._fetching.result()
        if len(batch) != _CHUNK:  # the last chunk, or a batch that ends it early
            fetched = self._fetch(self._first, self._next)
        self._first = self._next
        self._fetch_ahead()
        for check, rows in zip(self._checks, fetched, strict=True):
            check.feed(batch, rows)

    def _fetch_ahead(self) -> None:
        self._fetching = self._pool.submit(self._fetch, self._first, self._first + _CHUNK)

    def _fetch(self, first: int, end: int) -> list[Any]:
        assert self._connection is not None
        return [check.fetch(self._connection, first, end) for check in self._checks]
