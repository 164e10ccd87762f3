"""What differs between SQL dialects, and nothing else. One file per dialect defines DATABASE.

A `Database` opens connections, installs guards and asks the engine for its own opinion of itself.
SQL statements live with the room that owns the tables; they use `?` parameters.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError, printable

__all__ = ["NULL_INTEGER", "Column", "Connection", "Database", "Texts", "database_for"]


class Texts(NamedTuple):
    """A column of text: `codes` index `values`, -1 is NULL. No value is empty or has U+001F."""

    codes: npt.NDArray[np.int32]
    values: Sequence[str]


Column = int | str | npt.NDArray[np.int64] | npt.NDArray[np.uint8] | Texts
"""One value for every row, an int64 array, an (n, 32) byte array, or text."""

NULL_INTEGER = -(2**63)  # stands for NULL in an int64 column


class Connection(Protocol):
    """The part of a DB-API connection that the rooms use; transactions are spelled in SQL."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Any: ...
    def executemany(self, sql: str, parameters: Any, /) -> Any: ...
    def close(self) -> None: ...


class Database(Protocol):
    """A dialect. `location` is a path or URL that `matches`."""

    name: str

    def matches(self, location: str) -> bool: ...
    def url(self, location: str) -> str: ...
    def exists(self, location: str) -> bool: ...
    def connect(self, location: str, *, write: bool, create: bool = False) -> Connection: ...
    def begin_write(self, connection: Connection) -> None: ...
    def begin_read(self, connection: Connection) -> None: ...
    def rollback(self, connection: Connection) -> None: ...
    def shrink(self, connection: Connection) -> None: ...
    def guard(self, connection: Connection) -> None: ...
    def unguard(self, connection: Connection) -> None: ...
    def scratch(self, connection: Connection) -> AbstractContextManager[None]: ...
    def insertion(self, table: str, columns: Sequence[Column]) -> tuple[str, list[object]]: ...
    def problems(self, connection: Connection, tables: Sequence[str] = ()) -> list[str]: ...
    def undecodable(self, connection: Connection) -> str | None: ...
    def has_table(self, connection: Connection, name: str) -> bool: ...
    def schema(self, connection: Connection) -> list[tuple[str, str]]: ...
    def translate(self, error: Exception, place: str) -> Exception: ...


def database_for(location: str) -> Database:
    """The dialect of a location. Raises InputError for a URL nobody here speaks."""
    from ledger.registry import find

    databases: list[Database] = list(find("ledger.databases", "DATABASE").values())
    for database in databases:
        if database.matches(location):
            return database
    known = ", ".join(database.name for database in databases)
    raise InputError(
        f"no database here speaks {printable(location)}", hint=f"known: {known}; or give a path"
    )
