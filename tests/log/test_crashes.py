"""Kill -9 at any moment: what was acknowledged stays, the next writer goes on, verify passes."""

import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.log.drill import POINTS
from tests.log.making import Ledger, assert_whole, digest, new_ledger, origin

Drill = Callable[..., dict[str, Any]]
KILLS = 30


def after_the_crash(ledger: Ledger, acknowledged: list[int]) -> tuple[int, bool]:
    """(size, whether its last batch is signed) once everything has been checked."""
    report = ledger.verify()
    assert report.trusted and report.warnings == []
    assert report.size >= max(acknowledged, default=2)
    if report.signed < report.size:  # only the last batch may lack its checkpoint
        assert report.signed in (2, *acknowledged) or not acknowledged
    return report.size, report.signed == report.size


def goes_on(ledger: Ledger, number: int) -> None:
    size = ledger.verify().size
    ledger.append([origin(digest(f"after crash {number}"))])
    assert assert_whole(ledger).size == size + 1


def test_thirty_kills(drill: Drill, tmp_path: Path) -> None:
    ledger, pick, killed = new_ledger(tmp_path), random.Random(30), 0
    unsigned = 0
    for number in range(KILLS):
        delay = pick.uniform(0.01, 0.14)
        died = drill(ledger, "forever", seed=number, batch=25, delay=delay)
        assert died["status"] == -signal.SIGKILL
        killed += 1
        _, signed = after_the_crash(ledger, died["said"])
        unsigned += not signed
        goes_on(ledger, number)
    assert killed == KILLS
    assert ledger.verify().size > 2 + KILLS  # some batches did get through


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_an_exact_place(drill: Drill, tmp_path: Path, point: str) -> None:
    ledger = new_ledger(tmp_path)
    died = drill(ledger, "forever", seed=POINTS.index(point), batch=300, point=point)
    assert died["status"] == -signal.SIGKILL
    acknowledged = max(died["said"], default=2)
    size, signed = after_the_crash(ledger, died["said"])
    if point in POINTS[:3]:
        assert (size, signed) == (acknowledged, True)  # the whole batch is out
    else:
        assert size > acknowledged  # the whole batch is in
        assert signed == (point == "before the pin")
    goes_on(ledger, 0)


def test_an_unsigned_tail_is_signed_by_the_next_writer(drill: Drill, tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    drill(ledger, "forever", seed=3, batch=300, point="before the checkpoint")
    report = ledger.verify()
    assert report.signed < report.size
    with ledger.open() as log:
        assert log.checkpoint()[0].size == report.signed
    ledger.append([origin(digest("next"))])
    after = assert_whole(ledger)
    assert after.size == report.size + 1
    with ledger.open() as log:
        assert log.store.checkpoint(report.size) is not None


def test_what_a_killed_write_left_in_the_vault_is_dropped(drill: Drill, tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    died = drill(ledger, "forever", seed=1, batch=300, point="after the vault")
    size = ledger.verify().size
    assert size == max(died["said"], default=2)
    with ledger.open() as log:
        assert log.vault is not None
        assert max(index for index, _ in log.vault.disclosures()) >= size
    drill(ledger, "forever", seed=2, batch=30, delay=1.0)
    report = ledger.verify()
    with ledger.open() as log:
        assert log.vault is not None
        shown = [index for index, _ in log.vault.disclosures()]
    assert shown == sorted(set(shown)) and report.vault.opened >= report.size - 32
