"""Looks after a ledger's database: its schema's version, its own soundness, its derived tables.

Works where the ledger cannot be opened as one, because its schema is of another version.
"""

from dataclasses import dataclass

from ledger.databases import database_for
from ledger.errors import LedgerError, SchemaTooNewError, VerificationError
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.schema import HEAD, current_version, upgrade
from ledger.log.shape import schema_differences
from ledger.provenance.opening import open_ledger
from ledger.provenance.status import ProjectionState, projection_states

__all__ = ["Checked", "SchemaVersion", "check_database", "schema_version", "upgrade_database"]


@dataclass(frozen=True)
class SchemaVersion:
    """The database's schema and the one this program writes."""

    found: str
    known: str

    @property
    def state(self) -> str:
        """`current`, `outdated` or `too new`."""
        if self.found == self.known:
            return "current"
        return "outdated" if self.found < self.known else "too new"


@dataclass(frozen=True)
class Checked:
    """What `db check` found. `problems` make the database unfit, `warnings` do not."""

    version: SchemaVersion
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    projections: tuple[ProjectionState, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing needs doing before the ledger is used."""
        return not self.problems and all(p.state == "current" for p in self.projections)


def schema_version(location: str) -> SchemaVersion:
    """Which schema a database has. Raises InputError if there is no ledger, StorageError."""
    database = database_for(location)
    connection = database.connect(location, write=False)
    try:
        return SchemaVersion(current_version(database, connection, location), HEAD)
    finally:
        connection.close()


def upgrade_database(location: str) -> SchemaVersion:
    """Bring a ledger's authority tables to this program's schema; returns what it was before.

    Also reinstalls guards that are missing. Raises SchemaTooNewError, BusyError or StorageError.
    """
    before = schema_version(location)
    _refuse_newer(location, before)
    database = database_for(location)
    try:
        upgrade(database, location)
    except Exception as error:
        translated = database.translate(getattr(error, "orig", None) or error, location)
        if not isinstance(translated, LedgerError):
            raise
        raise translated from error
    return before


def check_database(location: str, keys: KeyRing | None = None) -> Checked:
    """The engine's own integrity check, the schema against the published one, derived tables.

    Reads pages and definitions, not entries: what they say is for `verify`. Raises
    SchemaTooNewError, SchemaOutdatedError or what opening raises.
    """
    version = schema_version(location)
    _refuse_newer(location, version)
    with open_ledger(location, keys=keys) as log:
        problems = log.database.problems(log.connection)
        if log.vault is not None:
            problems += [f"vault: {problem}" for problem in log.vault.problems()]
        warnings: list[str] = []
        try:
            warnings = schema_differences(log.database, log.connection)
        except VerificationError as error:
            problems.append(str(error))
        return Checked(version, tuple(problems), tuple(warnings), _states(log))


def _refuse_newer(location: str, version: SchemaVersion) -> None:
    if version.state == "too new":
        raise SchemaTooNewError(
            f"{location}: schema {version.found}, this program knows {version.known}",
            hint="upgrade headwater: pip install -U headwater",
        )


def _states(log: Log) -> tuple[ProjectionState, ...]:
    if not log.database.has_table(log.connection, "projection"):
        return tuple(ProjectionState(p.name, "missing", None) for p in log.projections)
    return projection_states(log, log.size)
