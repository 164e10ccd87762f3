"""The ledger as of an earlier size, for what asks a Log for entries and tables."""

from typing import TYPE_CHECKING, cast

from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.projection import Reader
from ledger.reserves.selection.state import State

if TYPE_CHECKING:
    from ledger.log.vault import Vault

__all__ = ["log_as_of"]


class _AsOf:
    """What choosing, and the lists of reserves and manifests, ask a Log for."""

    def __init__(self, log: Log, tables: Reader, size: int) -> None:
        self._state = State(tables, size)
        self.connection, self.size = tables.connection, size
        self.vault: Vault | None = log.vault
        self.location = log.location

    def entry(self, index: int) -> Entry:
        return self._state.entry(index)

    def find(self, subject: str) -> list[int]:
        return self._state.find(parse_digest(subject))


def log_as_of(log: Log, tables: Reader, size: int) -> Log:
    """The first `size` entries of `log`, whose projection `tables` are; for reading alone.

    It has a log's `connection`, `size`, `vault`, `location`, `entry` and `find`.
    """
    return cast("Log", _AsOf(log, tables, size))
