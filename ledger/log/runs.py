"""Digest look-up through sorted runs, never a B-tree on random keys (which thirds the append rate).

A run covers an aligned window of entries: at level l, entries [n·4096·8^l, (n+1)·4096·8^l). It
lists (first 8 bytes of the subject digest, offset in the window) sorted; eight runs of a level
become one of the next. Entries after the last full window are found in the entry table itself.
The shape depends on the log's size only, never on batches. A key is a hint: the caller compares
the whole digest.

A page holds up to 4096 items: keys as u64 big-endian, then offsets as u32 big-endian.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ledger.databases import Connection
from ledger.errors import BrokenChainError

__all__ = [
    "BASE",
    "FANOUT",
    "PAGE",
    "Run",
    "RunIndex",
    "keys_of",
    "read_pages",
    "read_run",
    "run_windows",
]

BASE = 4096
FANOUT = 8
PAGE = 4096

Keys = npt.NDArray[np.uint64]
Offsets = npt.NDArray[np.uint32]
Digests = npt.NDArray[np.uint8]  # shape (n, 32)
Indices = npt.NDArray[np.int64]


class Run(NamedTuple):
    """A whole run in memory; `offsets` count from `start`."""

    level: int
    number: int
    keys: Keys
    offsets: Offsets

    @property
    def start(self) -> int:
        return self.number * BASE * int(FANOUT**self.level)


def keys_of(digests: Digests) -> Keys:
    """The first 8 bytes of each digest as a big-endian number."""
    heads = np.ascontiguousarray(digests[:, :8])
    return heads.view(">u8").reshape(-1).astype(np.uint64)


def run_windows(size: int) -> list[tuple[int, int]]:
    """(level, number) of every run of a log of `size` entries, in order of their windows."""
    windows, start = [], 0
    level, span = 0, BASE
    while span * FANOUT <= size:
        level, span = level + 1, span * FANOUT
    while level >= 0:
        while start + span <= size:
            windows.append((level, start // span))
            start += span
        level, span = level - 1, span // FANOUT
    return windows


def read_run(connection: Connection, level: int, number: int) -> Run:
    """A whole run. Pages come in order of their keys."""
    rows = connection.execute(
        "SELECT data FROM run WHERE level = ? AND number = ? ORDER BY page", (level, number)
    ).fetchall()
    pages = [_parse_page(row[0]) for row in rows]
    if not pages:
        return Run(level, number, np.empty(0, np.uint64), np.empty(0, np.uint32))
    return Run(
        level,
        number,
        np.concatenate([keys for keys, _ in pages]),
        np.concatenate([offsets for _, offsets in pages]),
    )


def read_pages(
    connection: Connection, level: int, number: int
) -> Iterator[tuple[bytes, Keys, Offsets]]:
    """(least key as stored, keys, offsets) of each page; pages are numbered from 0 without gaps."""
    rows = connection.execute(
        "SELECT page, first, data FROM run WHERE level = ? AND number = ? ORDER BY page",
        (level, number),
    )
    for expected, (page, first, data) in enumerate(rows):
        if page != expected or len(data) % 12 or len(data) > PAGE * 12:
            raise BrokenChainError(f"run {level}/{number}/{page}: not the page that was expected")
        yield first, *_parse_page(data)


def _parse_page(data: bytes) -> tuple[Keys, Offsets]:
    count = len(data) // 12
    keys = np.frombuffer(data, ">u8", count).astype(np.uint64)
    return keys, np.frombuffer(data, ">u4", count, count * 8).astype(np.uint32)


def format_pages(keys: Keys, offsets: Offsets) -> Iterator[tuple[bytes, bytes]]:
    """(least key, data) of each page of a sorted run."""
    for start in range(0, len(keys), PAGE):
        chunk = keys[start : start + PAGE].astype(">u8").tobytes()
        yield chunk[:8], chunk + offsets[start : start + PAGE].astype(">u4").tobytes()


class RunIndex:
    """The look-up of one writer or reader. Holds a bit filter once it is asked in bulk."""

    def __init__(self) -> None:
        self._size = 0  # entries the filter covers; the runs below it are all in it
        self._filter: npt.NDArray[np.uint8] | None = None
        self._bits = 0

    def forget(self) -> None:
        """Drop what was read: the transaction it was read in was rolled back."""
        self._size, self._filter = 0, None

    def extend(self, connection: Connection, size: int, new: int) -> None:
        """Write the runs that became full when the log grew by `new` entries to `size`."""
        before = run_windows(size - new)
        for level, number in run_windows(size):
            if (level, number) not in before:
                self._write(connection, level, number)

    def _write(self, connection: Connection, level: int, number: int) -> None:
        keys, offsets = self._gather(connection, level, number)
        order = np.lexsort((offsets, keys))
        rows = (
            (level, number, page, first, data)
            for page, (first, data) in enumerate(format_pages(keys[order], offsets[order]))
        )
        connection.executemany("INSERT INTO run VALUES (?, ?, ?, ?, ?)", rows)

    def _gather(self, connection: Connection, level: int, number: int) -> tuple[Keys, Offsets]:
        """Items of a window: from eight lower runs, which go, or from the entry table."""
        if level == 0:
            start = number * BASE
            keys = keys_of(_subjects(connection, start, start + BASE))
            return keys, np.arange(len(keys), dtype=np.uint32)
        parts: list[tuple[Keys, Offsets]] = []
        span = BASE * FANOUT ** (level - 1)
        for child in range(FANOUT):
            run = read_run(connection, level - 1, number * FANOUT + child)
            if len(run.keys) == 0:  # never written: the log grew by more than its window at once
                keys, offsets = self._gather(connection, level - 1, number * FANOUT + child)
                run = Run(level - 1, number * FANOUT + child, keys, offsets)
            parts.append((run.keys, run.offsets + np.uint32(child * span)))
        connection.execute(
            "DELETE FROM run WHERE level = ? AND number BETWEEN ? AND ?",
            (level - 1, number * FANOUT, number * FANOUT + FANOUT - 1),
        )
        return np.concatenate([k for k, _ in parts]), np.concatenate([o for _, o in parts])

    def find(self, connection: Connection, size: int, digests: Digests) -> tuple[Indices, Indices]:
        """(which query, entry index) of every entry below `size` whose subject is a queried digest.

        Ordered by query, then index. A query may repeat; each repetition gets its answers.
        """
        keys = keys_of(digests)
        windows = run_windows(size)
        covered = (windows[-1][1] + 1) * BASE * FANOUT ** windows[-1][0] if windows else 0
        queries: list[Indices] = []
        found: list[Indices] = []
        for query, index in (
            self._in_runs(connection, keys, windows, covered),
            _in_tail(connection, digests, covered, size),
        ):
            queries.append(query)
            found.append(index)
        query, index = np.concatenate(queries), np.concatenate(found)
        if len(query):
            same = _equal(connection, index, digests[query])
            query, index = query[same], index[same]
            order = np.lexsort((index, query))
            query, index = query[order], index[order]
        return query, index

    def _in_runs(
        self, connection: Connection, keys: Keys, windows: list[tuple[int, int]], covered: int
    ) -> tuple[Indices, Indices]:
        none = np.empty(0, np.int64)
        if not windows or not len(keys):
            return none, none
        if len(keys) < 256:
            hits = [_search(connection, key, windows) for key in keys.tolist()]
            counts = np.array([len(hit) for hit in hits], np.int64)
            return np.repeat(np.arange(len(keys)), counts), np.array(
                [index for hit in hits for index in hit], np.int64
            )
        maybe = np.flatnonzero(self._filtered(connection, keys, windows, covered))
        if not len(maybe):
            return none, none
        order = maybe[np.argsort(keys[maybe], kind="stable")]
        asked = keys[order]
        queries, found = [none], [none]
        for level, number in windows:
            run = read_run(connection, level, number)
            low = np.searchsorted(run.keys, asked, "left")
            high = np.searchsorted(run.keys, asked, "right")
            counts = high - low
            hit = np.flatnonzero(counts)
            if len(hit):
                positions = np.concatenate([np.arange(low[i], high[i]) for i in hit.tolist()])
                queries.append(np.repeat(order[hit], counts[hit]))
                found.append(run.start + run.offsets[positions].astype(np.int64))
        return np.concatenate(queries), np.concatenate(found)

    def _filtered(
        self, connection: Connection, keys: Keys, windows: list[tuple[int, int]], covered: int
    ) -> npt.NDArray[np.bool_]:
        """False where a key is certainly in no run: one bit per key, at least 32 bits an entry."""
        if self._filter is None or covered * 32 > 1 << self._bits or covered < self._size:
            self._bits = max(20, int(covered * 64).bit_length())
            self._filter = np.zeros(1 << self._bits - 3, np.uint8)
            self._size = 0
        for level, number in windows:
            start = number * BASE * FANOUT**level
            if start + BASE * FANOUT**level > self._size:
                self._mark(read_run(connection, level, number).keys)
        self._size = covered
        slots = keys >> np.uint64(64 - self._bits)
        bits = np.left_shift(np.uint8(1), (slots & np.uint64(7)).astype(np.uint8))
        present: npt.NDArray[np.bool_] = (self._filter[slots >> np.uint64(3)] & bits) != 0
        return present

    def _mark(self, keys: Keys) -> None:
        assert self._filter is not None
        slots = keys >> np.uint64(64 - self._bits)
        bits = np.left_shift(np.uint8(1), (slots & np.uint64(7)).astype(np.uint8))
        np.bitwise_or.at(self._filter, slots >> np.uint64(3), bits)


def _subjects(connection: Connection, start: int, end: int) -> Digests:
    """Subjects of a range of entries, (n, 32). Raises BrokenChainError if one is no digest."""
    count, whole, data = connection.execute(
        "SELECT count(*), total(length(subject) = 32), CAST(group_concat(subject, '') AS BLOB) "
        "FROM entry WHERE idx >= ? AND idx < ?",
        (start, end),
    ).fetchone()
    if count != whole:
        raise BrokenChainError(f"entry {start}–{end - 1}: a subject is not 32 bytes")
    return np.frombuffer(data or b"", np.uint8).reshape(-1, 32)


def _in_tail(
    connection: Connection, digests: Digests, covered: int, size: int
) -> tuple[Indices, Indices]:
    if len(digests) <= 16:
        few = [
            (query, row[0])
            for query, digest in enumerate(digests)
            for row in connection.execute(
                "SELECT idx FROM entry WHERE idx >= ? AND idx < ? AND subject = ?",
                (covered, size, digest.tobytes()),
            )
        ]
        both = np.array(few, np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]
    tail = _subjects(connection, covered, size)
    if not len(tail):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    keys = keys_of(tail)
    order = np.argsort(keys, kind="stable")
    asked = keys_of(digests)
    low = np.searchsorted(keys[order], asked, "left")
    counts = np.searchsorted(keys[order], asked, "right") - low
    hit = np.flatnonzero(counts)
    if not len(hit):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    positions = np.concatenate([np.arange(low[i], low[i] + counts[i]) for i in hit.tolist()])
    return np.repeat(hit, counts[hit]), covered + order[positions]


def _equal(connection: Connection, index: Indices, digests: Digests) -> npt.NDArray[np.bool_]:
    """Whether the entry at each index has exactly this subject."""
    stored: dict[int, bytes] = {}
    distinct = np.unique(index).tolist()
    for start in range(0, len(distinct), 500):
        part = distinct[start : start + 500]
        marks = ",".join("?" * len(part))
        stored.update(
            connection.execute(
                f"SELECT idx, subject FROM entry WHERE idx IN ({marks})", part
            ).fetchall()
        )
    wanted = [bytes(row) for row in digests]
    return np.array(
        [stored.get(i) == want for i, want in zip(index.tolist(), wanted, strict=True)], np.bool_
    )


def _search(connection: Connection, key: int, windows: list[tuple[int, int]]) -> list[int]:
    """Entry indices whose key is `key`, reading at most a few pages a run."""
    head = key.to_bytes(8, "big")
    found: list[int] = []
    for level, number in windows:
        rows = connection.execute(
            "SELECT data FROM run WHERE level = ? AND number = ? AND (first = ? OR page = ("
            "SELECT max(page) FROM run WHERE level = ? AND number = ? AND first < ?))",
            (level, number, head, level, number, head),
        ).fetchall()
        for (data,) in rows:
            keys, offsets = _parse_page(data)
            low, high = (
                np.searchsorted(keys, [key], "left")[0],
                np.searchsorted(keys, [key], "right")[0],
            )
            start = number * BASE * FANOUT**level
            found.extend((start + offsets[low:high].astype(np.int64)).tolist())
    return found
