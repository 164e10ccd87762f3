"""What the projection's check reads of the log: entries by index, subjects with several entries.

Which those are is known from the sorted runs, which EntryCheck proves equal to the entries.
"""

import numpy as np
import numpy.typing as npt

from ledger.databases import Connection
from ledger.log.canonical import Entry, parse_entry
from ledger.log.runs import BASE, FANOUT, Digests, Indices, Keys, keys_of, read_run, run_windows
from ledger.log.store import Store

__all__ = ["Mask", "Stored", "contains", "gather", "repeated_keys"]

Mask = npt.NDArray[np.bool_]
_ASKED_FOR = frozenset(
    {"dataset", "evidence", "key", "model", "scheme", "verdict_calibration", "withdrawal"}
)


class Stored:
    """Entries by index; `find` knows only what Files and Others ask for."""

    def __init__(self, connection: Connection, store: Store, size: int) -> None:
        self._store = store
        self.about: dict[bytes, list[int]] = {}
        self.others: dict[int, str] = {}
        rows = connection.execute(
            "SELECT idx, kind, subject FROM entry WHERE kind <> 'origin' AND idx < ? ORDER BY idx",
            (size,),
        )
        for index, kind, subject in rows:
            self.others[index] = kind
            if kind in _ASKED_FOR:
                self.about.setdefault(subject, []).append(index)

    def entry_bytes(self, index: int) -> bytes:
        return self._store.entry(index)

    def entry(self, index: int) -> Entry:
        return parse_entry(self._store.entry(index), f"entry {index}")

    def find(self, digests: Digests) -> tuple[Indices, Indices]:
        query: list[int] = []
        found: list[int] = []
        for number, digest in enumerate(digests):
            indices = self.about.get(digest.tobytes(), ())
            query.extend([number] * len(indices))
            found.extend(indices)
        return np.array(query, np.int64), np.array(found, np.int64)


def repeated_keys(connection: Connection, size: int) -> Keys:
    """Keys that more than one entry has, sorted. Reads the runs, and the entries after them."""
    parts: list[Keys] = []
    covered = 0
    for level, number in run_windows(size):
        run = read_run(connection, level, number)
        parts.append(run.keys)
        covered = run.start + BASE * FANOUT**level
    rows = connection.execute(
        "SELECT subject FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx", (covered, size)
    ).fetchall()
    parts.append(keys_of(np.frombuffer(b"".join(r[0] for r in rows), np.uint8).reshape(-1, 32)))
    keys = np.concatenate(parts)
    keys.sort()
    return np.unique(keys[1:][keys[1:] == keys[:-1]])


def contains(sorted_keys: Keys, keys: Keys) -> Mask:
    """Which of `keys` are among `sorted_keys`."""
    if not len(sorted_keys):
        return np.zeros(len(keys), np.bool_)
    place = np.searchsorted(sorted_keys, keys)
    place[place == len(sorted_keys)] = 0
    found: Mask = sorted_keys[place] == keys
    return found


def gather(connection: Connection, size: int, keys: Keys) -> dict[bytes, list[int]]:
    """Entries about the subjects with these keys, by whole digest."""
    indices: list[int] = []
    windows = run_windows(size)
    covered = 0
    for level, number in windows:
        run = read_run(connection, level, number)
        hit = contains(keys, run.keys)
        indices.extend((run.start + run.offsets[hit].astype(np.int64)).tolist())
        covered = run.start + BASE * FANOUT**level
    for index, subject in connection.execute(
        "SELECT idx, subject FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx", (covered, size)
    ):
        if contains(keys, keys_of(np.frombuffer(subject, np.uint8).reshape(1, 32)))[0]:
            indices.append(index)
    about: dict[bytes, list[int]] = {}
    for index in sorted(indices):
        row = connection.execute("SELECT subject FROM entry WHERE idx = ?", (index,)).fetchone()
        about.setdefault(row[0], []).append(index)
    return about
