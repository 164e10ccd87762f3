from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger.errors import GateError, InputError, RefusedError, UnknownNameError
from ledger.log.log import Log
from ledger.log.record import record
from ledger.log.verify import verify_log
from ledger.provenance.overlap import sidecar_folder
from ledger.provenance.policy import load_policy
from ledger.provenance.review.decide import Answer, decide
from ledger.provenance.review.queue import build_queue
from ledger.verdicts.calibration.human import Dated
from ledger.verdicts.calibration.make import calibrate
from ledger.verdicts.contamination import strata
from ledger.verdicts.contamination.dataset import Audited, Settings, audit_contamination
from ledger.verdicts.contamination.estimate import Compared
from ledger.verdicts.contamination.reviews import read_decisions
from ledger.verdicts.scanning import gather
from tests.provenance.review.making import person
from tests.reserves.sealing import make_corpus
from tests.verdicts.calibration.test_make import pangram
from tests.verdicts.scanning.making import AI, FEW, HUMAN, Clock, add, draw, ledger, text

pytestmark = pytest.mark.usefixtures("asked")

OLDER, NEWER, SYNTHETIC = draw(150, HUMAN, 1), draw(160, HUMAN, 2), draw(40, AI, 3)
OTHERS = [
    text(0, 1, 120),
    "too short",
    "12 " * 300,
    " ".join(["Der schnelle braune Fuchs springt über den faulen Hund und läuft weg."] * 20),
    FEW[0],
]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(own_place: Path, clock: Clock) -> Iterator[Log]:
    with ledger(clock) as opened:
        add(opened, "crawl@1", OLDER, dated=True)
        add(opened, "crawl@1", [*NEWER, *OTHERS])
        add(opened, "crawl@1", SYNTHETIC)
        yield opened


def own_calibration(log: Log) -> None:
    calibrate(log, "own", ["crawl@1"], dated=Dated("2021-01-01"), workers=1)


def audit(log: Log, *, settings: Settings | None = None, **more: Any) -> Audited:
    return audit_contamination(log, "crawl@1", settings, workers=1, **more)


def name_of(value: str) -> str:
    return f"sha256:{sha256(value.encode()).hexdigest()}"


def test_a_dataset_is_not_what_was_planted(log: Log, clock: Clock) -> None:
    own_calibration(log)
    found = audit(log)
    counts, estimate = found.found.counts, found.found.estimate
    assert (counts.documents, counts.measurable, counts.known) == (355, 200, 150)
    assert counts.unmeasured == {
        "in_training": 1, "not_english": 1, "not_prose": 1, "too_short": 2,
    }  # fmt: skip
    assert estimate.low < 0.2 < estimate.high and abs(estimate.point - 0.2) < 0.06
    assert found.found.compared == Compared("crawl@1", True)
    assert found.found.exceeded[0] == "estimate" and found.drawn.places.tolist()
    body = log.entry(found.entry).body
    said = body["contamination"]
    assert (body["audit"], body["dataset"], body["calibration"]) == (
        "contamination", "crawl@1", found.profile.claim_id,
    )  # fmt: skip
    assert body["content_root"] == f"sha256:{found.root.hex()}"
    assert said["known_human"] == 150 and said["own_source"] is True
    assert said["estimate_ppm"] == int(np.ceil(estimate.point * 1e6))
    assert said["low_ppm"] == int(estimate.low * 1e6)
    assert said["gate"] == "failed" and said["flagged"] == estimate.flagged
    assert said["documents"] == 355 and said["unmeasured"] == dict(counts.unmeasured)
    lines = "\n".join(found.lines())
    assert "Of 355 documents, 200 could be measured." in lines
    assert "150 documents existed before, by checked evidence\n" in lines
    assert f"recorded as entry {found.entry:,}" in lines
    assert found.data()["estimate"] == round(estimate.point, 6)


def test_the_same_again_is_recorded_twice(log: Log, clock: Clock) -> None:
    own_calibration(log)
    first, size = audit(log), log.size
    clock.now += 3_600
    again = audit(log)
    assert (again.entry, again.new, log.size) == (first.entry, False, size)
    assert again.found == first.found and "already recorded" in "\n".join(again.lines())
    other = audit(log, settings=Settings(level=0.5, upper_level=0.6))
    assert other.new and other.found.passed
    assert log.entry(other.entry).body["contamination"]["gate"] == "passed"


def test_files_or_their_division_decide(
    log: Log, own_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_calibration(log)
    settings = Settings(sample=120, seed=4, stratify="source")
    first = audit(log, settings=settings)
    for path in sidecar_folder(log.location).glob("*.parquet"):
        path.unlink()
    for module in (gather, strata):
        monkeypatch.setattr(module, "STRIPE", 20_000)
    again = audit(log, settings=settings)
    assert not again.new and again.found == first.found
    assert again.results == first.results and again.drawn.strata == first.drawn.strata
    with ledger_again(own_place, [*SYNTHETIC, *OTHERS, *NEWER]) as log_2:
        third = audit(log_2, settings=Settings(sample=120, seed=4))
        fourth = audit(log, settings=Settings(sample=120, seed=4))
        assert third.to_review == fourth.to_review
        assert third.found == fourth.found


def ledger_again(own_place: Path, rows: list[str]) -> Any:
    """The same documents in one file, in another order, in another ledger."""
    from contextlib import contextmanager

    @contextmanager
    def opened() -> Iterator[Log]:
        place = own_place / "again"
        place.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(place)
            patch.setenv("HEADWATER_CONFIG", str(place / "config"))
            with ledger(Clock()) as log:
                add(log, "crawl@1", OLDER[::-1], dated=True)
                add(log, "crawl@1", rows[::-1])
                own_calibration(log)
                yield log

    return opened()


def test_a_sample_is_drawn_by_chance(log: Log) -> None:
    own_calibration(log)
    drawn = audit(log, settings=Settings(sample=100, stratify="source"))
    assert [(item.name, item.documents) for item in drawn.drawn.strata] == [
        ("2.jsonl", 160), ("3.jsonl", 40),
    ]  # fmt: skip
    assert [item.drawn for item in drawn.drawn.strata] == [80, 20]
    assert drawn.found.sampled == 100 == len(drawn.to_review)
    assert "100 of 200, drawn by key 0 by source: 2.jsonl 80 of 160" in "\n".join(drawn.lines())
    same = audit(log, settings=Settings(sample=100, stratify="source"))
    assert same.to_review == drawn.to_review and not same.new
    other = audit(log, settings=Settings(sample=100, stratify="source", seed=1))
    assert other.to_review != drawn.to_review
    by_period = audit(log, settings=Settings(sample=100, stratify="period"))
    assert [item.name for item in by_period.drawn.strata] == ["undated"]
    with pytest.raises(InputError, match="expected one of source, topic, period, none"):
        audit(log, settings=Settings(stratify="site"))


def test_topics_and_years_are_one(log: Log, own_place: Path) -> None:
    rows = [{"text": row, "topic": "news" if place % 4 else "law"} for place, row in
            enumerate(draw(120, HUMAN, 5))]  # fmt: skip
    add(log, "mixed@1", rows, dated=True)
    add(log, "mixed@1", draw(40, HUMAN, 6))
    own_calibration(log)
    for by, names in (
        ("topic", [("law", 30), ("news", 90), ("unknown", 40)]),
        ("period", [("2020", 120), ("undated", 40)]),
    ):
        found = audit_contamination(
            log, "mixed@1", Settings(sample=80, stratify=by), workers=1
        ).drawn.strata
        assert [(item.name, item.documents) for item in found] == names
        assert [item.drawn * 2 for item in found] == [count for _, count in names]


def test_calibration_and_test_share_documents(log: Log) -> None:
    add(log, "essays@1", [*draw(120, HUMAN, 7), NEWER[0], *SYNTHETIC[:3]])
    calibrate(log, "essays", ["essays@1"], workers=1)
    shared = sorted(name_of(value) for value in (NEWER[0], *SYNTHETIC[:3]))
    size = log.size
    with pytest.raises(InputError) as error:
        audit(log)
    assert "found 4 of its documents in calibration essays@1 too" in str(error.value)
    assert all(name in str(error.value) for name in shared[:3]) and shared[3] not in str(
        error.value
    )
    assert log.size == size


def test_strange_text_is_taken_for_its_own(log: Log) -> None:
    add(log, "essays@1", draw(130, HUMAN, 7))
    add(log, "poems@1", draw(130, HUMAN + 1, 8))
    calibrate(log, "others", ["essays@1", "poems@1"], workers=1)
    found = audit(log)
    assert found.found.compared == Compared("poems@1", False, 2)
    body = log.entry(found.entry).body["contamination"]
    assert body["human_source"] == "poems@1" and "own_source" not in body
    assert "known_human" not in body
    assert found.found.counts.measurable == 350


def test_what_a_slice_was_drawn_from_is_measured(log: Log) -> None:
    """Of 150 older documents the profile keeps 100; the others are as old."""
    calibrate(log, "own", ["crawl@1"], dated=Dated("2021-01-01"), at_most=100, workers=1)
    found = audit(log).found
    assert (found.counts.known, found.counts.measurable) == (150, 200)
    assert found.estimate.m_human == 100


def test_without_a_calibration_there_is_a_gate(log: Log, clock: Clock) -> None:
    with pytest.raises(UnknownNameError):
        audit_contamination(log, "nothing@1")
    with pytest.raises(GateError, match="no calibration") as error:
        audit(log)
    assert error.value.hint is not None and "verdict calibrate" in error.value.hint
    own_calibration(log)
    with pytest.raises(UnknownNameError):
        audit(log, calibration="other")
    clock.now += 366 * 86_400
    with pytest.raises(GateError, match="expired"):
        audit(log)


def test_people_do_not_matter(log: Log) -> None:
    """The detector calls AI what people call human: the estimate follows the people."""
    own_calibration(log)
    settings = Settings(sample=160)
    first = audit(log, settings=settings)
    rows = [f"{name},human" for name in first.to_review]
    Path("reviews.csv").write_text("document,decision\n" + "\n".join(rows) + "\n")
    decisions = read_decisions(Path("reviews.csv"))
    again = audit(log, settings=Settings(sample=160, decisions=decisions))
    assert again.new and again.found.estimate.reviewed == len(rows) == 100
    assert again.found.estimate.point < 0.05 < first.found.estimate.point
    assert log.entry(again.entry).body["contamination"]["reviewed"] == 100
    assert "100 decisions of people folded in" in "\n".join(again.lines())
    strange = Path("reviews.csv")
    strange.write_text(f"document,decision\n{name_of('nobody')},ai\n")
    with pytest.raises(InputError, match="were not sampled"):
        audit(log, settings=Settings(decisions=read_decisions(strange)))


def test_recorded_reviews_do_not_move_the_estimate(log: Log) -> None:
    """The same by the ledger's own reviews, drawn at random from every label, each with its chance;
    the ones on documents that cannot be measured are left out.
    """
    own_calibration(log)
    first = audit(log)
    with pytest.raises(InputError, match="found no recorded review of a random draw"):
        audit(log, settings=Settings(recorded=True))
    ada = person(log, "ada")
    asked = build_queue(log, "crawl@1", load_policy(), sample=120)
    for one in asked.waiting:
        decide(log, one.task, ada, Answer("human", "known_source"), asked.drawn)
    found = audit(log, settings=Settings(recorded=True))
    measured = found.found.estimate.reviewed
    assert found.new and 20 < measured < 120  # 200 of 355 can be measured
    assert found.found.estimate.point < 0.05 < first.found.estimate.point
    assert found.found.estimate.high < 0.15
    again = audit(log, settings=Settings(recorded=True))
    assert not again.new and again.entry == found.entry


def test_a_label_without_a_decision_has_no_share(log: Log) -> None:
    own_calibration(log)
    ada = person(log, "ada")
    asked = build_queue(log, "crawl@1", load_policy(), sample=20)
    assert len(asked.drawn.strata) == 2  # dated ones, and others
    decide(log, asked.waiting[0].task, ada, Answer("ai", "style"), asked.drawn)
    with pytest.raises(RefusedError, match="a label of the draw has no decision"):
        audit(log, settings=Settings(recorded=True))


def test_nothing_to_measure_is_recorded(log: Log) -> None:
    own_calibration(log)
    add(log, "notes@1", ["too short", "also short"])
    size = log.size
    with pytest.raises(InputError, match=r"found 0 of 2 documents that can be measured"):
        audit_contamination(log, "notes@1", workers=1)
    assert log.size == size


def test_a_vendor_is_asked_what_we_say(log: Log) -> None:
    """Its scores are on a scale of its own, and it has none of one document."""
    add(log, "models@1", draw(60, AI, 9))
    said = {value: 900 - number for number, value in enumerate([*SYNTHETIC, *draw(60, AI, 9)])}
    said |= {value: 10 + number for number, value in enumerate([*OLDER, *NEWER[1:]])}
    record(log, [pangram(score, value) for value, score in said.items()])
    calibrate(
        log, "theirs", ["crawl@1"], dated=Dated("2021-01-01"), detector="pangram",
        synthetic="models@1", workers=1,
    )  # fmt: skip
    found = audit(log, calibration="theirs")
    counts = found.found.counts
    assert (counts.measurable, counts.unmeasured["no_result"]) == (199, 3)
    assert found.detector.label == "pangram-text 3 of pangram"
    body = log.entry(found.entry).body
    assert "weights" not in body and body["detector"] == "pangram-text"
    with pytest.raises(GateError, match="no calibration"):
        audit(log)


def test_what_a_reserve_holds_is_measured(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older crawl was sealed; a newer one has some of its documents again."""
    corpus = make_corpus(own_place / "corpus", draw(110, HUMAN, 11))
    monkeypatch.setenv("HEADWATER_CONFIG", str(corpus.ring.folder))
    corpus.seal(own_place / "sealed")
    with corpus.open(write=True) as log:
        calibrate(log, "site", ["reserve:old"], workers=1)
        add(log, "new@1", [*draw(110, HUMAN, 11)[:30], *NEWER, *SYNTHETIC])
        found = audit_contamination(log, "new@1", workers=1)
        verify_log(log)
    assert (found.found.counts.known, found.found.counts.measurable) == (30, 200)
    assert found.found.compared == Compared("reserve:old@1", False)
