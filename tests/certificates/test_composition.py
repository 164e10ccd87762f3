"""The numbers of a certificate, and that they depend on claims alone."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.certificates.composition import View, compose, find_dataset
from ledger.certificates.recorded import attachments_of
from ledger.certificates.sections import all_sections, built_in_sections
from ledger.claims import Operation, Withdrawal
from ledger.errors import InputError, UnknownNameError
from ledger.log.canonical import claim_id, encode, parse_digest
from ledger.log.content_root import content_root
from ledger.log.projection import Reader
from ledger.log.record import Claim
from ledger.log.verify import verify_log
from ledger.provenance.policy import load_policy
from tests.certificates.ledgers import Ledger, authorship, corpus, digest, evidence, make, origin

Composition = dict[str, dict[str, Any]]


def composition(
    ledger: Ledger, dataset: str = "r@1", policy: str = "clean-strict"
) -> tuple[Composition, bytes]:
    rules = load_policy(policy)
    with ledger.open() as log:
        verify_log(log)
        tables = Reader(log.database, log.connection, log.store, log.runs, log.size)
        number = find_dataset(log.connection, dataset)
        view = View(tables, dataset, number, rules, rules.cutoff, log.size, attachments_of(log))
        return compose(view, built_in_sections()), view.root


def documents(rows: list[dict[str, Any]], *names: str) -> dict[Any, int]:
    keys = [tuple(row.get(name) for name in names) for row in rows]
    return {
        key[0] if len(names) == 1 else key: row["documents"]
        for key, row in zip(keys, rows, strict=True)
    }


def test_every_document_counts_once_in_every_section(tmp_path: Path) -> None:
    found, root = composition(make(tmp_path, corpus()))
    assert root == content_root(sorted(parse_digest(digest(f"text {n}")) for n in range(7)))
    assert found["totals"] == {"bytes": 42, "documents": 7, "occurrences": 8}
    assert documents(found["labels"]["rows"], "label", "basis", "rule") == {
        ("synthetic_known", "declared", "1a"): 1,
        ("human_unverified", "predates", "3"): 2,
        ("human_unverified", "none", "5"): 4,
    }
    assert documents(found["license"]["rows"], "value") == {"MIT": 5, "mixed": 1, None: 1}
    assert documents(found["language"]["rows"], "value") == {"<b>\u202efr": 1, "en": 5, None: 1}
    assert documents(found["channel"]["rows"], "value") == {"public_dataset": 7}
    assert documents(found["period"]["rows"], "standing", "year") == {
        ("asserted", 2025): 1,
        ("checked", 2020): 2,
        ("checked", 2025): 3,
        (None, None): 1,
    }
    assert documents(found["evidence"]["rows"], "standing", "level") == {
        ("asserted", 1): 1,
        ("checked", 3): 5,
        (None, None): 1,
    }
    for section in ("labels", "license", "language", "channel", "period", "evidence"):
        rows = found[section]["rows"]
        assert sum(row["documents"] for row in rows) == 7
        assert sum(row["occurrences"] for row in rows) == 8
        assert sum(row["bytes"] for row in rows) == 42
        assert 1_000_000 - len(rows) <= sum(row["documents_ppm"] for row in rows) <= 1_000_000


def test_what_another_dataset_dated_is_counted(tmp_path: Path) -> None:
    found, _ = composition(make(tmp_path, corpus()))
    # text 1: dated 2025 here, 2020 there; text 4: only asserted here, checked there
    assert found["period"]["earlier_elsewhere"]["documents"] == 2
    assert found["evidence"]["lifted_elsewhere"]["documents"] == 1
    older, _ = composition(make(tmp_path / "b", corpus()), "old@1")
    assert older["period"]["earlier_elsewhere"]["documents"] == 0
    assert older["evidence"]["lifted_elsewhere"]["documents"] == 0


def test_evidence_on_the_document_itself_is_nobody_elses(tmp_path: Path) -> None:
    claims = [*corpus(), evidence("text 4", 1_000_000_000)]
    found, _ = composition(make(tmp_path, claims))
    assert found["period"]["earlier_elsewhere"]["documents"] == 1
    assert found["evidence"]["lifted_elsewhere"]["documents"] == 0


def test_a_withdrawn_origin_is_no_member_and_dates_nothing_as_its_own(tmp_path: Path) -> None:
    gone, shared = origin("text 3", row=3), origin("text 4", file="f9", row=5)
    ledger = make(tmp_path, [*corpus(), shared, evidence("f9", 1_000_000_000)])
    before, _ = composition(ledger)
    assert before["evidence"]["lifted_elsewhere"]["documents"] == 0  # its own f9 is checked
    for claim in (gone, shared):
        identity = claim_id(claim.kind, claim.subject, claim.body.plain())
        ledger.record(Claim("withdrawal", claim.subject, Withdrawal(claim=identity)))
    after, _ = composition(ledger)
    assert after["totals"]["documents"] == 6
    assert after["evidence"]["lifted_elsewhere"]["documents"] == 1


@pytest.mark.parametrize("seed", range(4))
def test_another_order_and_batch_size_give_the_same_bytes(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    claims = [
        origin(
            f"text {random.randrange(60)}",
            random.choice(["r@1", "r@1", "old@1"]),
            file=f"f{random.randrange(6)}",
            row=n,
            language=random.choice(["en", "de", None]),
        )
        for n in range(120)
    ]
    claims += [evidence(f"f{n}", 1_500_000_000 + n * 9_000_000) for n in range(0, 6, 2)]
    claims += [authorship(f"text {n}", random.choice(["A0", "A3"])) for n in range(0, 60, 7)]
    one, one_root = composition(make(tmp_path / "a", claims))
    random.shuffle(claims)
    other, other_root = composition(make(tmp_path / "b", claims, batch=seed + 3))
    assert encode(one) == encode(other)
    assert one_root == other_root


def test_the_policy_changes_labels_and_nothing_else(tmp_path: Path) -> None:
    ledger = make(tmp_path, corpus())
    strict, _ = composition(ledger)
    dated, _ = composition(ledger, policy="clean-dated")
    assert [name for name in strict if strict[name] != dated[name]] == ["labels"]
    assert documents(dated["labels"]["rows"], "label", "basis")["human_verified", "predates"] == 2


def test_a_dataset_nobody_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown dataset: r@2") as caught:
        composition(make(tmp_path, corpus()), "r@2")
    assert caught.value.hint == "did you mean r@1?"


@pytest.mark.parametrize("name", ["r", "@1", "r@", ""])
def test_a_dataset_without_its_version(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"expected NAME@VERSION"):
        composition(make(tmp_path, corpus()), name)


def test_a_dataset_that_lost_its_last_document(tmp_path: Path) -> None:
    claim = origin("text", "short@1")
    identity = claim_id(claim.kind, claim.subject, claim.body.plain())
    ledger = make(tmp_path, [claim])
    ledger.record(Claim("withdrawal", claim.subject, Withdrawal(claim=identity)))
    with pytest.raises(InputError, match=r"short@1: found no documents"):
        composition(ledger, "short@1")


def test_a_language_is_detected_by_nobody(tmp_path: Path) -> None:
    def read(file: str, dataset: str, detector: str | None) -> Claim:
        body = Operation(
            dataset=dataset,
            bytes=1,
            rows=1,
            rejected=0,
            reader="jsonl",
            reader_version=1,
            map=digest("map"),
            language_detector=detector,
            extractors=None if detector is None else ["html/1", detector],
        )
        return Claim("operation", digest(file), body)

    claims = [
        read("f1", "r@1", "b/2"),
        read("f2", "r@1", "a/1"),
        read("f3", "r@1", "b/2"),
        read("f4", "r@1", None),
        read("g", "old@1", "c/3"),
    ]
    found, _ = composition(make(tmp_path, [*corpus(), *claims]))
    assert found["language"]["detectors"] == ["a/1", "b/2"]
    assert found["evidence"]["extractors"] == ["a/1", "b/2", "html/1"]


def test_sections_are_found_in_the_order_of_the_page() -> None:
    names = [section.name for section in built_in_sections()]
    assert names == [
        "totals",
        "manifest",
        "labels",
        "authorship",
        "generations",
        "evidence",
        "license",
        "language",
        "period",
        "channel",
        "reserves",
        "overlaps",
        "watermarks",
        "contamination",
        "reviews",
    ]
    assert [section.name for section in all_sections()] == names
