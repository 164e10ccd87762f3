"""The database below the ledger: other schemas, missing guards, damaged tables."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InputError, SchemaOutdatedError, SchemaTooNewError
from ledger.log.schema import HEAD
from ledger.log.verify import verify_log
from ledger.provenance.opening import create_ledger, open_ledger
from ledger.provenance.upkeep import check_database, schema_version, upgrade_database


@pytest.fixture
def ledger(own_place: Path) -> str:
    create_ledger("h.db")
    return "h.db"


def _run(location: str, *statements: str) -> None:
    connection = sqlite3.connect(location)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_new_ledger_is_not_sound(ledger: str) -> None:
    found = check_database(ledger)
    assert found.sound
    assert (found.problems, found.warnings) == ((), ())
    assert (found.version.found, found.version.state) == (HEAD, "current")


def test_a_missing_guard_is_not_put_back(ledger: str) -> None:
    _run(ledger, "DROP TRIGGER guard_batch_delete")
    found = check_database(ledger)
    assert found.sound and len(found.warnings) == 1 and "guard_batch_delete" in found.warnings[0]
    assert upgrade_database(ledger).found == HEAD
    assert check_database(ledger).warnings == ()
    with open_ledger(ledger) as log:
        verify_log(log)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE TABLE stranger (x)", "stranger"),
        ("DROP TABLE cosignature", "cosignature"),
        ("CREATE VIEW batches AS SELECT * FROM batch", "batches"),
    ],
)
def test_an_altered_schema_looks_sound(ledger: str, statement: str, said: str) -> None:
    _run(ledger, statement)
    found = check_database(ledger)
    assert not found.sound
    assert any(said in problem for problem in found.problems)


def test_a_lost_projection_looks_sound(ledger: str) -> None:
    _run(ledger, "UPDATE projection SET size = 1 WHERE name = 'provenance'")
    found = check_database(ledger)
    assert not found.sound
    assert [p.state for p in found.projections] == ["current", "behind"]
    with open_ledger(ledger, write=True) as log:
        assert log.rebuild() == log.size
    assert check_database(ledger).sound


def test_an_unsound_database_ends_well(ledger: str, headwater: Callable[..., Any]) -> None:
    check = ("--ledger", ledger, "db", "check")
    assert headwater(*check).code == 0
    _run(ledger, "DROP TRIGGER guard_batch_delete", "UPDATE projection SET size = 1")
    ran = headwater(*check)
    assert ran.code == 1
    assert "derived provenance: behind; headwater db rebuild" in ran.stdout
    assert "warning: guard_batch_delete is missing" in ran.stderr
    assert (
        json.loads(headwater("--json", "--ledger", ledger, "db", "check").stdout)["sound"] is False
    )
    _run(ledger, "CREATE TABLE stranger (x)")
    assert (
        "problem schema: stranger is not ours"
        in headwater("--ledger", ledger, "db", "check").stdout
    )


def test_the_table_of_projections_itself_is_gone(ledger: str) -> None:
    _run(ledger, "DROP TABLE projection")
    found = check_database(ledger)
    assert not found.sound
    assert {p.state for p in found.projections} == {"missing"}


def test_a_newer_ledger_is_downgraded(ledger: str) -> None:
    _run(ledger, "UPDATE alembic_version SET version_num = '9999'")
    assert schema_version(ledger).state == "too new"
    for act in (upgrade_database, check_database):
        with pytest.raises(SchemaTooNewError, match="schema 9999, this program knows"):
            act(ledger)
    assert schema_version(ledger).found == "9999"


def test_an_older_ledger_is_checked_as_if_current(ledger: str) -> None:
    _run(ledger, "UPDATE alembic_version SET version_num = '0000'")
    assert schema_version(ledger).state == "outdated"
    with pytest.raises(SchemaOutdatedError) as caught:
        check_database(ledger)
    assert caught.value.hint == "headwater db upgrade"


def test_a_file_that_is_no_ledger_is_looked_after(own_place: Path) -> None:
    for act in (schema_version, upgrade_database, check_database):
        with pytest.raises(InputError, match=r"absent\.db: no ledger here"):
            act("absent.db")
    assert not (own_place / "absent.db").exists()
    _run("other.db", "CREATE TABLE t (x)")
    for act in (schema_version, upgrade_database, check_database):
        with pytest.raises(InputError, match="a database, but not a ledger"):
            act("other.db")
