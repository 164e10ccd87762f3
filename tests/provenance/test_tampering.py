"""Whoever holds the file can write anything into it; `verify` says what, and where.

One row of a real ledger at a time is changed, dropped, added or swapped. Each case puts its row
back and verifies again, so that what was found is that row and nothing else.
"""

import random
import re
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ledger.errors import ForkError, LogMovedError, VerificationError
from ledger.log.keys import KeyRing
from tests.log.making import (
    AUTHORITY,
    PROJECTIONS,
    Ledger,
    assert_whole,
    digest,
    dump,
    new_ledger,
    origin,
)
from tests.provenance.tampering import NOT_UTF8, IndexPage, Row, Table, build, other_values

TABLES = sorted({*AUTHORITY, *PROJECTIONS} - {"cosignature"})  # which has no row before witnesses
COLUMNS = {
    "attributes": ["id", "members", "channel", "content_type", "language", "license", "topic"],
    "batch": ["number", "size", "root", "link"],
    "bundle": ["idx", "data"],
    "checkpoint": ["size", "note"],
    "dataset": ["id", "name", "version", "declared"],
    "entry": ["idx", "kind", "subject"],
    "fact": ["document", "profile"],
    "file": ["digest", "first", "last"],
    "member": ["dataset", "document", "occurrences", "bytes", "collected_at", "attributes", "site"],
    "profile": [
        "id", "documents", "flags", "ai_ppm", "marked_milli", "marked_public_milli", "generation",
        *(f"{how}_e{n}" for how in ("checked", "asserted") for n in range(6)),
    ],
    "projection": ["name", "schema_digest", "size"],
    "run": ["level", "number", "page", "first", "data"],
    "tail": ["idx", "entry"],
    "tile": ["level", "idx", "data"],
}  # fmt: skip
EACH_COLUMN = [(table, column) for table in TABLES for column in COLUMNS[table]]
VAULT = {
    "attachment": ["digest", "bytes"],
    "disclosure": ["first", "n", "bytes", "data"],
    "secret": ["key"],
}
quietly = settings(  # a row and a value are as small as a counterexample gets: no shrinking
    max_examples=2,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.reuse, Phase.generate],
)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return build(tmp_path_factory.mktemp("tampering"))


def rows_of(table: Table) -> st.SearchStrategy[int]:
    """First and last rows are where checks are off by one; any other may be wrong as well."""
    last = len(table.rows) - 1
    return st.one_of(st.sampled_from([0, last]), st.integers(0, last))


def spelled(value: Any) -> str:
    if value is NOT_UTF8:
        return "\N{REPLACEMENT CHARACTER}"
    return value.hex()[:16] if isinstance(value, bytes) else str(value)


def found(ledger: Ledger, table: str, keys: Sequence[Sequence[Any]]) -> str:
    """The message of the VerificationError, which names the table and the key of a row."""
    with pytest.raises(VerificationError) as error:
        ledger.verify()
    message = str(error.value)
    assert error.value.exit_code == 1
    assert table in message, message
    span = re.search("tail ([0-9]+)–([0-9]+)", message)  # a root says no more than that
    assert any(
        all(spelled(part) in message for part in key)
        or (table == "tail" and span and int(span[1]) <= key[0] <= int(span[2]))
        for key in keys
    ), (keys, message)
    return message


def test_every_column_of_every_table_is_tried(ledger: Ledger) -> None:
    with sqlite3.connect(ledger.path) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        stored = {
            name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            for name in names
        }
    connection.close()
    del stored["alembic_version"], stored["cosignature"]
    assert stored == COLUMNS


def test_the_untouched_ledger_is_whole(ledger: Ledger) -> None:
    report = assert_whole(ledger)
    rows = {table: len(part) for table, part in dump(ledger, TABLES).items()}
    assert rows["run"] and rows["tail"] and rows["bundle"] > 16 and rows["dataset"] == 3
    assert rows["batch"] == rows["checkpoint"] == report.batches > 4
    assert report.vault.opened > 4_400 and report.vault.without_key == 0


@pytest.mark.parametrize(("name", "column"), EACH_COLUMN)
def test_a_changed_value(ledger: Ledger, name: str, column: str) -> None:
    table = Table(ledger.path, name)
    place = [c[0] for c in table.columns].index(column)

    @quietly
    @given(data=st.data())
    def any_row_any_value(data: st.DataObject) -> None:
        row = table.rows[data.draw(rows_of(table))]
        _, kind, null, _ = table.columns[place]
        pick = random.Random(data.draw(st.integers(0, 2**32)))
        value = data.draw(st.sampled_from(other_values(row[place], kind, null, pick)))
        changed = [*row]
        changed[place] = value
        try:
            with table.tampered(table.change(row, place, value)):
                found(ledger, name, [table.key(row), [k for k in table.key(tuple(changed))]])
        except sqlite3.IntegrityError:
            assert place in table.keys  # two rows may not have one key

    any_row_any_value()
    assert_whole(ledger)


@pytest.mark.parametrize("name", TABLES)
def test_a_dropped_row(ledger: Ledger, name: str) -> None:
    table = Table(ledger.path, name)

    @quietly
    @given(number=rows_of(table))
    def any_row(number: int) -> None:
        row = table.rows[number]
        with table.tampered(table.drop(row)):
            found(ledger, name, [table.key(row)])

    any_row()
    assert_whole(ledger)


NEW_KEYS: dict[str, list[list[Any]]] = {
    "attributes": [[7]],
    "batch": [[5], [900], [-1]],
    "bundle": [[17], [900], [-1]],
    "checkpoint": [[3], [4567], [90_000], [-1]],
    "dataset": [[7]],
    "entry": [[4568], [90_000], [-1]],
    "fact": [[0], [90_000], [-1]],
    "file": [[b"\7" * 32]],
    "member": [[2, 0], [2, 90_000], [77, 9]],
    "profile": [[7]],
    "projection": [["another"]],
    "run": [[0, 0, 1], [0, 1, 0], [1, 0, 0]],
    "tail": [[4568], [3], [-1]],
    "tile": [[0, 17], [1, 0], [0, -1]],
}


@pytest.mark.parametrize("name", TABLES)
def test_an_added_row(ledger: Ledger, name: str) -> None:
    table = Table(ledger.path, name)
    for key in NEW_KEYS[name]:
        new = list(table.rows[-1])
        for place, value in zip(table.keys, key, strict=True):
            new[place] = value
        with table.tampered(table.add(tuple(new))):
            found(ledger, name, [key])
    assert_whole(ledger)


def test_a_cosignature_of_nobody(ledger: Ledger) -> None:
    table = Table(ledger.path, "cosignature")
    with table.tampered(table.add((2, "w.example", "— w.example AAAA"))):
        found(ledger, "cosignature", [[2, "w.example"]])
    assert_whole(ledger)


@pytest.mark.parametrize("name", [name for name in TABLES if name != "run"])  # which has one row
def test_two_swapped_rows(ledger: Ledger, name: str) -> None:
    table = Table(ledger.path, name)

    @quietly
    @given(one=rows_of(table), two=st.integers(0, len(table.rows) - 1))
    def any_two(one: int, two: int) -> None:
        rows: tuple[Row, Row] = (table.rows[one], table.rows[two])
        changes = table.swap(*rows)
        if changes:
            with table.tampered(changes):
                found(ledger, name, [table.key(row) for row in rows])

    any_two()
    assert_whole(ledger)


def test_bytes_after_a_bundles_frame(ledger: Ledger) -> None:
    table = Table(ledger.path, "bundle")
    row = table.rows[3]
    skippable = b"\x50\x2a\x4d\x18\x04\0\0\0evil"
    for more in (b"\0", skippable, row[1], skippable + row[1]):
        for data in (row[1] + more, more + row[1]):
            with table.tampered(table.change(row, 1, data)):
                found(ledger, "bundle", [[3]])
    assert_whole(ledger)


@pytest.mark.parametrize(("name", "column"), [(n, c) for n, cs in VAULT.items() for c in cs])
def test_a_changed_value_in_the_vault(ledger: Ledger, name: str, column: str) -> None:
    table = Table(ledger.vault, name)
    place = [c[0] for c in table.columns].index(column)
    pick = random.Random(column)
    for number, row in enumerate((table.rows[0], table.rows[-1])):
        for value in other_values(row[place], table.columns[place][1], False, pick):
            if column == "first" and value >= 4_568:
                continue  # what a write left that never reached the log: withheld, and dropped next
            with (
                table.tampered(table.change(row, place, value)),
                pytest.raises(VerificationError) as e,
            ):
                ledger.verify()
            assert "disclosure" in str(e.value) or name in str(e.value), (
                number,
                value,
                str(e.value),
            )
    assert_whole(ledger)


def test_what_the_vault_no_longer_holds_is_withheld_and_counted(ledger: Ledger) -> None:
    whole = assert_whole(ledger).vault
    secret, shown, kept = (Table(ledger.vault, n) for n in ("secret", "disclosure", "attachment"))
    with secret.tampered(secret.drop(secret.rows[0])):
        report = assert_whole(ledger).vault
        assert (report.opened, report.without_key) == (0, whole.opened)
    with shown.tampered(shown.drop(shown.rows[0])):
        assert 0 < assert_whole(ledger).vault.opened < whole.opened
    with kept.tampered(kept.drop(kept.rows[0])):
        assert assert_whole(ledger).vault.attachments == whole.attachments - 1
    assert assert_whole(ledger).vault == whole


def test_a_disclosure_of_another_entry(ledger: Ledger) -> None:
    table = Table(ledger.vault, "disclosure")
    with (
        table.tampered(table.swap(table.rows[0], table.rows[1])),
        pytest.raises(VerificationError, match="disclosure"),
    ):
        ledger.verify()
    assert_whole(ledger)


@pytest.mark.parametrize(
    "index", ["sqlite_autoindex_tile_1", "sqlite_autoindex_file_1", "entry_kind"]
)
def test_an_index_that_lies(ledger: Ledger, tmp_path: Path, index: str) -> None:
    """A query that walks the index sees other rows than one that walks the table."""
    copy = ledger.copy(tmp_path / "copy")
    page = IndexPage(copy.path, index)
    for lie in (page.without_last_cell(), page.with_another_rowid()):
        page.write(lie)
        with pytest.raises(VerificationError) as error:
            copy.verify()
        assert index in str(error.value) or index.split("_")[-2] in str(error.value), str(
            error.value
        )
        page.write(page.before)
        assert_whole(copy)


def test_a_removed_suffix(ledger: Ledger, tmp_path: Path) -> None:
    """Nothing inside an old copy says that it is old: the pin does."""
    copy = ledger.copy(tmp_path / "new")
    copy = Ledger(copy.path, KeyRing(tmp_path / "config"))
    shutil.copytree(ledger.ring.folder, copy.ring.folder)
    old = copy.copy(tmp_path / "old")
    copy.append([origin(digest("one more"))])
    assert_whole(copy)
    with pytest.raises(ForkError, match="4568 entries, you have seen 4569"):
        old.verify()
    with pytest.raises(LogMovedError, match="4568 entries, you have seen 4569") as refused:
        old.append([origin(digest("a fork"))])
    assert refused.value.exit_code == 4
    (copy.ring.folder / "pins.json").unlink()
    assert_whole(old)  # who has never seen more cannot know


def test_another_history_under_the_same_key(ledger: Ledger, tmp_path: Path) -> None:
    one, two = ledger.copy(tmp_path / "one"), ledger.copy(tmp_path / "two")
    rings = []
    for place in (one, two):
        shutil.copytree(ledger.ring.folder, place.path.parent / "config")
        rings.append(KeyRing(place.path.parent / "config"))
    one, two = (Ledger(place.path, ring) for place, ring in zip((one, two), rings, strict=True))
    one.append([origin(digest("told to one"))])
    two.append([origin(digest("told to another")), origin(digest("and more"))])
    assert_whole(one)
    assert_whole(two)
    with pytest.raises(ForkError, match="first 4569 entries are not those you have seen"):
        Ledger(two.path, one.ring).verify()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Documents that come once each, so that summaries of them are compared and not rows."""
    made = new_ledger(tmp_path_factory.mktemp("plain"))
    made.append(
        [origin(digest(n), row=n, **({"site": "a.org"} if n % 2 else {})) for n in range(600)]
    )
    return made


@pytest.mark.parametrize(
    ("name", "column"), [(n, c) for n, c in EACH_COLUMN if n in ("entry", "fact", "member")]
)
def test_a_changed_value_under_a_summary(plain: Ledger, name: str, column: str) -> None:
    table = Table(plain.path, name)
    place = [c[0] for c in table.columns].index(column)
    _, kind, null, is_key = table.columns[place]
    for row in table.rows[300:302]:
        more = ["", "null", "\x1f", "\x1e", "\x1fa.org"] if column == "site" else []
        for value in [*other_values(row[place], kind, null, random.Random(column)), *more]:
            changed = [*row]
            changed[place] = value
            try:
                with table.tampered(table.change(row, place, value)):
                    found(plain, name, [table.key(row), table.key(tuple(changed))])
            except sqlite3.IntegrityError:
                assert is_key
    assert_whole(plain)
