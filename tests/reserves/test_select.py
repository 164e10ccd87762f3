"""Who is in a reserve, and why the others are not."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from ledger.log.canonical import Entry, parse_digest
from ledger.log.runs import keys_of
from ledger.provenance.asof import tables_as_of
from ledger.reserves.selection.digests import order_of, positions
from ledger.reserves.selection.rule import Rule
from ledger.reserves.selection.select import Selection, select
from ledger.reserves.selection.state import State
from tests.log.making import (
    Ledger,
    authorship,
    dataset,
    digest,
    entry,
    evidence,
    key,
    new_ledger,
    origin,
    signer,
    withdrawal,
)

OLD, NEW = 1_600_000_000, 1_700_000_000  # 2020-09-13, 2023-11-14
RULE = Rule("old", ("r@1",), date(2022, 11, 30))
LOOSE = replace(RULE, allow_asserted=True, min_level=0)
DOC = digest("a text")


def chosen(ledger: Ledger, rule: Rule = RULE) -> Selection:
    with ledger.open() as log:
        return select(State.of(log, log.size), rule)


def choose(folder: Path, claims: Iterable[Entry], rule: Rule = RULE, batch: int = 100) -> Selection:
    ledger = new_ledger(folder)
    ledger.append([dataset("r", "1"), *claims], batch)
    return chosen(ledger, rule)


def dated(subject: str = digest("f"), at: int = OLD, **rest: str) -> Entry:
    found = evidence(subject, at)
    return entry("evidence", subject, {**found.body, **rest})


def row(selection: Selection) -> dict[str, object]:
    (found,) = selection.rows(0, len(selection)).to_pylist()
    return found


def test_a_dated_document_stays_out(tmp_path: Path) -> None:
    found = choose(
        tmp_path, [origin(DOC, language="en", license="MIT"), dated(), origin(digest(2))]
    )
    assert len(found) == 2 and found.excluded == {}
    (mine,) = [r for r in found.rows(0, 2).to_pylist() if r["sha256"] == parse_digest(DOC)]
    assert mine == {
        "sha256": parse_digest(DOC),
        "bytes": 100,
        "existed_by": OLD,
        "level": 3,
        "standing": "checked",
        "binding": "container_member",
        "evidence": "registry_release",
        "language": "en",
        "language_ppm": None,
        "license": "MIT",
        "datasets": ["r@1"],
    }


WHY = {
    "taken_down": [dated(), entry("takedown", DOC, {"reason": "privacy"})],
    "declared_ai": [dated(), authorship(DOC, "A3")],
    "edited_late": [dated(), withdrawal(origin(DOC)), origin(DOC, row=1, claimed_at=NEW)],
    "too_weak": [dated(type="git_tag")],
    "only_asserted": [dated(outcome="asserted")],
    "address_only": [dated(binding="url_only")],
    "too_late": [dated(at=NEW)],
    "undated": [],
}


@pytest.mark.parametrize("reason", WHY)
def test_a_document_is_sealed_that_has_a_reason_against_it(tmp_path: Path, reason: str) -> None:
    found = choose(tmp_path, [origin(DOC), *WHY[reason]])
    assert (len(found), found.excluded) == (0, {reason: 1})


@pytest.mark.parametrize("reason", ["taken_down", "declared_ai", "edited_late"])
def test_an_option_lets_in_what_may_never_be_sealed(tmp_path: Path, reason: str) -> None:
    found = choose(tmp_path, [origin(DOC), *WHY[reason]], LOOSE)
    assert (len(found), found.excluded) == (0, {reason: 1})


def test_the_last_second_before_the_cutoff_is_too_late(tmp_path: Path) -> None:
    last = 1_669_766_400 - 1
    assert len(choose(tmp_path / "a", [origin(DOC), dated(at=last)])) == 1
    assert len(choose(tmp_path / "b", [origin(DOC), dated(at=last + 1)])) == 0


def test_a_failed_check_dates_a_text(tmp_path: Path) -> None:
    found = choose(tmp_path, [origin(DOC), dated(outcome="failed")], LOOSE)
    assert found.excluded == {"undated": 1}


def test_withdrawn_evidence_still_dates(tmp_path: Path) -> None:
    said = dated()
    assert choose(tmp_path, [origin(DOC), said, withdrawal(said)]).excluded == {"undated": 1}


def test_evidence_recorded_again_after_its_withdrawal_is_lost(tmp_path: Path) -> None:
    said = dated()
    assert len(choose(tmp_path, [origin(DOC), said, withdrawal(said), said])) == 1


def test_a_takedown_that_was_taken_back_keeps_a_document_out(tmp_path: Path) -> None:
    down = entry("takedown", DOC, {"reason": "error"})
    assert len(choose(tmp_path, [origin(DOC), dated(), down, withdrawal(down)])) == 1


def test_one_late_occurrence_spoils_an_early_one(tmp_path: Path) -> None:
    found = choose(tmp_path, [origin(DOC), origin(DOC, row=7, claimed_at=NEW), dated()])
    assert (len(found), found.repeated) == (1, 1)


def test_a_late_occurrence_is_dated_by_its_own_file(tmp_path: Path) -> None:
    found = choose(tmp_path, [origin(DOC, file="g"), origin(DOC, row=7, claimed_at=NEW), dated()])
    assert found.excluded == {"undated": 1}


def test_text_of_the_ai_time_of_its_own_writers_gets_in(tmp_path: Path) -> None:
    early = 1_610_000_000  # 2021-01-07, before the cut-off
    ledger = new_ledger(tmp_path)
    ledger.append(
        [dataset("r", "1", ai_tools_since="2021-01-01"), origin(DOC, claimed_at=early), dated()]
    )
    assert chosen(ledger).excluded == {"edited_late": 1}


def test_a_sources_own_date_counts_as_checked(tmp_path: Path) -> None:
    claims = [origin(DOC, claimed_at=OLD)]
    assert choose(tmp_path / "a", claims).excluded == {"only_asserted": 1}
    found = row(choose(tmp_path / "b", claims, replace(RULE, allow_asserted=True)))
    assert (found["level"], found["standing"], found["evidence"], found["existed_by"]) == (
        1, "asserted", "claimed_at", OLD,
    )  # fmt: skip


def test_a_claim_takes_the_name_of_a_sources_own_date(tmp_path: Path) -> None:
    """Rows of that name have no line of evidence, so a claim of it would be counted nowhere."""
    claims = [origin(DOC), dated(type="claimed_at", outcome="asserted"), dated(type="claimed_at")]
    assert choose(tmp_path, claims, LOOSE).excluded == {"undated": 1}


def test_evidence_of_another_dataset_is_not_seen(tmp_path: Path) -> None:
    found = choose(tmp_path, [origin(DOC, file="g"), origin(DOC, dataset="old@1"), dated()])
    assert row(found)["datasets"] == ["r@1"]


def test_the_strongest_evidence_loses_to_the_first(tmp_path: Path) -> None:
    claims = [
        origin(DOC),
        dated(at=OLD + 9),
        dated(at=OLD, outcome="asserted"),
        dated(subject=DOC, at=OLD + 5, type="rfc3161", binding="exact_bytes"),
        dated(subject=DOC, at=NEW, type="rfc3161", binding="exact_bytes"),
    ]
    found = row(choose(tmp_path, claims, replace(RULE, allow_asserted=True)))
    assert (found["level"], found["existed_by"], found["binding"]) == (5, OLD + 5, "exact_bytes")


def test_a_claim_is_bound_closer_than_its_text_lies(tmp_path: Path) -> None:
    """A container's exact bytes say that a member was in it, not that it is the member."""
    found = choose(tmp_path / "a", [origin(DOC), dated(binding="exact_bytes")])
    assert row(found)["binding"] == "container_member"
    own = digest("f")  # the document is the file
    found = choose(tmp_path / "b", [origin(own), dated(binding="exact_bytes")])
    assert row(found)["binding"] == "exact_bytes"


def test_extracted_text_passes_for_a_member(tmp_path: Path) -> None:
    body = {
        "dataset": "r@1", "bytes": 1, "rows": 1, "rejected": 0, "reader": "warc",
        "reader_version": 1, "map": digest("m"), "extractors": ["html/1"],
    }  # fmt: skip
    claims = [origin(DOC), dated(binding="exact_bytes")]
    found = choose(tmp_path / "a", [*claims, entry("operation", digest("f"), body)])
    assert row(found)["binding"] == "derived"
    folder = entry("operation", digest("the folder"), body)  # f is a file of it
    assert row(choose(tmp_path / "b", [*claims, folder]))["binding"] == "derived"
    own = [origin(digest("f")), dated(binding="exact_bytes"), folder]
    assert row(choose(tmp_path / "c", own))["binding"] == "exact_bytes"


def test_differing_occurrences_are_told_as_one(tmp_path: Path) -> None:
    claims = [
        origin(DOC, language="en", language_ppm=900_000, license="MIT"),
        origin(DOC, row=1, language="de", language_ppm=800_000),
        dated(),
    ]
    found = row(choose(tmp_path, claims))
    assert (found["language"], found["language_ppm"], found["license"]) == ("mixed", None, "MIT")


def corpus() -> list[Entry]:
    """Two datasets and three files, with most things that can differ."""
    texts = [digest(number) for number in range(60)]
    return [
        *(origin(text, file=f"f{n % 3}", row=n, language="en") for n, text in enumerate(texts)),
        *(origin(text, dataset="s@1", file="f0", row=100 + n) for n, text in enumerate(texts[:9])),
        dated(digest("f0")),
        dated(digest("f0"), issuer="b.example", proof=digest("p")),
        dated(digest("f0"), issuer="a.example"),
        dated(digest("f1"), at=OLD - 5, outcome="asserted"),
        dated(texts[1], at=OLD + 7),
        dated(texts[2], at=OLD + 7, type="rfc3161", binding="exact_bytes"),
        authorship(texts[3], "A4"),
        entry("takedown", texts[6], {"reason": "legal"}),
    ]


def test_the_order_or_batches_of_recording_decide(tmp_path: Path) -> None:
    rule = replace(RULE, datasets=("r@1", "s@1"), allow_asserted=True)
    found = [choose(tmp_path / "0", [dataset("s", "1"), *corpus()], rule)]
    for number in range(3):
        claims = [dataset("s", "1"), *corpus()]
        random.Random(number).shuffle(claims)
        found.append(choose(tmp_path / f"{number + 1}", claims, rule, batch=7 + 30 * number))
    first = found[0]
    assert 0 < len(first) < 60 and first.excluded
    for other in found[1:]:
        assert other.rows(0, len(other)).equals(first.rows(0, len(first)))
        assert other.evidence() == first.evidence()
        assert (other.excluded, other.repeated) == (first.excluded, first.repeated)


def test_every_row_is_counted_by_one_line_of_evidence(tmp_path: Path) -> None:
    rule = replace(RULE, datasets=("r@1", "s@1"))
    found = choose(tmp_path, [dataset("s", "1"), *corpus()], rule)
    lines = found.evidence()
    assert sum(line["documents"] for line in lines) == len(found)
    assert {line["about_kind"] for line in lines} == {"file", "document"}
    kinds = {(line["type"], line["outcome"], line["existed_by"]) for line in lines}
    for told in found.rows(0, len(found)).to_pylist():
        assert (told["evidence"], told["standing"], told["existed_by"]) in kinds


def test_what_came_after_a_size_counts_as_of_it(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    ledger.append([dataset("r", "1"), origin(DOC), dated()])
    with ledger.open() as log:
        size = log.size
    for later in (entry("takedown", DOC, {"reason": "other"}), authorship(DOC, "A4"), dated(at=1)):
        ledger.append([later])
        assert len(chosen(ledger)) == 0 or later.kind == "evidence"
        with ledger.open() as log, tables_as_of(log, size) as tables:
            found = select(State(tables, size), RULE)
        assert (len(found), found.excluded) == (1, {})


def test_an_anchor_takes_who_only_says_so(tmp_path: Path) -> None:
    ada = signer("ada")
    texts = [digest(number) for number in range(4)]
    claims = [
        key(ada),
        *(origin(text, row=n) for n, text in enumerate(texts)),
        authorship(texts[0], "A0", by=[ada]),
        authorship(texts[1], "A0"),
        authorship(texts[2], "A1", by=[ada]),
        authorship(texts[2], "A3"),
    ]
    found = choose(tmp_path, claims, Rule("a", ("r@1",), None, 0, stage="final"))
    assert (row(found)["sha256"], row(found)["binding"]) == (parse_digest(texts[0]), "exact_bytes")
    assert row(found)["existed_by"] is None
    assert found.excluded == {"declared_ai": 1, "not_attested": 2}


def test_digests_that_begin_alike_are_mistaken_for_each_other() -> None:
    rng = np.random.default_rng(1)
    many = rng.integers(0, 256, (64, 32), np.uint8)
    many[:40, :8] = 7
    known = many[order_of(many)]
    assert [bytes(r) for r in known] == sorted(bytes(r) for r in many)
    asked = np.concatenate([known[::-1], rng.integers(0, 256, (5, 32), np.uint8)])
    asked[-1, :8] = 7
    found = positions(known, keys_of(known), asked)
    assert found.tolist() == [*range(63, -1, -1), -1, -1, -1, -1, -1]
