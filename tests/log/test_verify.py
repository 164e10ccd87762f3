"""Verifying beside writers, strangers and old pins."""

import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import BrokenChainError, ForkError, LogMovedError
from ledger.log import verify as module
from ledger.log.keys import KeyRing
from ledger.log.pins import Pin, Pins
from ledger.log.verify import verify_log
from tests.log.making import LOG_NAME, Ledger, assert_whole, digest, new_ledger, origin


def test_verifying_while_somebody_writes(
    drill: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    ledger = new_ledger(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(drill, ledger, "forever", seed=1, batch=200, delay=1.2)
        sizes = []
        while not writer.done():
            report = ledger.verify()
            assert report.warnings == []
            sizes.append(report.size)
    assert sizes == sorted(sizes) and len(set(sizes)) > 1
    assert ledger.verify().size >= max(writer.result()["said"])


def test_a_log_that_never_holds_still(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def moving(*arguments: object) -> None:
        tries.append(arguments)
        raise LogMovedError("somebody is writing")

    monkeypatch.setattr(module, "_verify", moving)
    with ledger.open() as log, pytest.raises(LogMovedError, match="somebody is writing") as error:
        verify_log(log)
    assert len(tries) == 3 and error.value.exit_code == 4


def test_progress_reaches_the_end(ledger: Ledger) -> None:
    ledger.append([origin(digest(n), row=n) for n in range(600)])
    seen: list[tuple[int, int]] = []
    with ledger.open() as log:
        verify_log(log, progress=lambda done, size: seen.append((done, size)))
    assert seen == [(256, 602), (512, 602), (602, 602)]


def test_parts_can_be_left_out(ledger: Ledger) -> None:
    ledger.append([origin(digest(1))])
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("UPDATE fact SET profile = 1")
        connection.commit()
    with ledger.open() as log:
        assert verify_log(log, projections=False).size == 3
        assert not verify_log(log, projections=False, vault=False).vault.present
        with pytest.raises(module.VerificationError, match="fact 2"):
            verify_log(log)


def test_a_successful_verify_moves_the_pin(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append([origin(digest(1))])
    shutil.copytree(ledger.ring.folder / "keys", tmp_path / "new" / "keys")
    newcomer = Ledger(ledger.path, KeyRing(tmp_path / "new"))
    assert newcomer.verify().pinned is None
    assert newcomer.verify().pinned == 3
    ledger.append([origin(digest(2))])
    assert newcomer.verify().pinned == 3
    assert newcomer.verify().pinned == 4


def test_pins_only_go_forward(tmp_path: Path) -> None:
    pins = Pins(tmp_path)
    assert pins.get("log", "vkey") is None
    for size, expected in ((5, 5), (4, 5), (5, 5), (9, 9)):
        pins.advance("log", "vkey", Pin(size, bytes([size]) * 32))
        assert pins.get("log", "vkey") == Pin(expected, bytes([expected]) * 32)
    pins.advance("other", "vkey", Pin(1, bytes(32)))
    assert Pins(tmp_path).get("log", "vkey") == Pin(9, b"\t" * 32)
    assert sorted(path.name for path in tmp_path.glob("pins*")) == ["pins.json", "pins.lock"]


def test_pins_of_two_processes_are_both_kept(tmp_path: Path) -> None:
    def advance(name: int) -> None:
        for size in range(1, 30):
            Pins(tmp_path).advance(f"log {name}", "vkey", Pin(size, bytes(32)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(advance, range(4)))
    assert [Pins(tmp_path).get(f"log {n}", "vkey") for n in range(4)] == [Pin(29, bytes(32))] * 4


@pytest.mark.parametrize("size", [2, 3, 255, 256, 257, 300, 302])
def test_a_pin_anywhere_in_the_log_is_checked(ledger: Ledger, size: int) -> None:
    """Pins of others may end inside a batch, on a bundle's edge or in the tail."""
    ledger.append([origin(digest(n), row=n) for n in range(300)])
    with ledger.open() as log:
        vkey = log.log_vkeys()[0]
        state = log.store.load()
        good = log.store.root_at(state, size)
    path = ledger.ring.folder / "pins.json"
    path.unlink()
    ledger.ring.folder.joinpath("pins.lock").unlink()
    Pins(ledger.ring.folder).advance(LOG_NAME, vkey, Pin(size, good))
    assert_whole(ledger)
    path.unlink()
    Pins(ledger.ring.folder).advance(LOG_NAME, vkey, Pin(size, bytes(32)))
    with pytest.raises(ForkError, match=f"the first {size} entries are not those you have seen"):
        ledger.verify()
    with pytest.raises(ForkError, match=f"the first {size} entries"):
        ledger.append([origin(digest("more"))])


def test_an_unsigned_head_is_not_pinned(ledger: Ledger) -> None:
    ledger.append([origin(digest(1))])
    (ledger.ring.folder / "pins.json").unlink()
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("DROP TRIGGER guard_checkpoint_delete")
        connection.execute("DELETE FROM checkpoint WHERE size = 3")
        connection.commit()
    for _ in range(2):
        report = ledger.verify()
        assert (report.size, report.signed, report.pinned) == (3, 2, None)
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("DROP TRIGGER guard_checkpoint_replace")
        connection.execute("DROP TRIGGER guard_checkpoint_update")
        connection.execute("UPDATE checkpoint SET note = 'x'")
        connection.commit()
    with pytest.raises(module.VerificationError, match="checkpoint 2: not a signed note"):
        ledger.verify()


def test_a_checkpoint_missing_under_a_signed_one(ledger: Ledger) -> None:
    for n in range(3):
        ledger.append([origin(digest(n), row=n)])
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("DROP TRIGGER guard_checkpoint_delete")
        connection.execute("DELETE FROM checkpoint WHERE size = 4")
        connection.commit()
    with pytest.raises(BrokenChainError, match="checkpoint 4: missing, though batch 3 follows it"):
        ledger.verify()
