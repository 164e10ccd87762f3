"""What a verdict does to a label: only with a calibration behind it, and then a suspicion."""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.log.canonical import Entry, subject_of
from ledger.provenance.classified import FDR_PPM
from ledger.provenance.explain import explain
from ledger.provenance.facts import FLAGS
from ledger.provenance.policy import DEFAULT_POLICY, load_policy
from tests.log.making import (
    AT,
    Ledger,
    assert_whole,
    authorship,
    digest,
    dump,
    entry,
    evidence,
    new_ledger,
    origin,
    withdrawal,
)

PROFILE = subject_of("verdict_calibration", "blogs", "1")
DOCUMENT, OTHER = digest("d"), digest("e")
HERE = origin(DOCUMENT)


def calibration(**changes: Any) -> Entry:
    body = {
        "detector": "headwater-core", "detector_version": "1", "expires_at": AT + 1,
        "human": [{"content_root": digest("root"), "documents": 500, "source": "old@1"}],
        "name": "blogs", "sample": digest("sample"), "source": "headwater", "synthetic": 1665,
        "version": "1", "weights": digest("weights"),
    } | changes  # fmt: skip
    return entry("verdict_calibration", PROFILE, {k: v for k, v in body.items() if v is not None})


STANDS = calibration()


def verdict(of: str = DOCUMENT, **changes: Any) -> Entry:
    body = {
        "calibration": STANDS.claim_id, "detector": "headwater-core", "outcome": "like_ai_sample",
        "p_ai_ppm": 700_000, "p_human_ppm": 2_000, "profile": PROFILE, "q_ppm": FDR_PPM,
        "score_milli": 4_200, "source": "headwater", "version": "1",
        "weights": digest("weights"), "words": 240,
    } | changes  # fmt: skip
    return entry("verdict", of, {k: v for k, v in body.items() if v is not None})


def flags(ledger: Ledger) -> set[str]:
    connection = sqlite3.connect(ledger.path)
    try:
        (row,) = connection.execute(
            "SELECT flags FROM fact AS f JOIN profile AS p ON p.id = f.profile "
            "WHERE f.document = (SELECT min(idx) FROM entry WHERE subject = ?)",
            (bytes.fromhex(DOCUMENT[7:]),),
        ).fetchall()
    finally:
        connection.close()
    return {name for name, bit in FLAGS.items() if row[0] & bit}


def after(folder: Path, *entries: Entry, batch: int = 1) -> Ledger:
    ledger = new_ledger(folder)
    ledger.append(entries, batch)
    assert_whole(ledger)
    return ledger


def rule(ledger: Ledger) -> str:
    with ledger.open() as log:
        return explain(log, DOCUMENT, load_policy(DEFAULT_POLICY)).decisions[-1].rule.number


def test_a_calibrated_verdict_makes_a_suspicion_and_is_named_for_it(tmp_path: Path) -> None:
    ledger = after(tmp_path, STANDS, HERE, verdict())
    assert flags(ledger) == {"classified", "classified_fdr"}
    with ledger.open() as log:
        explained = explain(log, DOCUMENT, load_policy(DEFAULT_POLICY))
    assert explained.decisions[-1].rule.label == "synthetic_suspected"
    assert explained.decisions[-1].entries == (4,)


def test_among_many_that_are_expected_to_be_false_it_makes_none(tmp_path: Path) -> None:
    ledger = after(tmp_path, STANDS, HERE, verdict(q_ppm=FDR_PPM + 1))
    assert flags(ledger) == {"classified"}
    assert rule(ledger) == "5"


def test_an_older_date_outweighs_it_and_a_declaration_does_too(tmp_path: Path) -> None:
    dated = after(tmp_path / "1", STANDS, HERE, verdict(), evidence(DOCUMENT, 1_600_000_000))
    assert rule(dated) == "3"
    said = after(tmp_path / "2", STANDS, HERE, verdict(), authorship(DOCUMENT, "A4"))
    assert rule(said) == "1a"


WORTHLESS = {
    "uncalibrated": [HERE, verdict(calibration=None, profile=None)],
    "calibration_unknown": [HERE, verdict()],
    "calibrated_later": [HERE, verdict(), STANDS],
    "calibration_withdrawn_before": [STANDS, withdrawal(STANDS), HERE, verdict()],
    "calibration_withdrawn_after": [STANDS, HERE, verdict(), withdrawal(STANDS)],
    "calibration_restated_after": [STANDS, HERE, verdict(), withdrawal(STANDS), STANDS],
    "verdict_withdrawn": [STANDS, HERE, verdict(), withdrawal(verdict())],
    "expired": [calibration(expires_at=AT), HERE,
                verdict(calibration=calibration(expires_at=AT).claim_id)],
    "other_weights": [STANDS, HERE, verdict(weights=digest("other"))],
    "no_weights": [STANDS, HERE, verdict(weights=None)],
    "other_detector": [STANDS, HERE, verdict(detector="pangram")],
    "other_version": [STANDS, HERE, verdict(version="2")],
    "of_a_vendor": [STANDS, HERE, verdict(source="pangram")],
    "unlike": [STANDS, HERE, verdict(outcome="unlike_ai_sample")],
    "uncertain": [STANDS, HERE, verdict(outcome="uncertain")],
    "too_short": [STANDS, HERE, verdict(outcome="insufficient_text")],
}  # fmt: skip


@pytest.mark.parametrize("entries", WORTHLESS.values(), ids=WORTHLESS)
def test_what_makes_no_label(tmp_path: Path, entries: Iterable[Entry]) -> None:
    ledger = after(tmp_path, *entries)
    assert flags(ledger) == set()
    assert rule(ledger) == "5"


def test_the_batches_in_which_it_came_make_no_difference(tmp_path: Path) -> None:
    entries = [
        STANDS, HERE, origin(OTHER), verdict(), verdict(OTHER), withdrawal(STANDS), STANDS,
        verdict(OTHER, score_milli=9),
    ]  # fmt: skip
    one = after(tmp_path / "one", *entries)
    names = ("fact", "member", "profile")
    for size in (2, 3, 100):
        whole = after(tmp_path / str(size), *entries, batch=size)
        assert dump(one, names) == dump(whole, names)
    assert flags(one) == set()


def test_an_equal_calibration_by_somebody_else_takes_nothing_away(tmp_path: Path) -> None:
    again = replace(STANDS, actor="key:ada+00000000")
    ledger = after(tmp_path, STANDS, HERE, verdict(), again)
    assert flags(ledger) == {"classified", "classified_fdr"}


def test_a_verdict_alone_makes_no_document(tmp_path: Path) -> None:
    ledger = after(tmp_path, STANDS, verdict())
    assert dump(ledger, ["fact"]) == {"fact": []}


@pytest.mark.parametrize("name", ["calibration_withdrawn_after", "other_weights", "expired"])
def test_a_number_is_shown_as_if_its_calibration_stood(tmp_path: Path, name: str) -> None:
    ledger = after(tmp_path, *WORTHLESS[name])
    with ledger.open() as log:
        said = [one for one in explain(log, DOCUMENT, load_policy(DEFAULT_POLICY)).claims
                if one.kind == "verdict"]  # fmt: skip
    assert [one.words.endswith("so it counts for nothing") for one in said] == [True]
    whole = after(tmp_path / "whole", STANDS, HERE, verdict())
    with whole.open() as log:
        found = explain(log, DOCUMENT, load_policy(DEFAULT_POLICY)).claims
    assert not any("counts for nothing" in one.words for one in found)
