"""The seat belt: triggers that refuse every way to change a row, and a schema that is only ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from ledger.errors import VerificationError
from ledger.log.schema import upgrade
from tests.log.making import AUTHORITY, Ledger, assert_whole, digest, origin

GUARDED = {
    "bundle": "idx = 0",
    "tile": "level = 0 AND idx = 0",
    "batch": "number = 0",
    "checkpoint": "size = 2",
    "cosignature": "size = 2",
    "tail": "idx = 256",
}


@pytest.fixture
def filled(ledger: Ledger) -> Iterator[tuple[Ledger, sqlite3.Connection]]:
    ledger.append([origin(digest(n), row=n) for n in range(300)])
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as connection:
        yield ledger, connection


@pytest.mark.parametrize("table", AUTHORITY)
def test_guards_refuse_every_way_to_change_a_row(
    filled: tuple[Ledger, sqlite3.Connection], table: str
) -> None:
    ledger, connection = filled
    if table == "cosignature":
        connection.execute("BEGIN")
        connection.execute("INSERT INTO cosignature VALUES (2, 'w', 'line')")
    before = connection.execute(f"SELECT * FROM {table}").fetchall()
    row = connection.execute(f"SELECT * FROM {table} WHERE {GUARDED[table]}").fetchone()
    columns = [c[1] for c in connection.execute(f"PRAGMA table_info({table})")]
    marks = ",".join("?" * len(row))
    for statement, values in (
        (f"UPDATE {table} SET {columns[-1]} = {columns[-1]}", ()),
        (f"UPDATE OR REPLACE {table} SET {columns[0]} = {columns[0]} + 1", ()),
        (f"DELETE FROM {table} WHERE {GUARDED[table]}", ()),
        (f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row),
        (f"REPLACE INTO {table} VALUES ({marks})", row),
        (
            f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO UPDATE SET {columns[-1]} = 'x'",
            row,
        ),
    ):
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            connection.execute(statement, values)
    assert connection.execute(f"SELECT * FROM {table}").fetchall() == before
    if table == "cosignature":
        connection.execute("ROLLBACK")
    assert_whole(ledger)


def test_a_tail_row_goes_only_where_its_bundle_is(
    filled: tuple[Ledger, sqlite3.Connection],
) -> None:
    ledger, connection = filled
    connection.execute("BEGIN")
    connection.execute("INSERT INTO tail VALUES (255, x'00')")
    connection.execute("DELETE FROM tail WHERE idx = 255")  # bundle 0 covers it
    connection.execute("ROLLBACK")
    with pytest.raises(sqlite3.IntegrityError, match="tail is append-only"):
        connection.execute("DELETE FROM tail WHERE idx = 301")
    assert_whole(ledger)


def test_a_missing_guard_is_a_warning_and_comes_back(ledger: Ledger) -> None:
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("DROP TRIGGER guard_batch_delete")
    assert ledger.verify().warnings == [
        "guard_batch_delete is missing; `headwater db upgrade` reinstalls it"
    ]
    with ledger.open() as log:
        upgrade(log.database, ledger.location)
    assert_whole(ledger)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE extra (x)",
        "CREATE VIEW extra AS SELECT 1",
        "CREATE INDEX extra ON tile (idx)",
        "CREATE TRIGGER extra AFTER INSERT ON batch BEGIN SELECT 1; END",
        "DROP INDEX entry_kind",
        "ALTER TABLE fact ADD COLUMN more TEXT",
        "DROP TRIGGER guard_tile_update; "
        "CREATE TRIGGER guard_tile_update BEFORE UPDATE ON tile BEGIN SELECT 1; END",
    ],
)
def test_another_schema_is_not_ours(ledger: Ledger, statement: str) -> None:
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.executescript(statement)
    with pytest.raises(VerificationError, match=r"schema|fact"):
        ledger.verify()
