"""When reviews make a fact: in the projection, in its rebuild and in the slow oracle alike."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.log.canonical import Entry
from ledger.log.notes import Signer
from ledger.provenance.facts import FLAGS
from ledger.provenance.reviewed import reviewer_of
from tests.log.making import (
    assert_whole,
    authorship,
    digest,
    dump,
    entry,
    key,
    new_ledger,
    origin,
    signer,
)
from tests.provenance.oracle import project

DOC = digest("reviewed")
ADA, BOB, CLEO = (signer(f"{name}.example/claims") for name in ("ada", "bob", "cleo"))
ADA_AGAIN = Signer(ADA.verifier.name, Ed25519PrivateKey.from_private_bytes(b"again".ljust(32)))


def review(by: Any, decision: str = "human", stage: str = "blind", **rest: Any) -> Entry:
    body = {
        "task": digest("task"), "reviewer": reviewer_of(by.verifier), "mode": "audit",
        "reason": "known_source", "stage": stage, "decision": decision,
        "source": digest("a letter"), **rest,
    }  # fmt: skip
    return entry("review", DOC, {k: v for k, v in body.items() if v is not None}, by=[by])


def _two_keys(said: Entry) -> Entry:
    """The same with a signature that its bearer's key never made, in another's name."""
    forged = {**said.sigs[0], "keyid": BOB.verifier.label}
    body = {**said.body, "reviewer": reviewer_of(BOB.verifier)}
    honest = entry("review", DOC, body, by=[ADA])
    return replace(honest, sigs=(*honest.sigs, forged))


FIRST = review(ADA, "ai")
CASES: dict[str, tuple[list[Entry], bool]] = {
    "two agree": ([review(ADA), review(BOB)], True),
    "one alone": ([review(ADA), review(ADA, stage="informed")], False),
    "one without a source": ([review(ADA), review(BOB, source=None)], False),
    "one says otherwise": ([review(ADA), review(BOB), review(CLEO, "ai")], False),
    "the third settles it": (
        [review(ADA), review(BOB, "ai"), review(CLEO, stage="adjudication")], True,
    ),
    "the third says otherwise": (
        [review(ADA), review(BOB), review(CLEO, "mixed", stage="adjudication")], False,
    ),
    "unsure is no doubt": ([review(ADA), review(BOB), review(CLEO, "unsure")], True),
    "one changed their mind": ([FIRST, review(ADA, supersedes=FIRST.claim_id), review(BOB)], True),
    "one of the two settles it": (
        [review(ADA), review(CLEO), review(BOB, "ai"), review(ADA, stage="adjudication")], False,
    ),
    "two by keys that one holds": ([_two_keys(review(ADA)), review(ADA)], False),
    "one wrote it": ([authorship(DOC, "A0", by=[BOB]), review(ADA), review(BOB)], False),
    "one reviews in another's name": (
        [review(ADA), entry("review", DOC, review(BOB).body, by=[CLEO])], False,
    ),
    "two keys of one name": ([review(ADA), review(ADA_AGAIN)], False),
    "one wrote it, and lost the key": (
        [authorship(DOC, "A0", by=[ADA]), review(ADA_AGAIN), review(BOB)], False,
    ),
    "an old decision is recorded again": (
        [review(BOB), review(ADA), review(ADA, "ai", stage="informed"), review(ADA)], False,
    ),
    "nobody signed": (
        [entry("review", DOC, review(ADA).body), entry("review", DOC, review(BOB).body)], False,
    ),
    "AI was declared": ([authorship(DOC, "A3"), review(ADA), review(BOB)], True),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_reviews_make_a_fact(tmp_path: Path, case: str) -> None:
    said, expected = CASES[case]
    ledger = new_ledger(tmp_path)
    ledger.append([key(ADA), key(BOB), key(CLEO), key(ADA_AGAIN), origin(DOC), *said[:1]])
    ledger.append([said[0], *said[1:]])  # the first is restated, and is still one
    rows = dump(ledger)
    (flags,) = {row[2] for row in rows["profile"]}
    assert bool(flags & FLAGS["sourced_review"]) == expected
    assert bool(flags & FLAGS["conflict"]) == (case == "AI was declared")
    with ledger.open() as log:
        said_all = [log.entry(index) for index in range(log.size)]
    assert rows["profile"] == sorted(project(said_all)["profile"], key=repr)
    assert_whole(ledger)


def test_no_review_counts_before_its_key_is_named(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    ledger.append([key(ADA), origin(DOC), review(ADA), review(BOB), key(BOB)])
    (flags,) = {row[2] for row in dump(ledger)["profile"]}
    assert not flags & FLAGS["sourced_review"]
    assert_whole(ledger)
