"""A ledger worth tampering with, and one row at a time changed, dropped, added or swapped."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ledger.corpus.document import STAGED
from ledger.corpus.origins import OriginContext, origin_entries
from ledger.databases.sqlite import SQLite
from ledger.log.canonical import parse_entry
from ledger.log.vault import scope_of
from tests.log.making import (
    AT,
    Ledger,
    authorship,
    dataset,
    digest,
    evidence,
    key,
    new_ledger,
    origin,
    signer,
    withdrawal,
)

BULK = 4_400  # origins: more than one full run of level 0, and entries after it
Row = tuple[Any, ...]


def staged(count: int) -> pa.Table:
    """Rows as a reader leaves them, with what goes to the vault; about one in nine comes twice."""
    rng = np.random.default_rng(20221130)
    digests = rng.integers(0, 256, (count, 32), dtype=np.uint8)
    again = rng.integers(0, count, count // 9)
    digests[again] = digests[rng.permutation(again)]
    columns = {field.name: pa.nulls(count, field.type) for field in STAGED}
    columns["row"] = pa.array(np.arange(count))
    columns["part"] = pa.array(np.zeros(count, np.int32))
    columns["sha256"] = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(32), count, [None, pa.py_buffer(np.ascontiguousarray(digests))]
    )
    columns["bytes"] = pa.array(np.full(count, 1_000))
    columns["language"] = pa.array([("en", "fr", None)[n % 3] for n in range(count)])
    columns["collected_at"] = pa.array([None if n % 5 else 1_500_000_000 + n for n in range(count)])
    columns["url"] = pa.array([f"https://example.org/{n}" for n in range(count)])
    columns["title"] = pa.array([None if n % 4 else f"Title {n}" for n in range(count)])
    return pa.table([columns[field.name] for field in STAGED], schema=STAGED)


def build(folder: Path) -> Ledger:
    """5 batches: bundles, a tail, a full run, three datasets, each kind of claim the facts read."""
    ledger = new_ledger(folder)
    ada = signer("ada.example/claims")
    file = bytes.fromhex(digest("bulk")[7:])
    context = OriginContext("bulk@1", "crawled", "CC0-1.0", file, AT)
    with ledger.open(write=True) as log:
        assert log.vault is not None
        keys = log.vault.ensure_keys([scope_of("file", file)])
        entries, disclosures = origin_entries(staged(BULK), context, keys)
        for start, end in ((0, 2_200), (2_200, BULK)):
            log.append(entries[start:end], disclosures[start:end], [b"a dataset.toml", b"proof"])
    first = parse_entry(entries[7], "entry")
    documents = [digest(f"d{n}") for n in range(120)]
    said = [
        dataset("bulk", "1", license="CC0-1.0"),
        dataset("r", "1"),
        key(ada),
        evidence(digest("bulk"), 1_600_000_000),
        *(origin(d, file=f"f{n % 3}", row=n, language="en") for n, d in enumerate(documents)),
        *(origin(d, file="f9", row=n, site="example.org") for n, d in enumerate(documents[:9])),
        *(origin(d, dataset="q@2", row=n) for n, d in enumerate(documents[:20])),
        origin(first.subject, dataset="q@2", row=77),
        evidence(digest("f1"), 1_650_000_000, outcome="asserted"),
        evidence(documents[3], 1_500_000_000),
        authorship(documents[4], "A0", by=[ada]),
        authorship(documents[5], "A3", ai_ppm=900_000),
        authorship(digest("only authored"), "A1"),
        authorship(digest("only authored, twice"), "A1"),
        authorship(digest("only authored, twice"), "AX"),
    ]
    ledger.append(said)
    ledger.append(
        [
            withdrawal(said[9]),
            withdrawal(dataset("r", "1")),
            origin(documents[5], file="f1", row=400),
            evidence(digest("f2"), 1_640_000_000),
            withdrawal(first),
        ]
    )
    return ledger


def unguarded(path: Path) -> sqlite3.Connection:
    """The file as an attacker has it: no guards, no foreign keys, any statement."""
    connection = sqlite3.connect(path, isolation_level=None)
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def columns(connection: sqlite3.Connection, table: str) -> list[tuple[str, str, bool, bool]]:
    """(name, type, may be null, is key) of each column."""
    rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return [(name, kind, not notnull and not pk, pk > 0) for _, name, kind, notnull, _, pk in rows]


def other_values(value: Any, kind: str, null: bool, pick: random.Random) -> list[Any]:
    """Values that a column of this type may hold and that are not `value`."""
    found: list[Any] = []
    if kind == "INTEGER":
        found += [0, -1, 1, 2**62, -(2**63), 2**63 - 1, pick.randrange(2**20)]
        if value is not None:
            found += [value + 1, value - 1]
    elif kind == "TEXT":
        text = value or ""
        found += ["", "x", text + "\0", text.upper(), "\N{RIGHT-TO-LEFT OVERRIDE}", NOT_UTF8]
    else:
        data = bytes(value)
        place = pick.randrange(len(data))
        bit = bytes([data[place] ^ 1 << pick.randrange(8)])
        found += [data[:place] + bit + data[place + 1 :], data[:-1], data + b"\0", b"", data[::-1]]
    if null and value is not None:
        found.append(None)
    return [candidate for candidate in found if candidate != value]


NOT_UTF8 = b"\xff"  # stored as TEXT, which SQLite lets anybody do


def placeholder(value: Any) -> str:
    return "CAST(? AS TEXT)" if value is NOT_UTF8 else "?"


Change = tuple[str, Sequence[Any]]


class Table:
    """A table of a ledger file (or its vault) as an attacker sees it."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        with closing(sqlite3.connect(path)) as connection:
            self.columns = columns(connection, name)
            self.rows: list[Row] = connection.execute(f"SELECT * FROM {name}").fetchall()
        self.keys = [place for place, column in enumerate(self.columns) if column[3]]
        self.where = " AND ".join(f"{self.columns[place][0]} = ?" for place in self.keys)

    def key(self, row: Row) -> list[Any]:
        return [row[place] for place in self.keys]

    def change(self, row: Row, place: int, value: Any) -> list[Change]:
        column = self.columns[place][0]
        return [
            (
                f"UPDATE {self.name} SET {column} = {placeholder(value)} WHERE {self.where}",
                [value, *self.key(row)],
            )
        ]

    def drop(self, row: Row) -> list[Change]:
        return [(f"DELETE FROM {self.name} WHERE {self.where}", self.key(row))]

    def add(self, row: Row) -> list[Change]:
        return [(f"INSERT INTO {self.name} VALUES ({','.join('?' * len(row))})", row)]

    def swap(self, one: Row, two: Row) -> list[Change]:
        """Each gets what the other says; the keys stay. Nothing if both say the same."""
        rest = [place for place in range(len(self.columns)) if place not in self.keys]
        sets = ", ".join(f"{self.columns[place][0]} = ?" for place in rest)
        statement = f"UPDATE {self.name} SET {sets} WHERE {self.where}"
        said = [[row[place] for place in rest] for row in (one, two)]
        if said[0] == said[1]:
            return []
        return [(statement, [*said[1], *self.key(one)]), (statement, [*said[0], *self.key(two)])]

    @contextmanager
    def tampered(self, changes: Sequence[Change]) -> Iterator[None]:
        """Make the changes; on leaving, put every row and the guards back by SQL."""
        with closing(unguarded(self.path)) as connection:
            connection.execute("BEGIN")
            try:
                for statement, values in changes:
                    connection.execute(statement, values)
            except sqlite3.Error:
                connection.execute("ROLLBACK")
                self.guard(connection)
                raise
            connection.execute("COMMIT")
        try:
            yield
        finally:
            with closing(unguarded(self.path)) as connection:
                connection.execute("BEGIN")
                connection.execute(f"DELETE FROM {self.name}")
                if self.rows:
                    marks = ",".join("?" * len(self.rows[0]))
                    connection.executemany(f"INSERT INTO {self.name} VALUES ({marks})", self.rows)
                self.guard(connection)
                connection.execute("COMMIT")

    def guard(self, connection: sqlite3.Connection) -> None:
        if self.path.name == "ledger.db":  # a vault has no guards
            SQLite().guard(connection)


class IndexPage:
    """The root page of an index, in the closed file: a leaf, as small indexes have."""

    def __init__(self, path: Path, index: str) -> None:
        with closing(sqlite3.connect(path)) as connection:
            (size,) = connection.execute("PRAGMA page_size").fetchone()
            (root,) = connection.execute(
                "SELECT rootpage FROM sqlite_schema WHERE name = ?", (index,)
            ).fetchone()
        self.path, self.start = path, (root - 1) * size
        self.before = path.read_bytes()[self.start : self.start + size]
        assert self.before[0] == 10, "not a leaf page of an index"  # SQLite file format §1.6

    def write(self, page: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(self.start)
            file.write(page)

    def without_last_cell(self) -> bytes:
        """One cell fewer, its bytes given up as fragments, so that the page alone looks sound."""
        count = int.from_bytes(self.before[3:5], "big")
        last = int.from_bytes(self.before[8 + 2 * (count - 1) : 8 + 2 * count], "big")
        freed = self.before[7] + max(1 + self.before[last], 4)
        return (
            self.before[:3]
            + (count - 1).to_bytes(2, "big")
            + self.before[5:7]
            + bytes([freed])
            + self.before[8:]
        )

    def with_another_rowid(self) -> bytes:
        """The first cell ends in the rowid it points to; point elsewhere."""
        cell = int.from_bytes(self.before[8:10], "big")
        end = cell + 1 + self.before[cell]  # payload length is a one-byte varint here
        return self.before[: end - 1] + bytes([self.before[end - 1] ^ 3]) + self.before[end:]
