"""What an append leaves behind, and every way in which one is refused."""

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger.databases import sqlite
from ledger.errors import (
    BusyError,
    InputError,
    KeyPermissionError,
    RefusedError,
    SchemaOutdatedError,
    SchemaTooNewError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.canonical import MAX_ENTRY_BYTES, Entry, format_entry
from ledger.log.keys import KeyRing
from ledger.log.schema import HEAD, migrations_folder
from ledger.log.vault import scope_of
from ledger.log.verify import raise_if_untrusted
from ledger.provenance.opening import create_ledger
from tests.log.making import (
    LOG_NAME,
    Ledger,
    assert_whole,
    digest,
    dump,
    new_ledger,
    origin,
)

NOBODY = 65_534


def origins(count: int, first: int = 0) -> list[Entry]:
    return [origin(digest(n), row=n) for n in range(first, first + count)]


# --- the tables do not show how the entries came


@pytest.mark.parametrize("batch", [1, 255, 256, 257, 511, 700])
def test_batches_of_any_size_give_the_same_bundles_tiles_and_root(
    tmp_path: Path, batch: int
) -> None:
    whole = new_ledger(tmp_path / "whole")
    cut = whole.copy(tmp_path / "cut")
    cut = Ledger(cut.path, KeyRing(tmp_path / "config"))
    shutil.copytree(whole.ring.folder / "keys", cut.ring.folder / "keys")
    said = origins(1_000 if batch > 1 else 300)
    whole.append(said)
    cut.append(said, batch)
    tables = ["bundle", "tail", "tile"]
    assert dump(cut, tables) == dump(whole, tables)
    assert assert_whole(cut).root == assert_whole(whole).root
    assert assert_whole(cut).batches == 1 + -(-len(said) // batch)


@pytest.mark.parametrize("size", [254, 255, 256, 257, 510, 511, 512, 513, 766, 767, 768, 769])
def test_sizes_around_a_bundle(ledger: Ledger, size: int) -> None:
    ledger.append(origins(size - 2), 250)
    rows = dump(ledger, ["bundle", "tail", "tile"])
    assert [len(rows[t]) for t in ("bundle", "tail", "tile")] == [
        size // 256,
        size % 256,
        size // 256,
    ]
    assert assert_whole(ledger).size == size
    with ledger.open() as log:
        assert [log.entry(n).subject for n in range(2, size)] == [
            digest(n) for n in range(size - 2)
        ]
        assert log.find(digest(size - 3)) == [size - 1]
        proof = log.prove(size - 1)
    assert proof.index == size - 1


def test_a_batch_across_runs_and_levels(ledger: Ledger) -> None:
    """9 windows of 4,096 at once: eight become one run a level up without ever being written."""
    ledger.append(origins(10_240), 10_240)
    ledger.append(origins(28_000, 10_240), 28_000)
    report = assert_whole(ledger)
    runs = dump(ledger, ["run"])["run"]
    assert sorted({row[:2] for row in runs}) == [(0, 8), (1, 0)]
    assert report.size == 38_242
    with ledger.open() as log:
        assert [log.find(digest(n))[0] for n in (0, 4_095, 20_000, 38_239)] == [
            2,
            4_097,
            20_002,
            38_241,
        ]
        assert log.find(digest("nobody")) == []


def test_a_second_process_reads_and_writes_between(ledger: Ledger) -> None:
    with ledger.open(write=True) as one, ledger.open(write=True) as two:
        for n in range(6):
            log = (one, two)[n % 2]
            log.append([format_entry(origin(digest(n), row=n))])
    assert assert_whole(ledger).size == 8


# --- refusals: one error, nothing recorded


def refused(ledger: Ledger, error: type[Exception], match: str) -> Any:
    """An append fails so, and then nothing has changed and the next one works."""
    size = ledger.verify().size
    with pytest.raises(error, match=match) as found:
        ledger.append([origin(digest("refused"))])
    assert ledger.verify().size == size
    return found.value


def works(ledger: Ledger) -> None:
    size = ledger.verify().size
    ledger.append([origin(digest("works again"))])
    assert assert_whole(ledger).size == size + 1


def test_a_second_writer_waits_and_gives_up(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.02)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        error = refused(ledger, BusyError, "another writer holds it")
        assert (error.exit_code, error.hint) == (4, "try again when it is done")
    works(ledger)


def test_a_second_writer_of_the_vault(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.02)
    with (
        ledger.open(write=True) as log,
        closing(sqlite3.connect(ledger.vault, isolation_level=None)) as other,
    ):
        assert log.vault is not None
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError, match="another writer holds it"):
            log.append([format_entry(origin(digest(1)))], [], [b"attachment"])
        with pytest.raises(BusyError, match="another writer holds it"):
            log.vault.ensure_keys([scope_of("author", "a")])
        other.execute("ROLLBACK")
        log.append([format_entry(origin(digest(1)))], [], [b"attachment"])
        assert len(log.vault.ensure_keys([scope_of("author", "a")])) == 1
    assert assert_whole(ledger).vault.attachments == 1


def test_a_key_file_that_others_can_read(ledger: Ledger) -> None:
    (pem,) = (ledger.ring.folder / "keys").glob("*.log.pem")
    for mode in (0o640, 0o604, 0o620):
        pem.chmod(mode)
        error = refused(
            ledger, KeyPermissionError, f"mode {mode:04o} lets others read a private key"
        )
        assert (error.exit_code, error.hint) == (4, f"chmod 600 {pem}")
    pem.chmod(0o600)
    works(ledger)


def test_new_key_files_are_private(ledger: Ledger) -> None:
    keys = ledger.ring.folder / "keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.glob("*.pem")} == {0o600}


@pytest.mark.parametrize("content", [b"", b"not a key", b"\xff\0", "an rsa key"])
def test_a_key_file_that_holds_something_else(ledger: Ledger, content: bytes | str) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    (pem,) = (ledger.ring.folder / "keys").glob("*.log.pem")
    good = pem.read_bytes()
    if isinstance(content, str):
        other = generate_private_key(SECP256R1())
        content = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(content)
    refused(ledger, InputError, "not a PKCS#8 private key|not an Ed25519 key")
    pem.write_bytes(good)
    works(ledger)


def test_another_key_under_the_same_name(ledger: Ledger, tmp_path: Path) -> None:
    """A key of the right name that the log never named signs nothing."""
    stranger = KeyRing(tmp_path / "stranger")
    stranger.generate(LOG_NAME, "log")
    other = Ledger(ledger.path, stranger)
    with pytest.raises(RefusedError, match="no log key named") as error:
        other.append([origin(digest(1))])
    assert error.value.exit_code == 4
    report = other.verify()
    assert not report.trusted
    with pytest.raises(UntrustedSignerError, match="consistent, signer not trusted") as untrusted:
        raise_if_untrusted(report)
    assert report.signer in str(untrusted.value.hint)
    assert not (stranger.folder / "pins.json").exists()
    stranger.trust(report.signer, "log")
    assert_whole(other)


def test_an_entry_over_the_cap(ledger: Ledger) -> None:
    with pytest.raises(InputError, match=f"over {MAX_ENTRY_BYTES}"), ledger.open(write=True) as log:
        log.append([b"x" * (MAX_ENTRY_BYTES + 1)])
    with pytest.raises(ValueError, match="at least one"), ledger.open(write=True) as log:
        log.append([])
    works(ledger)


def test_entries_that_are_none_do_not_get_in(ledger: Ledger) -> None:
    good = format_entry(origin(digest(1)))
    for bad in (
        b"",
        b"{}",
        b"null",
        b"[1]",
        good[:-1],
        good + b"\n",
        good.replace(b'"v":1', b'"v":2'),
    ):
        with pytest.raises((InputError, VerificationError)), ledger.open(write=True) as log:
            log.append([good, bad])
        assert assert_whole(ledger).size == 2
    works(ledger)


@pytest.mark.parametrize(
    ("version", "error"), [("0000", SchemaOutdatedError), ("9999", SchemaTooNewError)]
)
def test_a_schema_of_another_time(ledger: Ledger, version: str, error: type[RefusedError]) -> None:
    def stamp(version: str) -> None:
        with closing(sqlite3.connect(ledger.path)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
            connection.commit()

    stamp(version)
    for write in (False, True):
        with pytest.raises(error, match=f"schema {version}") as found, ledger.open(write=write):
            pass
        assert found.value.exit_code == 4 and found.value.hint
    stamp(HEAD)
    works(ledger)


def test_the_newest_migration_is_head() -> None:
    names = sorted(path.name for path in (migrations_folder() / "versions").glob("m*.py"))
    assert names[-1].startswith(f"m{HEAD}_")


def test_a_newer_vault(ledger: Ledger) -> None:
    with closing(sqlite3.connect(ledger.vault)) as connection:
        connection.execute("PRAGMA user_version = 2")
    for write in (False, True):
        with pytest.raises(SchemaTooNewError, match="vault schema 2"), ledger.open(write=write):
            pass


@pytest.mark.parametrize("content", [b"", b"some text\n" * 500, b"SQLite format 3\0" + bytes(4080)])
def test_a_file_that_is_no_ledger(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    ledger = Ledger(path, KeyRing(tmp_path / "config"))
    for write in (False, True):
        with pytest.raises((InputError, VerificationError)), ledger.open(write=write):
            pass
    assert path.read_bytes() == content or not content  # empty is an empty database to SQLite


def test_a_database_of_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(InputError, match="a database, but not a ledger"):
        Ledger(path, KeyRing(tmp_path / "config")).verify()


def test_no_ledger_there(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    with pytest.raises(InputError, match="no ledger here") as error:
        Ledger(folder / "ledger.db", KeyRing(tmp_path / "config")).verify()
    assert error.value.hint == "headwater init"
    assert list(folder.iterdir()) == []


def test_init_does_not_overwrite(ledger: Ledger) -> None:
    before = ledger.path.read_bytes()
    with pytest.raises(RefusedError, match="a file is there already"):
        create_ledger(ledger.location, keys=ledger.ring)
    assert ledger.path.read_bytes() == before


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"x y": {"size": "1", "root": "zz"}}'])
def test_a_pin_file_that_is_none(ledger: Ledger, content: str) -> None:
    pins = ledger.ring.folder / "pins.json"
    good = pins.read_text()
    pins.write_text(content)
    with pytest.raises(InputError, match="not a pin file") as error:
        ledger.verify()
    assert "pins detect rollbacks" in str(error.value.hint)
    pins.write_text(good)
    works(ledger)


@pytest.mark.parametrize("room", [0, 5_000, 60_000, 250_000])
def test_a_full_disk(drill: Callable[..., dict[str, Any]], tmp_path: Path, room: int) -> None:
    ledger = new_ledger(tmp_path)
    ledger.append(origins(300))
    before = assert_whole(ledger)
    limit = max(p.stat().st_size for p in tmp_path.glob("ledger.*")) + room
    ran = drill(ledger, "once", seed=1, batch=9_000, file_bytes=limit)
    ((name, code, message, hint),) = ran["said"]
    assert ran["status"] == 0
    assert (name, code) == ("StorageError", 4), message
    assert "disk" in message and hint.startswith("nothing was lost")
    assert ledger.verify().size == before.size
    works(ledger)


def test_a_read_only_database(drill: Callable[..., dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = new_ledger(folder / "ledger", folder / "config")
        before = assert_whole(ledger).size
        paths = [folder, *folder.rglob("*")]
        if os.geteuid() == 0:
            for path in paths:
                if "config" in path.parts[len(folder.parts) :]:
                    os.chown(path, NOBODY, NOBODY)
        folder.chmod(0o755)
        for path in (folder / "ledger").iterdir():
            path.chmod(0o444)
        (folder / "ledger").chmod(0o555)
        try:
            ran = drill(ledger, "once", seed=1, batch=5, user=NOBODY)
            ((error, code, message, hint),) = ran["said"]
            assert (error, code) == ("StorageError", 4), message
            assert "read-only" in message or "cannot open" in message
            assert hint
        finally:
            (folder / "ledger").chmod(0o755)
            for path in (folder / "ledger").iterdir():
                path.chmod(0o644)
            for path in paths:
                if os.geteuid() == 0 and path.exists():
                    os.chown(path, 0, 0)
        assert ledger.verify().size == before
        works(ledger)
