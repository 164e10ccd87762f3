"""SQLite: one file, WAL, every commit durable before it is acknowledged."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from ledger.databases import NULL_INTEGER, Column, Connection, Texts
from ledger.errors import (
    BrokenChainError,
    BusyError,
    InputError,
    LedgerError,
    StorageError,
    printable,
)

__all__ = ["BUSY_SECONDS", "DATABASE", "SQLite"]

BUSY_SECONDS = 10.0
_CACHE_KIB = 32_768

# Tables whose rows may never change once written, with their keys.
_GUARDED = {
    "bundle": ("idx",),
    "tile": ("level", "idx"),
    "batch": ("number",),
    "checkpoint": ("size",),
    "cosignature": ("size", "name"),
}


class SQLite:
    """The dialect; see Database for what each method promises."""

    name = "sqlite"

    def matches(self, location: str) -> bool:
        return "://" not in location or location.startswith("sqlite:///")

    def path(self, location: str) -> Path:
        return Path(location.removeprefix("sqlite:///"))

    def url(self, location: str) -> str:
        return f"sqlite:///{self.path(location).absolute()}"

    def exists(self, location: str) -> bool:
        return self.path(location).exists()

    def connect(self, location: str, *, write: bool, create: bool = False) -> Connection:
        """Open the file. Reading never writes to it. Raises StorageError or InputError."""
        path = self.path(location)
        if not create and not path.exists():
            raise InputError(f"{path}: no ledger here", hint="headwater init")
        mode = "rwc" if create else ("rw" if write else "ro")
        uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(
                uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
            )
            for pragma in (
                "trusted_schema=OFF",
                "cell_size_check=ON",
                f"cache_size=-{_CACHE_KIB}",
                "temp_store=MEMORY",
            ):
                connection.execute(f"PRAGMA {pragma}")
            if write:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("PRAGMA wal_autocheckpoint=4000")
            else:
                connection.execute("PRAGMA query_only=ON")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            raise self.translate(error, str(path)) from error
        return connection

    def begin_write(self, connection: Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")

    def begin_read(self, connection: Connection) -> None:
        connection.execute("BEGIN")

    def rollback(self, connection: Connection) -> None:
        """Give up the transaction, if the engine has not already done so."""
        assert isinstance(connection, sqlite3.Connection)
        if connection.in_transaction:
            connection.execute("ROLLBACK")

    def shrink(self, connection: Connection) -> None:
        """Give up the pages that are cached: whoever reads on reads them again."""
        connection.execute("PRAGMA shrink_memory")

    def guard(self, connection: Connection) -> None:
        """Install the append-only triggers: a seat belt, the guarantee is checkpoints and pins.

        INSERT OR REPLACE deletes without firing a delete trigger, so a row that exists refuses
        its own insertion.
        """
        for table, keys in _GUARDED.items():
            same = " AND ".join(f"{key} = NEW.{key}" for key in keys)
            rules = {
                "update": (f"BEFORE UPDATE ON {table}", ""),
                "delete": (f"BEFORE DELETE ON {table}", ""),
                "replace": (
                    f"BEFORE INSERT ON {table}",
                    f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})",
                ),
            }
            for rule, (event, when) in rules.items():
                self._trigger(connection, f"{table}_{rule}", event, when, table)
        self._trigger(connection, "tail_update", "BEFORE UPDATE ON tail", "", "tail")
        self._trigger(
            connection,
            "tail_delete",
            "BEFORE DELETE ON tail",
            "WHEN NOT EXISTS (SELECT 1 FROM bundle WHERE idx = OLD.idx / 256)",
            "tail",
        )
        self._trigger(
            connection,
            "tail_replace",
            "BEFORE INSERT ON tail",
            "WHEN EXISTS (SELECT 1 FROM tail WHERE idx = NEW.idx)",
            "tail",
        )

    def _trigger(
        self, connection: Connection, name: str, event: str, when: str, table: str
    ) -> None:
        connection.execute(
            f"CREATE TRIGGER IF NOT EXISTS guard_{name} {event} {when} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )

    def unguard(self, connection: Connection) -> None:
        """Remove the guards, for a migration that must rewrite an authority table."""
        rows = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'guard\\_%' "
            "ESCAPE '\\'"
        ).fetchall()
        for (name,) in rows:
            connection.execute(f'DROP TRIGGER "{name}"')

    @contextmanager
    def scratch(self, connection: Connection) -> Iterator[None]:
        """Let the block make and fill TEMP tables: of this connection alone, in memory.

        They go with its transaction. Of a connection that only reads, the file stays closed to
        writing: it was opened so.
        """
        (before,) = connection.execute("PRAGMA query_only").fetchone()
        connection.execute("PRAGMA query_only=OFF")
        try:
            yield
        finally:
            connection.execute(f"PRAGMA query_only={before}")

    def insertion(self, table: str, columns: Sequence[Column]) -> tuple[str, list[object]]:
        """Rows given as columns, as one INSERT that runs without the interpreter lock.

        A column is a scalar for all rows, an int64 array (NULL where it is `NULL_INTEGER`), a
        (n, 32) byte array or text; at least one is an array, and none is empty. Twice to thrice
        as fast as binding each value: arrays travel as blobs of fixed width that SQL cuts up.
        """
        count = next(len(column) for column in columns if isinstance(column, np.ndarray))
        parameters: list[object] = [count]
        values = []
        for column in columns:
            if isinstance(column, Texts):
                data, width = _padded(column)
                parameters.append(data)
                cut = f"CAST(substr(?{len(parameters)}, i * {width} + 1, {width}) AS TEXT)"
                values.append(f"nullif(rtrim({cut}, char(31)), '')")
            elif not isinstance(column, np.ndarray):
                parameters.append(column)
                values.append(f"?{len(parameters)}")
            elif column.dtype == np.uint8:
                parameters.append(column.tobytes())
                values.append(f"substr(?{len(parameters)}, i * 32 + 1, 32)")
            elif (
                column[0] != NULL_INTEGER
                and int(column[-1]) - int(column[0]) == count - 1
                and (np.diff(column) == 1).all()
            ):
                parameters.append(int(column[0]))
                values.append(f"?{len(parameters)} + i")
            else:
                parameters.append((b"%20d" * count) % tuple(column.tolist()))
                cut = f"CAST(substr(?{len(parameters)}, i * 20 + 1, 20) AS INTEGER)"
                absent = (column == NULL_INTEGER).any()
                values.append(f"nullif({cut}, {NULL_INTEGER + 1} - 1)" if absent else cut)
        statement = (
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1) "
            f"INSERT INTO {table} SELECT {', '.join(values)} FROM n"
        )
        return statement, parameters

    def problems(self, connection: Connection, tables: Sequence[str] = ()) -> list[str]:
        """What the engine finds wrong with its own pages and indexes; empty if nothing.

        `tables` narrows it to these and their indexes.
        """
        try:
            rows = []
            for part in tables or ("20",):
                rows += connection.execute(f"PRAGMA integrity_check({part})").fetchall()
        except sqlite3.DatabaseError as error:
            return [str(error)]
        return [row[0] for row in rows if row[0] != "ok"]

    def undecodable(self, connection: Connection) -> str | None:
        """`table key` of the first text that is not UTF-8, which the engine stores unseen."""
        assert isinstance(connection, sqlite3.Connection)
        usual, connection.text_factory = connection.text_factory, bytes
        try:
            tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            for name in sorted(row[0].decode(errors="replace") for row in tables.fetchall()):
                described = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
                keys = [place for place, column in enumerate(described) if column[5]]
                if not any(column[2] == b"TEXT" for column in described):
                    continue
                for row in connection.execute(f'SELECT * FROM "{name}"'):
                    for column, value in zip(described, row, strict=True):
                        if column[2] == b"TEXT" and _not_utf8(value):
                            return f"{name} {'/'.join(_shown(row[place]) for place in keys)}"
            return None
        finally:
            connection.text_factory = usual

    def has_table(self, connection: Connection, name: str) -> bool:
        found = connection.execute(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,)
        )
        return found.fetchone() is not None

    def schema(self, connection: Connection) -> list[tuple[str, str]]:
        """(name, SQL) of every table, index, trigger and view, sorted by name."""
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
        ).fetchall()
        return [(name, " ".join(sql.split())) for name, sql in rows]

    def translate(self, error: Exception, place: str) -> Exception:
        """The library's error for a driver's error; anything unknown comes back as it is."""
        if isinstance(error, LedgerError) or not isinstance(error, sqlite3.Error):
            return error
        text = str(error)
        if text.startswith("Could not decode to UTF-8"):  # the driver's own error, without a code
            return BrokenChainError(f"{place}: text is not UTF-8", hint="headwater verify names it")
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        known: dict[int, Any] = {
            sqlite3.SQLITE_BUSY: (
                BusyError,
                "another writer holds it",
                "try again when it is done",
            ),
            sqlite3.SQLITE_LOCKED: (
                BusyError,
                "another writer holds it",
                "try again when it is done",
            ),
            sqlite3.SQLITE_FULL: (
                StorageError,
                "disk is full",
                "nothing was lost; free some space",
            ),
            sqlite3.SQLITE_IOERR: (
                StorageError,
                f"the disk refused ({text})",
                "nothing was lost; check free space and limits",
            ),
            sqlite3.SQLITE_READONLY: (
                StorageError,
                "database is read-only",
                "check the file's and the folder's permissions",
            ),
            sqlite3.SQLITE_PERM: (StorageError, text, "check the file's permissions"),
            sqlite3.SQLITE_CANTOPEN: (
                StorageError,
                "cannot open the database file",
                "check that the folder exists and may be written",
            ),
            sqlite3.SQLITE_NOTADB: (BrokenChainError, "file is not a database", None),
            sqlite3.SQLITE_CORRUPT: (
                BrokenChainError,
                f"database is damaged ({text})",
                "restore a copy; `headwater verify` says what still holds",
            ),
        }
        if code in known:
            kind, message, hint = known[code]
            return kind(f"{place}: {message}", hint=hint)  # type: ignore[no-any-return]
        return error


def _not_utf8(value: object) -> bool:
    try:
        return isinstance(value, bytes) and value.decode() is None
    except UnicodeDecodeError:
        return True


def _shown(value: object) -> str:
    return printable(value.decode(errors="replace") if isinstance(value, bytes) else value)


def _padded(texts: Texts) -> tuple[bytes, int]:
    """Text cells of one width, padded with U+001F, and that width in bytes."""
    cells = [b"", *(value.encode() for value in texts.values)]
    width = max(map(len, cells)) or 1
    table = np.frombuffer(b"".join([cell.ljust(width, b"\x1f") for cell in cells]), np.uint8)
    return table.reshape(-1, width)[texts.codes + 1].tobytes(), width


DATABASE = SQLite()
