"""Who may decide what: blind first, four eyes, a third who adjudicates, nobody on their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.claims import Review, Withdrawal
from ledger.errors import InputError, LogMovedError, RefusedError, UnknownNameError
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.authors import find_author, revoke_author
from ledger.provenance.explain import explain
from ledger.provenance.report import report_lines
from ledger.provenance.review.decide import Answer, decide, may_decide, reader
from ledger.provenance.review.recorded import reviews_in
from ledger.provenance.review.tasks import Progress, Task
from ledger.provenance.reviewed import reviewer_of
from ledger.provenance.signing import sign_claim
from tests.provenance.review.making import (
    STRICT,
    TEXTS,
    declare,
    digest,
    ledger,
    person,
    queue,
    say,
)

DOC = digest(TEXTS[0])


@pytest.fixture
def log(own_place: Path) -> Iterator[Log]:
    with ledger() as opened:
        yield opened


def label(log: Log, document: str = DOC) -> tuple[str, str]:
    rule = explain(log, document, STRICT).rule
    assert rule is not None
    return rule.label, rule.basis


def test_two_who_agree_with_sources_verify(log: Log) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    first = say(log, ada, DOC)
    assert (first.stage, first.progress.status, first.towards_verified) == ("blind", "open", True)
    assert label(log) == ("human_unverified", "none")
    second = say(log, bob, DOC)
    assert second.progress == Progress("settled", 2, "human")
    assert label(log) == ("human_verified", "sourced_review")
    found = explain(log, DOC, STRICT)
    deciding = found.decisions[-1]
    assert deciding.entries == (first.index, second.index)


def test_without_a_source_nothing_is_verified(log: Log) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    say(log, ada, DOC, source=None)
    done = say(log, bob, DOC)
    assert done.progress.status == "settled" and label(log)[0] == "human_unverified"


def test_what_is_revised_stays_and_counts_no_more(log: Log) -> None:
    ada = person(log, "ada")
    first = say(log, ada, DOC, "ai", source=None)
    with pytest.raises(RefusedError, match=f"you decided it as entry {first.index}: ai"):
        say(log, ada, DOC)
    second = say(log, ada, DOC, "human", revise=True)
    assert second.stage == "informed"
    assert log.entry(second.index).body["supersedes"] == first.claim_id
    (found,) = reviews_in(log)
    assert [len(items) for items in found.counted.values()] == [2]
    assert found.progress.side == "human"
    said = {one.index: one for one in explain(log, DOC, STRICT).claims}
    assert said[first.index].superseded_by == second.index


def test_there_is_nothing_to_revise(log: Log) -> None:
    with pytest.raises(RefusedError, match="found no decision of yours"):
        say(log, person(log, "ada"), DOC, revise=True)


def test_a_third_adjudicates_and_neither_of_the_two(log: Log) -> None:
    ada, bob, cleo = (person(log, name) for name in ("ada", "bob", "cleo"))
    say(log, ada, DOC)
    done = say(log, bob, DOC, "mixed")
    assert done.progress.status == "disputed"
    assert queue(log).waiting[0].task.document == DOC  # it comes first
    assert may_decide(log, DOC, reader(log, ada)) is not None
    again = say(log, bob, DOC, "ai", revise=True)
    assert again.stage == "informed" and again.progress.status == "disputed"
    third = say(log, cleo, DOC)
    assert (third.stage, third.progress.side) == ("adjudication", "human")
    assert label(log) == ("human_verified", "sourced_review")


def test_one_of_the_two_forges_the_third_word(log: Log) -> None:
    """The fold enforces it, whatever wrote the claim."""
    ada, bob, dora = (person(log, name) for name in ("ada", "bob", "dora"))
    say(log, ada, DOC)
    say(log, dora, DOC)
    say(log, bob, DOC, "ai")
    body = Review.model_validate(
        {"task": digest("t"), "reviewer": reviewer_of(ada.verifier), "mode": "audit",
         "stage": "adjudication", "decision": "human", "reason": "other", "source": digest("s")}
    )  # fmt: skip
    sigs = (sign_claim(ada, "review", DOC, body.plain()),)
    record(log, [Claim("review", DOC, body, sigs=sigs)])
    (found,) = reviews_in(log)
    assert found.progress.status == "disputed" and label(log)[0] == "human_unverified"


def test_nobody_reviews_their_own_text(log: Log) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    declare(log, TEXTS[0], "A1", by=ada)
    with pytest.raises(RefusedError, match="you signed it as its author"):
        say(log, ada, DOC)
    assert may_decide(log, DOC, reader(log, ada)) == "you signed it as its author"
    say(log, bob, DOC)


def test_who_signs_as_author_after_deciding_no_longer_counts(log: Log) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    say(log, ada, DOC)
    say(log, bob, DOC)
    declare(log, TEXTS[0], "A0", by=ada)
    (found,) = reviews_in(log)
    assert (len(found.counted), found.own) == (1, 1)
    said = "\n".join(report_lines(explain(log, DOC, STRICT)))
    assert "on a text that its reviewer signed as its author, so it counts for nothing" in said
    assert label(log)[1] == "attested"


def test_a_review_alone_lowers_no_declaration(log: Log) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    declare(log, TEXTS[0], "A3")
    say(log, ada, DOC)
    say(log, bob, DOC)
    assert label(log) == ("synthetic_known", "declared")
    found = explain(log, DOC, STRICT)
    assert found.profile is not None and found.profile[0] is not None
    assert found.profile[0] & (16 | 256) == 16 | 256  # both are facts, and they contradict


def test_a_key_that_the_log_does_not_name(log: Log) -> None:
    with pytest.raises(RefusedError, match="names no key eve") as caught:
        say(log, person(log, "eve", named=False), DOC)
    assert caught.value.hint is not None and "headwater author trust" in caught.value.hint


def test_a_revoked_key_decides_no_more_and_what_it_decided_stands(log: Log) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    say(log, ada, DOC)
    revoke_author(log, find_author(log, "ada"))
    say(log, bob, DOC)
    assert label(log) == ("human_verified", "sourced_review")
    with pytest.raises(RefusedError, match="is revoked"):
        say(log, ada, digest(TEXTS[1]))


def test_a_decision_that_is_taken_back(log: Log) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    say(log, ada, DOC)
    done = say(log, bob, DOC)
    record(log, [Claim("withdrawal", DOC, Withdrawal(claim=done.claim_id))])
    assert label(log)[0] == "human_unverified"
    assert queue(log).waiting[0].task.document == DOC


def test_somebody_decides_in_between(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = person(log, "ada"), person(log, "bob")
    plain = log.append

    def append(*args: object, **kwargs: object) -> object:
        monkeypatch.setattr(log, "append", plain)
        say(log, bob, DOC)
        return plain(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(log, "append", append)
    with pytest.raises(LogMovedError, match="somebody decided on it in the meantime"):
        say(log, ada, DOC)


BAD = {
    "decision": (Answer("robot", "style"), UnknownNameError),
    "reason": (Answer("ai", "hunch"), UnknownNameError),
    "no source": (Answer("human", "other", b""), InputError),
    "a long source": (Answer("human", "other", b"x" * ((1 << 18) + 1)), InputError),
    "the text itself": (Answer("human", "other", TEXTS[0].encode()), InputError),
    "no words": (Answer("ai", "other", None, ""), InputError),
    "many words": (Answer("ai", "other", None, "x" * 4_001), InputError),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_answer(log: Log, what: str) -> None:
    answer, error = BAD[what]
    size = log.size
    ada = person(log, "ada")
    with pytest.raises(error):
        decide(log, Task(DOC, "complaint"), ada, answer)
    assert log.size == size + 1  # the key


def test_a_document_that_is_not_there(log: Log) -> None:
    with pytest.raises(InputError, match="no document with exactly these bytes"):
        decide(log, Task(digest("?"), "complaint"), person(log, "ada"), Answer("ai", "style"))


def test_what_was_found_and_the_reasons_lie_in_the_vault(log: Log) -> None:
    done = decide(
        log,
        Task(DOC, "complaint"),
        person(log, "ada"),
        Answer("human", "author_known", b"letter of 3 May", "her neighbour says so"),
    )
    leaf = log.entry_bytes(done.index)
    assert b"neighbour" not in leaf and b"letter" not in leaf and b"ada" in leaf  # the key's name
    assert log.vault is not None
    body = log.entry(done.index).body
    for field, text in (("source", b"letter of 3 May"), ("because", b"her neighbour says so")):
        assert log.vault.attachment(bytes.fromhex(body[field][7:])) == text
