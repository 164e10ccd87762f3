"""What all decisions come to, read back from the ledger."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import VerificationError
from ledger.log.canonical import parse_digest
from ledger.log.log import Log
from ledger.provenance.review.decide import Answer, decide
from ledger.provenance.review.recorded import decided_of, draws_of, reviews_in
from ledger.provenance.review.showing import (
    queue_data,
    queue_rows,
    statistics_data,
    statistics_lines,
)
from ledger.provenance.review.statistics import dataset_statistics, statistics_of
from ledger.provenance.review.tasks import Task
from tests.provenance.review.making import (
    NOTES,
    TEXTS,
    declare,
    digest,
    ledger,
    person,
    queue,
    say,
)


@pytest.fixture
def log(own_place: Path) -> Iterator[Log]:
    with ledger() as opened:
        yield opened


def test_chances_are_of_what_was_decided(log: Log) -> None:
    """Of the label of 11 five were drawn and three decided: each had the chance 3 / 11."""
    ada, bob = person(log, "ada"), person(log, "bob")
    declare(log, TEXTS[3], "A4")
    asked = queue(log, sample=6)
    others = [one for one in asked.drawn.strata[1].drawn]
    for document in others[:3]:
        say(log, ada, document, "ai", sample=6)
    found = reviews_in(log)
    half = decided_of(asked.drawn, found)
    assert not half.complete and statistics_of(found, NOTES, _reads(log)).estimates[0].share is None
    say(log, ada, digest(TEXTS[3]), "ai", sample=6)
    say(log, bob, others[0], "mixed", sample=6)
    say(log, bob, others[1], "human", sample=6)  # disputed: it says nothing
    whole = decided_of(asked.drawn, reviews_in(log))
    assert whole.complete and len(whole.documents) == 3 and whole.alone == 2
    assert sorted(whole.chance.tolist()) == [2 / 11, 2 / 11, 1.0]
    (estimate,) = dataset_statistics(log, NOTES).estimates
    assert estimate.share is not None and estimate.share.point == 1.0
    lines = "\n".join(statistics_lines(dataset_statistics(log, NOTES), NOTES))
    assert "random draw of 6 of 12 documents: 3 decided, 2 of them by one person" in lines
    assert "AI wrote some of 100.0 % of the documents" in lines


def _reads(log: Log):  # type: ignore[no-untyped-def]
    assert log.vault is not None
    return log.vault.attachment


def test_complaints_enter_no_estimate(log: Log) -> None:
    """Who is asked about something else is not drawn at random."""
    ada = person(log, "ada")
    asked = queue(log, sample=12)
    say(log, ada, digest(TEXTS[0]), "human", sample=12)
    for text in TEXTS[1:]:
        decide(log, Task(digest(text), "complaint"), ada, Answer("ai", "style"))
    found = reviews_in(log)
    assert decided_of(asked.drawn, found).documents == (digest(TEXTS[0]),)
    assert len(found) == 12


def test_a_changed_draw_is_found(log: Log) -> None:
    ada = person(log, "ada")
    say(log, ada, queue(log).queued[0].task.document)
    found = reviews_in(log)
    (drawn,) = draws_of(found, NOTES, _reads(log))
    assert draws_of(found, "other@1", _reads(log)) == []
    assert draws_of(found, NOTES, lambda _digest: None) == []
    assert _reads(log)(parse_digest(drawn.digest)) == drawn.data
    with pytest.raises(VerificationError):
        draws_of(found, NOTES, lambda _digest: drawn.data + b" ")


def test_nobody_reviewed(log: Log) -> None:
    found = dataset_statistics(log, NOTES)
    assert statistics_lines(found, NOTES) == [f"{NOTES}: nobody reviewed a document of it"]
    assert statistics_data(found, NOTES)["estimates"] == []


def test_a_list_does_not_say_why(log: Log) -> None:
    asked = queue(log)
    _, tasks = queue_rows(asked, 5)
    assert len(tasks) == 5
    for row, plain in zip(tasks, queue_data(asked, 5)["tasks"], strict=True):
        assert "audit" not in str(row) and "mode" not in plain
