"""What somebody puts in a reader's way: in the folder beside the ledger, and in claims."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.claims import Review
from ledger.errors import InputError, StorageError
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.review.leases import leases
from ledger.provenance.review.reader import Answer, decide_task, next_task
from ledger.provenance.review.tasks import Task
from tests.provenance.review.making import STRICT, TEXTS, digest, ledger, person, queue


@pytest.fixture
def log(own_place: Path) -> Iterator[Log]:
    with ledger() as opened:
        yield opened


def test_leases_follow_no_link_and_wait_for_no_pipe(log: Log) -> None:
    ada = person(log, "ada")
    lock, path = Path("h.db.sidecars/review-leases.lock"), Path("h.db.sidecars/review-leases.json")
    next_task(log, queue(log), ada)
    precious = Path("precious")
    precious.write_text("theirs")
    lock.unlink()
    lock.symlink_to(precious.resolve())
    with pytest.raises(StorageError, match="review"), leases(log.location, 0):
        pass
    assert precious.read_text() == "theirs"
    lock.unlink()
    path.unlink()
    os.mkfifo(path)
    with leases(log.location, 0) as found:
        assert not found.held
    path.unlink()
    path.symlink_to("/dev/zero")
    with leases(log.location, 0) as found:
        assert not found.held
    assert not path.is_symlink()


def test_a_name_that_a_claim_gives_to_another_document(log: Log) -> None:
    """A claim with the name of a task about one document cannot make somebody decide on another."""
    ada = person(log, "ada")
    meant = Task(digest(TEXTS[0]), "audit", digest("a draw"), 1)
    body = Review.model_validate({
        "task": meant.identity, "reviewer": digest("eve"), "mode": "audit", "stage": "blind",
        "decision": "ai", "reason": "style", "tool": "jsonl",
    })  # fmt: skip
    record(log, [Claim("review", digest(TEXTS[1]), body)])
    with pytest.raises(InputError, match="no task that you hold"):
        decide_task(log, meant.identity, ada, Answer("ai", "style"), STRICT)
