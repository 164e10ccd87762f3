"""Proves the log's own projection equal to what its entries say: tables entry and run."""

import secrets
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.databases import Connection
from ledger.errors import VerificationError, printable
from ledger.log.decode import Decoded
from ledger.log.runs import BASE, FANOUT, PAGE, Keys, keys_of, read_pages, run_windows

__all__ = ["EntryCheck", "differ"]

Lanes = npt.NDArray[np.uint64]


def differ(table: str, key: object, found: object, expected: object) -> VerificationError:
    """The error for a projection row that is not what the log says."""
    return VerificationError(
        f"{table} {key}: {printable(found)} stored, {printable(expected)} recomputed from the log",
        hint="headwater db rebuild recreates the projection; first find out who changed it",
    )


class EntryCheck:
    """Feed it every batch in order, then finish. Memory does not grow with the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Secret odd multipliers: whoever wrote the runs could not aim at them.
        self._secret = np.frombuffer(secrets.token_bytes(48), np.uint64) | np.uint64(1)
        self._sums: list[Lanes] = []

    def fetch(self, connection: Connection, first: int, end: int) -> tuple[Any, ...]:
        """How many rows, origins and whole digests a range has, and all its digests in a row.

        Indices are unique, so a count that fills the range names every row of it. The scan is in
        order of the primary key, which is the table's own.
        """
        found: tuple[Any, ...] = connection.execute(
            "SELECT count(*), sum(kind = 'origin'), sum(length(subject) = 32), "
            "CAST(group_concat(subject, '') AS BLOB) FROM entry WHERE idx >= ? AND idx < ?",
            (first, end),
        ).fetchone()
        return found

    def feed(self, batch: Decoded, fetched: tuple[Any, ...]) -> None:
        count = len(batch)
        if batch.others or fetched != (count, count, count, batch.subjects.tobytes()):
            self._compare_rows(batch)
        self._add(int(batch.indices[0]), keys_of(batch.subjects))

    def _compare_rows(self, batch: Decoded) -> None:
        first = int(batch.indices[0])
        rows = self._connection.execute(
            "SELECT idx, kind, subject FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx",
            (first, first + len(batch)),
        ).fetchall()
        flat = batch.subjects.tobytes()
        subjects = [flat[i : i + 32] for i in range(0, len(flat), 32)]
        if rows == list(zip(batch.indices.tolist(), batch.kinds, subjects, strict=True)):
            return
        stored = {row[0]: row[1:] for row in rows}
        for row, index in enumerate(batch.indices.tolist()):
            expected = (batch.kinds[row], batch.subjects[row].tobytes())
            found = stored.get(index)
            if found is None:
                raise differ("entry", index, "nothing", batch.kinds[row])
            if found != expected:
                shown = (found[0], bytes(found[1]).hex()[:16])
                raise differ("entry", index, shown, (expected[0], expected[1].hex()[:16]))

    def _mixed(self, keys: Keys, offsets: npt.NDArray[np.uint64]) -> Lanes:
        """Sums over (key, offset) of two secretly keyed 64-bit mixes: a multiset hash."""
        lanes = []
        for a, b, c in self._secret.reshape(2, 3):
            mixed = (keys ^ a) * b + (offsets + np.uint64(1)) * c
            mixed = (mixed ^ (mixed >> np.uint64(31))) * b
            lanes.append((mixed ^ (mixed >> np.uint64(29))).sum(dtype=np.uint64))
        return np.array(lanes, np.uint64)

    def _add(self, first: int, keys: Keys) -> None:
        """Add entries to the sums of their windows of BASE entries, by absolute index."""
        end = first + len(keys)
        for window in range(first // BASE, -(-end // BASE)):
            low, high = max(first, window * BASE), min(end, (window + 1) * BASE)
            if window == len(self._sums):
                self._sums.append(np.zeros(2, np.uint64))
            offsets = np.arange(low, high, dtype=np.uint64)
            self._sums[window] = self._sums[window] + self._mixed(
                keys[low - first : high - first], offsets
            )

    def finish(self, size: int) -> None:
        stored = self._connection.execute(
            "SELECT count(*), min(idx), max(idx) FROM entry"
        ).fetchone()
        if stored[0] != size:
            key = stored[2] if stored[2] is not None and stored[2] >= size else stored[1]
            raise differ("entry", key, f"{stored[0]} rows", f"{size} rows")
        windows = run_windows(size)
        for level, number in windows:
            self._check_run(level, number)
        listed = self._connection.execute(
            "SELECT DISTINCT level, number FROM run ORDER BY level, number"
        ).fetchall()
        for key in listed:
            if key not in windows:
                raise differ("run", f"{key[0]}/{key[1]}", "a run", "nothing")

    def _check_run(self, level: int, number: int) -> None:
        span = FANOUT**level
        start = np.uint64(number * span * BASE)
        expected = np.sum(self._sums[number * span : (number + 1) * span], 0, np.uint64)
        total, count = np.zeros(2, np.uint64), 0
        last: tuple[int, int] = (-1, -1)
        for page, (first, keys, offsets) in enumerate(read_pages(self._connection, level, number)):
            place = f"{level}/{number}/{page}"
            wide = offsets.astype(np.uint64)
            rising = (keys[1:] > keys[:-1]) | ((keys[1:] == keys[:-1]) & (wide[1:] > wide[:-1]))
            head = (int(keys[0]), int(wide[0])) if len(keys) else (-1, -1)
            if (
                len(keys) != PAGE
                or not rising.all()
                or head <= last
                or first != head[0].to_bytes(8, "big")
            ):
                raise differ("run", place, "an unsorted page", "a sorted one")
            last = (int(keys[-1]), int(wide[-1]))
            total = total + self._mixed(keys, start + wide)
            count += len(keys)
        if count != span * BASE or (total != expected).any():
            self._name_page(level, number)

    def _name_page(self, level: int, number: int) -> None:
        """Find the page with an item the entry table lacks; the run is known to be wrong."""
        start = number * BASE * FANOUT**level
        for page, (_, keys, offsets) in enumerate(read_pages(self._connection, level, number)):
            for key, offset in zip(keys.tolist(), offsets.tolist(), strict=True):
                row = self._connection.execute(
                    "SELECT subject FROM entry WHERE idx = ?", (start + offset,)
                ).fetchone()
                if row is None or row[0][:8] != key.to_bytes(8, "big"):
                    found = f"key {key:016x} for entry {start + offset}"
                    expected = row[0][:8].hex() if row else "no such entry"
                    raise differ("run", f"{level}/{number}/{page}", found, expected)
        raise differ("run", f"{level}/{number}", "pages missing", f"{BASE * FANOUT**level} items")
