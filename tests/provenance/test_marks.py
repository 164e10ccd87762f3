"""What a detected mark does to a label depends on the registry alone, at any time, in any order."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from ledger.log.canonical import Entry, subject_of
from ledger.provenance.explain import explain
from ledger.provenance.facts import FLAGS, PROFILE_FIELDS
from ledger.provenance.gather import named_keys
from ledger.provenance.marks import bucket_milli, correction_milli, mark_standing
from ledger.provenance.policy import DEFAULT_POLICY, load_policy
from tests.log.making import (
    Ledger,
    assert_whole,
    authorship,
    digest,
    dump,
    entry,
    evidence,
    key,
    new_ledger,
    origin,
    signer,
    withdrawal,
)

PROVIDER, OTHER = signer("example.org/marks"), signer("example.net/marks")
ADA = signer("ada.example/claims")
MARK = subject_of("scheme", "example.org/chat", "1")
DOCUMENT, FILE = digest("d"), digest("f")
T = 1_600_000_000


def state(*, by: Sequence[Any] = (PROVIDER,), **changes: Any) -> Entry:
    body = {
        "algorithm": "gumbel-philox/single@1", "issued_at": T, "key_class": "committed",
        "key_commitment": digest("key"), "name": "example.org/chat",
        "parameters": {"context_width": "4"}, "provider": "Example Ltd",
        "provider_key": PROVIDER.verifier.vkey, "status": "active", "vectors": digest("vectors"),
        "version": "1", "vocab_size": 50_257,
    } | changes  # fmt: skip
    return entry("scheme", MARK, {k: v for k, v in body.items() if v is not None}, by=by)


FIRST = state()
PUBLIC = state(key_class="public", key_commitment=None, key={"key": "42"})


def found(milli: int = 9_000, *, public: bool = False, of: str = DOCUMENT, **changes: Any) -> Entry:
    body = {
        "alpha_milli": 9_000, "counted": 300, "decision": "detected", "detector": "watermark/1",
        "keys": 1, "mark": MARK, "state": FIRST.claim_id, "tokens": 310,
        "vectors": digest("vectors"), ("neg_log10_p_milli" if public else "bucket_milli"): milli,
    } | changes  # fmt: skip
    return entry("watermark", of, {k: v for k, v in body.items() if v is not None})


REGISTERED = [key(PROVIDER, "provider"), FIRST]
HERE = origin(DOCUMENT)


def profile(ledger: Ledger) -> Mapping[str, int | None]:
    connection = sqlite3.connect(ledger.path)
    try:
        (row,) = connection.execute(
            f"SELECT {', '.join(PROFILE_FIELDS)} FROM fact AS f JOIN profile AS p "
            "ON p.id = f.profile WHERE f.document = (SELECT min(idx) FROM entry WHERE subject = ?)",
            (bytes.fromhex(DOCUMENT[7:]),),
        ).fetchall()
    finally:
        connection.close()
    return dict(zip(PROFILE_FIELDS, row, strict=True))


def flags(ledger: Ledger) -> set[str]:
    return {name for name, bit in FLAGS.items() if (profile(ledger)["flags"] or 0) & bit}


def after(folder: Path, *entries: Entry, batch: int = 1) -> Ledger:
    ledger = new_ledger(folder)
    ledger.append(entries, batch)
    assert_whole(ledger)
    return ledger


def rule(ledger: Ledger) -> str:
    with ledger.open() as log:
        return explain(log, DOCUMENT, load_policy(DEFAULT_POLICY)).decisions[-1].rule.number


def test_a_registered_mark_makes_a_label(tmp_path: Path) -> None:
    ledger = after(tmp_path, *REGISTERED, HERE, found())
    assert flags(ledger) == {"marked"}
    assert profile(ledger)["marked_milli"] == 9_000
    assert rule(ledger) == "1b"
    with ledger.open() as log:
        decision = explain(log, DOCUMENT, load_policy(DEFAULT_POLICY)).decisions[-1]
    assert decision.entries == (5,)


def test_a_public_key_attributes_a_text_to_nobody(tmp_path: Path) -> None:
    ledger = after(tmp_path, key(PROVIDER, "provider"), PUBLIC, HERE, found(30_000, public=True))
    assert flags(ledger) == {"marked_public"}
    assert rule(ledger) == "4b"


WORTHLESS = {
    "unregistered": [HERE, found()],
    "no_key_named": [FIRST, HERE, found()],
    "key_named_later": [FIRST, key(PROVIDER, "provider"), HERE, found()],
    "key_of_another_use": [key(PROVIDER, "claim"), FIRST, HERE, found()],
    "unsigned": [REGISTERED[0], state(by=()), HERE, found()],
    "signed_by_another": [REGISTERED[0], key(OTHER, "provider"), state(by=[OTHER]), HERE, found()],
    "other_vectors": [*REGISTERED, HERE, found(vectors=digest("made up"))],
    "no_vectors": [*REGISTERED, HERE, found(vectors=None)],
    "too_weak": [*REGISTERED, HERE, found(4_999)],
    "of_the_other_class": [*REGISTERED, HERE, found(30_000, public=True)],
    "unicode": [
        *REGISTERED, HERE,
        found(mark=None, vectors=None, unicode="zero_width", decision="found", marks=1),
    ],
    "registration_withdrawn": [*REGISTERED, HERE, found(), withdrawal(FIRST)],
    "detection_withdrawn": [*REGISTERED, HERE, found(), withdrawal(found())],
    "tampered": [REGISTERED[0], replace(FIRST, body={**FIRST.body, "model": "X"}), HERE, found()],
}  # fmt: skip


@pytest.mark.parametrize("entries", WORTHLESS.values(), ids=WORTHLESS)
def test_what_makes_no_label(tmp_path: Path, entries: Iterable[Entry]) -> None:
    ledger = after(tmp_path, *entries)
    assert flags(ledger) == set()
    assert rule(ledger) == "5"


def test_many_keys_cost_what_they_must(tmp_path: Path) -> None:
    assert [correction_milli(n) for n in (1, 2, 10, 11, 1000)] == [0, 302, 1000, 1042, 3000]
    looked = found(10_500, public=True, keys=100)
    ledger = after(tmp_path, key(PROVIDER, "provider"), PUBLIC, HERE, looked)
    assert profile(ledger)["marked_public_milli"] == 8_500
    assert rule(ledger) == "5"


def test_a_bucket_is_never_more_than_was_found() -> None:
    assert [bucket_milli(n) for n in (0, 4_999, 5_000, 8_999, 9_000, 11_999, 50_000)] == [
        0, 0, 5_000, 6_000, 9_000, 9_000, 12_000,
    ]  # fmt: skip


def follows(before: Entry, **changes: Any) -> Entry:
    return state(supersedes=before.claim_id, issued_at=T + 1, **changes)


OLD, NEW = evidence(FILE, T), evidence(FILE, T + 100)
CHANGED = {
    "revoked": ([follows(FIRST, status="revoked")], {"marked_public"}),
    "retired": ([follows(FIRST, status="retired")], {"marked"}),
    "leaked_undated": ([follows(FIRST, forgeable_from=T)], {"marked_public"}),
    "leaked_after": ([OLD, follows(FIRST, status="revoked", forgeable_from=T + 1)], {"marked"}),
    "leaked_before": ([NEW, follows(FIRST, forgeable_from=T + 1)], {"marked_public"}),
    "asserted_dates_prove_nothing": (
        [evidence(FILE, T, outcome="asserted"), follows(FIRST, forgeable_from=T + 1)],
        {"marked_public"},
    ),
    "older_than_the_key": ([OLD, follows(FIRST, not_before=T + 1)], set()),
    "as_old_as_the_key": ([OLD, follows(FIRST, not_before=T)], {"marked"}),
    "another_key": (
        [follows(FIRST, key_commitment=digest("other"), vectors=digest("others"))], set(),
    ),
    "more_vectors": ([follows(FIRST, vectors=digest("more"))], {"marked"}),
    "corrected_by_another": (
        [key(OTHER, "provider"),
         follows(FIRST, status="revoked", provider_key=OTHER.verifier.vkey, by=[OTHER])],
        {"marked"},
    ),
    "follows_nothing": ([follows(PUBLIC, status="revoked")], {"marked"}),
    "follows_what_was_followed": (
        [follows(FIRST, status="revoked"), state(supersedes=FIRST.claim_id, model="again")],
        {"marked_public"},
    ),
    "revocation_withdrawn": (
        [follows(FIRST, status="revoked"), withdrawal(follows(FIRST, status="revoked"))],
        {"marked"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("later", "expected"), CHANGED.values(), ids=CHANGED)
def test_a_change_of_the_registry_reaches_earlier_detections(
    tmp_path: Path, later: list[Entry], expected: set[str]
) -> None:
    before = [*REGISTERED, HERE, origin(digest("e")), found(), found(of=digest("e"))]
    one = after(tmp_path / "one", *before, *later)
    assert flags(one) == expected
    whole = after(tmp_path / "whole", *before, *later, batch=100)
    names = ("fact", "member", "profile")
    assert dump(one, names) == dump(whole, names)


def test_a_conflict_is_a_fact_for_detections_only(tmp_path: Path) -> None:
    human = [key(ADA), authorship(DOCUMENT, "A0", by=[ADA])]
    weak = found(6_000, decision="below_alpha")
    assert flags(after(tmp_path / "weak", *human, *REGISTERED, HERE, weak)) == {
        "attested", "marked",
    }  # fmt: skip
    assert flags(after(tmp_path / "strong", *human, *REGISTERED, HERE, found())) == {
        "attested", "marked", "conflict",
    }  # fmt: skip


def test_the_order_of_registering_finding_and_reading_makes_no_difference(tmp_path: Path) -> None:
    for number, order in enumerate(permutations([FIRST, HERE, found()])):
        ledger = after(tmp_path / str(number), REGISTERED[0], *order)
        assert flags(ledger) == {"marked"}, order


def test_a_mark_alone_makes_no_document(tmp_path: Path) -> None:
    ledger = after(tmp_path, *REGISTERED, found())
    assert dump(ledger, ["fact"]) == {"fact": []}


def test_states_that_do_not_count_are_named() -> None:
    entries = [(3, FIRST), (4, state(model="X")), (5, state(by=(), supersedes=FIRST.claim_id))]
    standing = mark_standing(entries, named_keys([(2, key(PROVIDER, "provider"))], "provider"))
    assert standing is not None
    assert standing.claim_id == FIRST.claim_id
    assert standing.refused == (
        (4, "it does not follow the state that stood"),
        (5, "it is not signed by its provider"),
    )
