from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger.claims import Verdict, Withdrawal
from ledger.corpus import dating
from ledger.errors import DocumentMismatchError, InputError, UnknownNameError
from ledger.log.canonical import Entry
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.log.vaultcheck import check_vault
from ledger.provenance.classified import FDR_PPM
from ledger.provenance.explain import explain
from ledger.provenance.facts import FLAGS
from ledger.provenance.overlap import dataset_reference, sidecar_folder
from ledger.provenance.policy import DEFAULT_POLICY, load_policy
from ledger.verdicts.calibration.find import find_profile
from ledger.verdicts.calibration.human import Dated
from ledger.verdicts.calibration.make import calibrate
from ledger.verdicts.core.model import Model
from ledger.verdicts.scanning.scan import Scanned, scan_dataset
from tests.verdicts.calibration.test_make import pangram
from tests.verdicts.scanning.making import AI, FEW, HUMAN, Clock, add, draw, ledger, text

HUMANS = [text(HUMAN - place, 400_000 + place) for place in range(4)]
MODELS = [text(5.0 + place, 500_000 + place) for place in range(30)]
DOUBTFUL = [text(0.5, 600_000)]
ODD = [".", "word", "12 34 " * 300, "Wir gehen heute in den Wald und sehen nach den Bäumen. " * 30]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(own_place: Path, clock: Clock, detector: Model) -> Iterator[Log]:
    with ledger(clock) as opened:
        add(opened, "old@1", draw(600, HUMAN, 2), dated=True)
        add(opened, "crawl@1", [*HUMANS, *MODELS, *DOUBTFUL, *ODD])
        yield opened
        check_vault(opened, opened.size)


def prepare(log: Log, *human: str, name: str = "old", **more: Any) -> None:
    calibrate(
        log, name, human or ("old@1",), workers=1, **{"dated": Dated("2022-11-30")} | more
    )  # fmt: skip


def scan(log: Log, dataset: str = "crawl@1", name: str | None = None, **more: Any) -> Scanned:
    profile = find_profile(log, name, at=log.clock())
    return scan_dataset(log, dataset, profile, workers=1, **more)


def digest(value: str) -> str:
    return f"sha256:{sha256(value.encode()).hexdigest()}"


def verdicts(log: Log) -> list[Entry]:
    entries = (log.entry(index) for index in range(log.size))
    return [entry for entry in entries if entry.kind == "verdict"]


def test_what_was_found_is_not_what_is_recorded(log: Log, detector: Model) -> None:
    prepare(log)
    found = scan(log)
    assert found.new and found.documents == 39 and found.tested == 35
    assert found.outcomes == {
        "like_ai_sample": 30, "unlike_ai_sample": 4, "uncertain": 1,
        "too_short": 2, "not_prose": 1, "not_english": 1,
    }  # fmt: skip
    body = log.entry(found.entry).body
    assert (body["scan"], body["version"]) == ("verdict", "headwater-core 1")
    assert body["content_root"] == f"sha256:{dataset_reference(log, 'crawl@1').root.hex()}"
    assert body["outcomes"] == found.outcomes and sum(body["outcomes"].values()) == 39
    assert (body["alpha_milli"], body["fdr_milli"]) == (2000, 1000)
    assert (body["weights"], body["calibration"]) == (detector.digest, found.profile.claim_id)
    assert body["marks"] == [] and body["unicode"] == {} and body["tokens"] == 0
    assert body["results"] == f"sha256:{found.results.hex()}"
    claims = verdicts(log)
    assert {entry.subject for entry in claims} == {digest(value) for value in MODELS}
    for entry in claims:
        said = entry.body
        assert (said["source"], said["detector"], said["version"]) == (
            "headwater", "headwater-core", "1",
        )  # fmt: skip
        assert said["calibration"] == found.profile.claim_id and said["words"] == 160
        assert said["profile"] == found.profile.subject
        assert said["p_human_ppm"] <= 10_000 and said["q_ppm"] <= FDR_PPM
    (strongest,) = [entry for entry in claims if entry.subject == digest(MODELS[-1])]
    assert strongest.body["score_milli"] == 34_000
    assert found.kept == 30 and not found.own_source


def test_a_label_says_more_than_suspected(log: Log) -> None:
    prepare(log)
    scan(log)
    policy = load_policy(DEFAULT_POLICY)
    for value, label in ((MODELS[0], "synthetic_suspected"), (HUMANS[0], "human_unverified")):
        told = explain(log, digest(value), policy)
        assert told.decisions[-1].rule.label == label
    flags = [row[0] for row in log.connection.execute("SELECT flags FROM profile")]
    assert any(flag & FLAGS["classified_fdr"] for flag in flags)


def test_the_same_scan_is_recorded_twice(log: Log, clock: Clock) -> None:
    prepare(log)
    first = scan(log)
    size = log.size
    clock.now += 100
    again = scan(log)
    assert (again.entry, again.new, again.fresh, log.size) == (first.entry, False, 0, size)
    assert again.claims == first.claims == 30 and again.results == first.results


def test_documents_of_the_calibration_are_tested(log: Log) -> None:
    """A dated slice of the dataset itself: it is ranked in its own source, and left out."""
    add(log, "crawl@1", draw(300, HUMAN, 5), dated=True)
    prepare(log, "crawl@1")
    found = scan(log)
    assert found.outcomes["in_calibration"] == 300 and found.tested == 35
    assert found.own_source and found.known == 0
    assert sum(found.outcomes.values()) == found.documents == 339


def test_documents_from_elsewhere_are_passed_over_in_silence(log: Log) -> None:
    both = draw(600, HUMAN, 2)[:5]
    add(log, "crawl@1", both)
    prepare(log)
    found = scan(log)
    assert found.outcomes["in_calibration"] == 5 == found.known
    assert found.known_shown.count("sha256:") == 3 and found.known_shown.endswith("…")
    assert all(part in {digest(value) for value in both}
               for part in found.known_shown.removesuffix(", …").split(", "))  # fmt: skip


def test_undated_documents_are_both_known_and_tested(log: Log) -> None:
    shared = draw(150, HUMAN, 9)
    add(log, "word@1", shared)
    add(log, "crawl@1", shared[:2])
    prepare(log, "word@1", dated=None)
    size = log.size
    with pytest.raises(InputError, match="2 documents stand in calibration old@1, too, as word@1"):
        scan(log)
    with pytest.raises(InputError, match="150 documents"):
        scan(log, "word@1")
    assert log.size == size


def test_what_trained_the_detector_is_tested(log: Log) -> None:
    add(log, "crawl@1", FEW)
    prepare(log)
    found = scan(log)
    assert found.outcomes["in_training"] == 3 and found.tested == 35
    assert not {entry.subject for entry in verdicts(log)} & {digest(value) for value in FEW}


def test_topics_share_their_false_alarms(log: Log) -> None:
    """A topic that scores high by nature is ranked in itself, where it is known."""
    old = [{"text": value, "topic": "law"} for value in draw(200, 2.0, 21)]
    old += [{"text": value, "topic": "tales"} for value in draw(200, HUMAN, 22)]
    add(log, "site@1", old, dated=True)
    new = [{"text": value, "topic": "law"} for value in draw(40, 2.0, 23)]
    add(log, "site@1", new)
    prepare(log, "site@1", name="whole")
    prepare(log, "site@1", name="apart", by_topic=True)
    whole, apart = scan(log, "site@1", "whole"), scan(log, "site@1", "apart")
    assert whole.outcomes["in_calibration"] == apart.outcomes["in_calibration"] == 400
    of_whole = {item.document: item.p_human_ppm for item in whole.found}
    of_apart = {item.document: item.p_human_ppm for item in apart.found}
    assert set(of_apart) <= set(of_whole) and len(of_apart) <= 2
    assert apart.own_source


def test_few_weak_ones_among_many_are_suspected(log: Log) -> None:
    """One per cent of human text is found at one per cent, and none of it is suspected."""
    add(log, "new@1", draw(400, HUMAN, 31))
    prepare(log)
    found = scan(log, "new@1")
    assert 0 < found.outcomes["like_ai_sample"] == found.claims and found.kept == 0
    policy = load_policy(DEFAULT_POLICY)
    assert explain(log, found.found[0].document, policy).decisions[-1].rule.label == (
        "human_unverified"
    )


def test_batches_or_order_change_what_is_recorded(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(log)
    monkeypatch.setattr(dating, "MAX_BATCH", 7)
    found = scan(log)
    assert found.entry == log.size - 1 and found.fresh == 30


def test_a_renewed_calibration_says_the_same_again(log: Log, clock: Clock) -> None:
    prepare(log, valid_days=10)
    first = scan(log)
    clock.now += 10 * 86_400
    prepare(log, valid_days=10)
    again = scan(log)
    assert again.new and again.fresh == 30 and again.results == first.results
    assert again.profile.label == "old@2"


def test_a_vendors_results_are_ranked_in_ours(log: Log) -> None:
    ai = draw(40, AI, 3)
    add(log, "models@1", ai)
    humans = draw(600, HUMAN, 2)
    spread = np.random.default_rng(4).normal(0, 1000, 600).astype(int).tolist()
    claims = [pangram(score, value) for score, value in zip(spread, humans, strict=True)]
    claims += [pangram(7000, value) for value in ai]
    claims += [pangram(8000 + number, value) for number, value in enumerate(MODELS[:20])]
    claims += [pangram(-9000, value) for value in HUMANS]
    done = record(log, claims)
    prepare(log, detector="pangram", synthetic="models@1", name="theirs")
    found = scan(log, "crawl@1", "theirs")
    assert found.outcomes["like_ai_sample"] == 20 and found.outcomes["unlike_ai_sample"] == 4
    assert found.outcomes["no_result"] == 11 and found.detector == "pangram-text 3 of pangram"
    ranked = [entry for entry in verdicts(log) if "calibration" in entry.body]
    assert {entry.body["source"] for entry in ranked} == {"pangram"} and len(ranked) == 20
    assert "weights" not in log.entry(found.entry).body
    again = scan(log, "crawl@1", "theirs")  # what was ranked is no result of its own
    assert not again.new and again.fresh == 0
    label = explain(log, digest(MODELS[0]), load_policy(DEFAULT_POLICY)).decisions[-1].rule.label
    assert label == "synthetic_suspected"
    gone = Claim("withdrawal", claims[640].subject, Withdrawal(claim=done[640].claim_id))
    record(log, [gone])
    assert scan(log, "crawl@1", "theirs").outcomes["no_result"] == 12


def test_a_claim_by_hand_counts_like_a_run(log: Log) -> None:
    """Without a calibration a verdict is no more than somebody's word."""
    body = Verdict(
        source="headwater", detector="headwater-core", version="1", outcome="like_ai_sample",
        score_milli=9000, q_ppm=0,
    )  # fmt: skip
    record(log, [Claim("verdict", digest(HUMANS[0]), body)])
    told = explain(log, digest(HUMANS[0]), load_policy(DEFAULT_POLICY))
    assert told.decisions[-1].rule.label == "human_unverified"


def test_an_input_that_changed_is_scanned(log: Log) -> None:
    prepare(log)
    path = next(Path("crawl").glob("*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b'"word"', b'"ward"'))
    with pytest.raises(DocumentMismatchError):
        scan(log)
    assert not verdicts(log)


def test_an_unknown_dataset_is_a_traceback(log: Log) -> None:
    prepare(log)
    with pytest.raises(UnknownNameError):
        scan(log, "nothing@1")


def test_progress_is_silent(log: Log) -> None:
    prepare(log)
    heard: list[tuple[str, int, int, int]] = []
    scan(log, progress=lambda *what: heard.append(what))
    assert heard and heard[-1] == ("asking the classifier", 1, 1, 39)


def test_a_text_stands_in_a_sidecar(log: Log) -> None:
    prepare(log)
    scan(log)
    for path in sidecar_folder(log.location).iterdir():
        assert b"lantern" not in path.read_bytes()
