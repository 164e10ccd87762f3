"""Creates, upgrades and compares the database's schema. The only file that calls Alembic.

Alembic and SQLModel are imported when a schema is made or compared, never to read or append.
"""

from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.databases import Connection, Database
from ledger.errors import InputError, SchemaOutdatedError, SchemaTooNewError

if TYPE_CHECKING:
    from sqlalchemy import MetaData

__all__ = ["HEAD", "check_version", "create_projection", "current_version", "ddl", "upgrade"]

HEAD = "0001"  # the newest file in migrations/versions; a test compares


def migrations_folder() -> Path:
    """Where the migrations lie: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def current_version(database: Database, connection: Connection, place: str) -> str:
    """The schema's version. Raises InputError if this is no ledger."""
    row = None
    if database.has_table(connection, "alembic_version"):
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None:
        raise InputError(f"{place}: a database, but not a ledger", hint="headwater init")
    return str(row[0])


def check_version(database: Database, connection: Connection, place: str) -> None:
    """Raises SchemaOutdatedError or SchemaTooNewError unless the version is ours."""
    version = current_version(database, connection, place)
    if version < HEAD:
        raise SchemaOutdatedError(
            f"{place}: schema {version}, this program needs {HEAD}", hint="headwater db upgrade"
        )
    if version > HEAD:
        raise SchemaTooNewError(
            f"{place}: schema {version}, this program knows {HEAD}",
            hint="upgrade headwater: pip install -U headwater",
        )


def upgrade(database: Database, location: str) -> None:
    """Bring the authority tables to HEAD, creating the database if need be, and guard them."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    config = Config()
    # ConfigParser reads the value, hence the doubled percent sign
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    engine = create_engine(database.url(location))
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
    guarded = database.connect(location, write=True)
    try:
        database.guard(guarded)
    finally:
        guarded.close()


def ddl(metadata: "MetaData", names: Collection[str]) -> list[str]:
    """CREATE statements of the named tables in SQLite's spelling, in order of dependence."""
    from sqlalchemy.dialects.sqlite import dialect
    from sqlalchemy.schema import CreateIndex, CreateTable

    statements = []
    for table in metadata.sorted_tables:
        if table.name not in names:
            continue
        statements.append(" ".join(str(CreateTable(table).compile(dialect=dialect())).split()))
        for index in sorted(table.indexes, key=lambda index: index.name or ""):
            statements.append(" ".join(str(CreateIndex(index).compile(dialect=dialect())).split()))
    return statements


def schema_digest(statements: list[str]) -> str:
    return sha256("\n".join(statements).encode()).hexdigest()[:16]


def create_projection(connection: Connection, statements: list[str]) -> None:
    """Create projection tables. Runs inside the caller's transaction."""
    for statement in statements:
        connection.execute(statement)
