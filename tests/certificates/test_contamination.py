"""What was measured of a dataset stands in a certificate, with what it was measured against."""

from pathlib import Path
from typing import Any

import pytest

from ledger.certificates.sections import SHAPE_ERRORS
from ledger.certificates.sections.contamination import SECTION
from ledger.claims import (
    Audit,
    BatchAudit,
    CalibratedSource,
    ContaminationAudit,
    VerdictCalibration,
    Withdrawal,
)
from ledger.log.canonical import claim_id, subject_of
from ledger.log.record import Claim
from tests.certificates.ledgers import CLOCK, Ledger, digest, make, origin
from tests.certificates.test_composition import composition
from tests.certificates.test_open import check, issue, statement_of

CORPUS = [origin(f"text {n}", row=n) for n in range(4)]
PROFILE = subject_of("verdict_calibration", "blogs", "1")


def calibration(**changes: Any) -> Claim:
    values: dict[str, Any] = {
        "name": "blogs", "version": "1", "source": "headwater", "detector": "headwater-core",
        "detector_version": "1", "sample": digest("sample"), "synthetic": 764,
        "expires_at": CLOCK + 10**9, "weights": digest("weights"),
        "human": [CalibratedSource(source="old@1", documents=500, content_root=digest("old"),
                                   before="2022-11-30")],
    } | changes  # fmt: skip
    return Claim("verdict_calibration", PROFILE, VerdictCalibration(**values))


def identity(claim: Claim) -> str:
    return claim_id(claim.kind, claim.subject, claim.body.plain())


def contamination(**changes: Any) -> ContaminationAudit:
    values: dict[str, Any] = {
        "documents": 1000, "measurable": 760, "sampled": 700,
        "unmeasured": {"too_short": 200, "not_prose": 40}, "cut_milli": -1_906, "flagged": 98,
        "human": 500, "human_above": 25, "ai": 764, "ai_above": 520, "estimate_ppm": 118_000,
        "low_ppm": 76_000, "high_ppm": 160_000, "bound_ppm": 331_000, "level_ppm": 100_000,
        "upper_level_ppm": 250_000, "gate": "failed", "mixture_ppm": 113_000,
        "mixture_low_ppm": 81_000, "mixture_high_ppm": 149_000,
    } | changes  # fmt: skip
    return ContaminationAudit(**values)


def audit(root: bytes, made: Claim | None = None, **changes: Any) -> Claim:
    values: dict[str, Any] = {
        "dataset": "r@1", "content_root": f"sha256:{root.hex()}", "audit": "contamination",
        "method": "rogan-gladen", "detector": "headwater-core", "detector_version": "1",
        "calibration": identity(made or calibration()), "parameters": digest("p"),
        "results": digest("r"), "weights": digest("weights"), "contamination": contamination(),
    } | changes  # fmt: skip
    return Claim("audit", subject_of("dataset", "r", "1"), Audit(**values))


def batches(root: bytes) -> Claim:
    body = BatchAudit(batches=40, documents=4800, held=3, alpha_ppm=10_000, rule="two-sample/1",
                      reasons={"scores": 2, "distinct_2": 1}, drifted_at=31)  # fmt: skip
    return audit(root, audit="batches", contamination=None, batches=body, results=digest("b"))


def found(ledger: Ledger) -> dict[str, Any]:
    return composition(ledger)[0]["contamination"]


def ready(tmp_path: Path) -> tuple[Ledger, bytes]:
    ledger = make(tmp_path, CORPUS)
    return ledger, composition(ledger)[1]


def test_a_measurement_of_another_state_is_repeated(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path)
    assert found(ledger) == {"batches": [], "other_states": 0, "rows": []}
    ledger.record(calibration(), audit(root), batches(root), audit(bytes(32)))
    said = found(ledger)
    assert said["other_states"] == 1
    (row,), (batch,) = said["rows"], said["batches"]
    assert row["contamination"]["estimate_ppm"] == 118_000
    assert row["profile"]["human"] == [
        {"before": "2022-11-30", "documents": 500, "source": "old@1"}
    ]
    assert row["profile"]["recorded_at"] == CLOCK
    assert batch["batches"]["held"] == 3
    ledger.record(origin("one more", row=9))
    assert found(ledger) == {"batches": [], "other_states": 3, "rows": []}


def test_a_withdrawn_measurement_is_quoted(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path)
    ledger.record(calibration(), audit(root))
    taken = audit(root)
    ledger.record(Claim("withdrawal", taken.subject, Withdrawal(claim=identity(taken))))
    assert found(ledger)["rows"] == []


def test_a_calibration_that_was_taken_back_still_stands_behind_a_number(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path)
    ledger.record(calibration(), audit(root), batches(root))
    ledger.record(Claim("withdrawal", PROFILE, Withdrawal(claim=identity(calibration()))))
    (row,) = found(ledger)["rows"]
    assert "profile" not in row
    issue(ledger, tmp_path / "out")
    page = (tmp_path / "out/certificate.html").read_text()
    assert page.count("stand on nothing that can be looked at") == 2
    assert "No gate</strong>: it was recorded as failed" in page and "Gate failed" not in page


def test_the_page_says_it_in_the_words_that_may_be_said(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path)
    ledger.record(calibration(), audit(root), batches(root))
    issue(ledger, tmp_path / "out")
    check(ledger, tmp_path / "out")
    assert statement_of(tmp_path / "out").composition["contamination"]["rows"]
    page = (tmp_path / "out/certificate.html").read_text()
    for words in (
        "Of 1,000 documents, 760 could be measured. A sample of 700 of them was.",
        "An estimated 11.8 % [7.6 %, 16.0 %] of those resemble AI text of calibration",
        "Paraphrased, back-translated and base-model text is mostly missed.",
        "If every unmeasured document were AI: up to 33.1 %.",
        "Gate failed",
        "threshold reported by Moveo AI; not a legal limit",
        "3 of 40 batches held",
        "Batch 32 is the first at which scores had risen",
        "dated before",
    ):
        assert words in page, words
    assert "no prose: 40; too short: 200" in page


def page_of(ledger: Ledger, out: Path) -> str:
    issue(ledger, out)
    check(ledger, out)
    return (out / "certificate.html").read_text()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({}, "500 documents of <bdi>old@1</bdi>, human by the issuer's word alone"),
        ({"reserve_root": digest("seal")}, "<bdi>old@1</bdi>, of a sealed reserve"),
        ({"before": "2022-11-30", "asserted": True}, "by what was not all checked"),
    ],
)
def test_human_text_of_nobodys_word_is_evidence(
    tmp_path: Path, source: dict[str, Any], said: str
) -> None:
    ledger, root = ready(tmp_path)
    one = CalibratedSource(source="old@1", documents=500, content_root=digest("old"), **source)
    made = calibration(human=[one])
    ledger.record(made, audit(root, made, contamination=contamination(known_human=1)))
    page = page_of(ledger, tmp_path / "out")
    assert said in page
    asserted = "1 more was taken as human by date, not all of it checked, and not measured."
    assert (asserted in page) == ("asserted" in source)


def test_a_page_understates_what_was_recorded(tmp_path: Path) -> None:
    """Upper ends are rounded up, so that what exceeds a level is not printed as equal to it."""
    ledger, root = ready(tmp_path)
    shares = contamination(estimate_ppm=100_001, low_ppm=76_999, high_ppm=250_400,
                           bound_ppm=331_001, known_human=60, documents=1060)  # fmt: skip
    ledger.record(calibration(), audit(root, contamination=shares))
    page = page_of(ledger, tmp_path / "out")
    assert "An estimated 10.1 % [7.6 %, 25.1 %] of those" in page
    assert "60 more were taken as human by date and not measured." in page
    assert "up to 33.2 % of all 1,060, the older ones counted as no AI text." in page


def test_many_that_passed_hide_one_that_failed(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path)
    passed = contamination(gate="passed", level_ppm=500_000, upper_level_ppm=600_000)
    ledger.record(
        calibration(),
        audit(root, parameters=f"sha256:{'f' * 64}"),
        *(audit(root, parameters=f"sha256:{n:064x}", contamination=passed) for n in range(9)),
    )
    page = page_of(ledger, tmp_path / "out")
    assert page.count("Gate failed") == 1 and page.count("Gate passed") == 5
    assert page.index("Gate failed") < page.index("Gate passed")
    assert "4 more measurements are listed in certificate.json." in page


def test_a_floor_is_a_comparison_with_human_text(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path)
    body = BatchAudit(batches=5, documents=400, held=1, alpha_ppm=10_000, rule="floor-3.2",
                      reasons={"below_floor": 1})  # fmt: skip
    ledger.record(calibration(), audit(root, audit="batches", contamination=None, batches=body))
    page = page_of(ledger, tmp_path / "out").replace("&#x27;", "'")
    assert "by an article's floor of bits a token alone, which hardly ever fires" in page
    assert "compared with known human text" not in page and "false alarm" not in page
    assert "Why: below the floor: 1." in page


def test_an_expired_calibration_passes_for_a_valid_one(tmp_path: Path) -> None:
    ledger, root = ready(tmp_path)
    made = calibration(expires_at=CLOCK)
    ledger.record(made, audit(root, made))
    issue(ledger, tmp_path / "out")
    assert "had expired when this" in (tmp_path / "out/certificate.html").read_text()


def test_no_measurement_is_no_gate(tmp_path: Path) -> None:
    ledger, _ = ready(tmp_path)
    issue(ledger, tmp_path / "out")
    page = (tmp_path / "out/certificate.html").read_text()
    assert "no gate was passed" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"estimate_ppm": "11"}, {"unmeasured": {"a": -1}}, {"unmeasured": 3}, {"gate": "<i>"},
        {"documents": True}, {"low_ppm": None},
    ],
)  # fmt: skip
def test_a_hostile_member_is_refused_by_its_shape(tmp_path: Path, wrong: dict[str, Any]) -> None:
    ledger, root = ready(tmp_path)
    ledger.record(calibration(), audit(root))
    issue(ledger, tmp_path / "out")
    statement = statement_of(tmp_path / "out")
    data = {"batches": [], "other_states": 0, **found(ledger)}
    assert SECTION.render(data, statement)
    data["rows"][0]["contamination"] |= wrong
    with pytest.raises(SHAPE_ERRORS):
        SECTION.render(data, statement)
