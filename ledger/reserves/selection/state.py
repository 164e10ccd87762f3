"""The ledger as of its first `size` entries: what choosing a reserve's documents may read."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ledger.databases import Connection
from ledger.log.canonical import Entry
from ledger.log.log import Log
from ledger.log.projection import Reader
from ledger.log.record import live

__all__ = ["State"]


@dataclass(frozen=True)
class State:
    """Projection tables that hold as of `size`, and the entries below it."""

    tables: Reader
    size: int

    @classmethod
    def of(cls, log: Log, size: int) -> "State":
        """The state at the head, which has `size` entries."""
        return cls(Reader(log.database, log.connection, log.store, log.runs, size), size)

    @property
    def connection(self) -> Connection:
        return self.tables.connection

    def entry(self, index: int) -> Entry:
        return self.tables.entry(index)

    def find(self, digest: bytes) -> list[int]:
        """Entries about a subject, ascending."""
        asked = np.frombuffer(digest, np.uint8).reshape(1, 32)
        return [index for index in self.tables.find(asked)[1].tolist() if index < self.size]

    def about(self, digest: bytes) -> list[tuple[int, Entry]]:
        """The claims about a subject that nobody took back."""
        return live([(index, self.entry(index)) for index in self.find(digest)])

    def of_kind(self, kind: str) -> list[tuple[int, bytes]]:
        """(entry, subject) of every claim of a kind but `origin`, in the order of the log."""
        rows = self.connection.execute(
            "SELECT idx, subject FROM entry WHERE kind <> 'origin' AND kind = ? AND idx < ? "
            "ORDER BY idx",
            (kind, self.size),
        ).fetchall()
        return [(int(index), bytes(subject)) for index, subject in rows]

    def chunks(self) -> Iterator[tuple[int, list[bytes]]]:
        """(index of the first, entry bytes), from the first entry to the last."""
        yield from self.tables.chunks(0, self.size)
