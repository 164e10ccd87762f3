"""Compares a database's schema with the published one, schemas/<dialect>.sql.

A table, index, view or trigger that was added, dropped or altered is a failed check. A guard that
is missing is only a warning: guards are a seat belt, and no statement rests on them.
"""

from pathlib import Path

from ledger.databases import Connection, Database
from ledger.errors import VerificationError, printable

__all__ = ["published_schema", "schema_differences", "schemas_folder"]


def schemas_folder() -> Path:
    """Where schemas/ lies: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "schemas"
    return inside if inside.is_dir() else package.parent / "schemas"


def published_schema(dialect: str) -> dict[str, str]:
    """Name -> statement of everything a ledger's database holds, one a line in the file."""
    found = {}
    for line in (schemas_folder() / f"{dialect}.sql").read_text().splitlines():
        if line and not line.startswith("--"):
            found[line.split()[2]] = spelled(line.rstrip(";") if "BEGIN" not in line else line[:-1])
    return found


def spelled(statement: str) -> str:
    """One spelling for statements that differ in white space only."""
    text = " ".join(statement.replace('"', "").split())
    return text.replace("( ", "(").replace(" )", ")").replace(" (", "(")


def schema_differences(database: Database, connection: Connection) -> list[str]:
    """Warnings about guards. Raises VerificationError for any other difference."""
    expected = published_schema(database.name)
    found = {name: spelled(sql) for name, sql in database.schema(connection)}
    warnings = []
    for name in sorted(expected.keys() | found.keys()):
        if found.get(name) == expected.get(name):
            continue
        if name not in found and name.startswith("guard_"):
            warnings.append(f"{name} is missing; `headwater db upgrade` reinstalls it")
            continue
        state = (
            "missing" if name not in found else "not ours" if name not in expected else "altered"
        )
        raise VerificationError(f"schema: {printable(name)} is {state}")
    return warnings
