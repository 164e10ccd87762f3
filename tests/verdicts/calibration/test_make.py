from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger.claims import Verdict, Withdrawal
from ledger.errors import DocumentMismatchError, InputError, UnknownNameError
from ledger.log.canonical import format_entry, parse_digest
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.log.verify import verify_log
from ledger.provenance.facts import FLAGS
from ledger.provenance.overlap import sidecar_folder
from ledger.verdicts.batches.bands_file import make_bands, read_bands
from ledger.verdicts.calibration import make as module
from ledger.verdicts.calibration.find import find_profile
from ledger.verdicts.calibration.human import Dated
from ledger.verdicts.calibration.make import Calibrated, calibrate
from ledger.verdicts.core.model import Model
from ledger.verdicts.scanning.scan import scan_dataset
from tests.log.making import authorship
from tests.reserves.sealing import make_corpus
from tests.verdicts.scanning.making import AI, FEW, HUMAN, NOW, Clock, add, draw, ledger, text
from tests.watermarks.scanning.making import words_tokenizer

pytestmark = pytest.mark.usefixtures("detector")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(own_place: Path, clock: Clock) -> Iterator[Log]:
    with ledger(clock) as opened:
        add(opened, "essays@1", [*draw(120, HUMAN), "too short", text(0, 5, 60)])
        yield opened


def make(log: Log, *human: str, name: str = "blogs", **more: Any) -> Calibrated:
    return calibrate(log, name, human or ("essays@1",), workers=1, **more)


def digest_of(value: str) -> str:
    return f"sha256:{sha256(value.encode()).hexdigest()}"


def test_a_calibration_holds_what_was_scored(log: Log, detector: Model) -> None:
    made = make(log)
    body = log.entry(made.entry).body
    assert made.new and (body["name"], body["version"], body["source"]) == (
        "blogs",
        "1",
        "headwater",
    )
    assert body["weights"] == detector.digest and body["expires_at"] == NOW + 365 * 86_400
    (source,) = body["human"]
    assert (source["source"], source["documents"]) == ("essays@1", 120)
    assert body["synthetic"] == 303 and "synthetic_root" not in body
    (said,) = made.sources
    assert (said.documents, said.unmeasured, said.left_out) == (122, {"too_short": 2}, {})
    profile = find_profile(log, "blogs", at=NOW)
    part = profile.sample.human["essays@1"]
    wanted = {digest_of(value): value for value in draw(120, HUMAN)}
    found = [f"sha256:{row.tobytes().hex()}" for row in part.digests]
    assert found == sorted(wanted)
    scores = [int(wanted[digest].rpartition("mark")[2][:-1]) for digest in found]
    assert part.milli.tolist() == scores and set(part.words.tolist()) == {160}
    assert np.array_equal(profile.documents, part.digests)
    assert np.allclose(profile.calibration.human["essays@1"].scores * 1000, scores)


def test_the_same_calibration_is_recorded_twice(log: Log, clock: Clock) -> None:
    first = make(log)
    size = log.size
    clock.now += 3600
    again = make(log)
    assert (again.entry, again.claim_id, again.new, log.size) == (
        first.entry, first.claim_id, False, size,
    )  # fmt: skip
    assert again.body == first.body
    longer = make(log, valid_days=400)
    assert longer.new and longer.body.version == "2"
    back = make(log)
    assert back.new and back.body.version == "3"  # what was said last under the name is another


def test_an_expired_calibration_still_stands_for_a_new_one(log: Log, clock: Clock) -> None:
    first = make(log, valid_days=10)
    clock.now += 10 * 86_400
    again = make(log, valid_days=10)
    assert again.new and again.body.version == "2"
    assert again.body.sample == first.body.sample
    assert again.body.expires_at == clock.now + 10 * 86_400


def test_a_withdrawn_version_is_given_again(log: Log) -> None:
    first = make(log)
    subject = log.entry(first.entry).subject
    record(log, [Claim("withdrawal", subject, Withdrawal(claim=first.claim_id))])
    again = make(log)
    assert again.new and again.body.version == "2"


def test_which_documents_are_kept_depends_on_their_order(own_place: Path, log: Log) -> None:
    texts = draw(400, HUMAN, 5)
    add(log, "one@1", texts)
    for start in range(0, 400, 100):
        add(log, "two@1", texts[::-1][start : start + 100])
    one, two = make(log, "one@1", at_most=150), make(log, "two@1", name="b", at_most=150)
    assert one.body.human[0].content_root == two.body.human[0].content_root
    kept = find_profile(log, "blogs", at=NOW).sample.human["one@1"]
    every = sorted(parse_digest(digest_of(value)) for value in texts)
    assert [row.tobytes() for row in kept.digests] == every[:150]


@pytest.mark.parametrize(("count", "least"), [(98, False), (99, True)])
def test_fewer_documents_than_alpha_allows_are_taken(log: Log, count: int, least: bool) -> None:
    add(log, "few@1", [*draw(count, HUMAN, 9), "une phrase"])
    if least:
        assert make(log, "few@1").body.human[0].documents == count
        return
    with pytest.raises(
        InputError, match=r"found 98 human .*1 too short.* at least 99 for 1 %"
    ) as e:
        make(log, "few@1")
    assert "499" in (e.value.hint or "")
    assert not [entry for entry in range(log.size) if log.entry(entry).kind.startswith("verdict")]


def test_documents_of_ai_text_are_taken_for_human(log: Log) -> None:
    both = draw(120, HUMAN)[:2]
    add(log, "bots@1", [*draw(40, AI, 3), *both])
    with pytest.raises(
        InputError, match="essays@1: 2 documents are AI text, too: sha256:"
    ) as error:
        make(log, synthetic="bots@1")
    assert all(digest_of(value) in str(error.value) for value in both)
    add(log, "models@1", draw(40, AI, 3))
    made = make(log, synthetic="models@1")
    assert made.body.synthetic == 40 and made.body.synthetic_root is not None


def test_text_that_trained_the_detector_is_taken(log: Log) -> None:
    add(log, "seen@1", [*draw(120, HUMAN, 4), *FEW])
    with pytest.raises(InputError, match="seen@1: 3 documents trained headwater-core 1: sha256:"):
        make(log, "seen@1")
    add(log, "unseen@1", draw(40, AI, 8))
    with pytest.raises(InputError, match="trained headwater-core"):
        make(log, synthetic="seen@1")
    assert make(log, synthetic="unseen@1").new


def test_a_slice_is_of_documents_that_nothing_dates(log: Log) -> None:
    add(log, "crawl@1", draw(130, HUMAN, 1), dated=True)
    add(log, "crawl@1", draw(50, HUMAN, 2))
    made = make(log, "crawl@1", dated=Dated("2022-11-30"))
    (source,) = made.body.human
    assert (source.documents, source.before) == (130, "2022-11-30")
    assert made.sources[0].left_out == {"undated": 50}
    with pytest.raises(InputError, match="130 too late"):
        make(log, "crawl@1", dated=Dated("2019-01-01"))


def test_a_day_to_come_makes_everything_old(log: Log) -> None:
    add(log, "crawl@1", draw(130, HUMAN, 1), dated=True)
    with pytest.raises(InputError, match="found a day to come"):
        make(log, "crawl@1", dated=Dated("2099-01-01"))
    assert make(log, "crawl@1", dated=Dated("2022-11-30")).sources[0].late == ""
    late = make(log, "crawl@1", dated=Dated("2023-09-01")).sources[0].late
    assert late == "later than 2022-11-30: AI text may be among it"


def test_a_date_of_the_source_alone_is_called_checked(log: Log) -> None:
    dated = [{"text": value, "date": "2021-05-01"} for value in draw(110, HUMAN, 6)]
    add(log, "mail@1", dated)
    with pytest.raises(InputError, match="110 only asserted"):
        make(log, "mail@1", dated=Dated("2022-11-30"))
    made = make(log, "mail@1", dated=Dated("2022-11-30", asserted=True))
    assert made.body.human[0].asserted is True


def test_what_a_detector_found_is_left_out_of_its_own_calibration(log: Log) -> None:
    """A slice without its false alarms would make every later p-value too small."""
    high = [text(8.0 + number / 10, 5_000 + number) for number in range(12)]
    add(log, "crawl@1", [*draw(130, HUMAN, 1), *high], dated=True)
    make(log)
    found = scan_dataset(log, "crawl@1", find_profile(log, "blogs", at=NOW), workers=1)
    assert found.kept == 12
    rows = log.connection.execute("SELECT flags FROM profile").fetchall()
    assert any(flags & FLAGS["classified_fdr"] for (flags,) in rows)
    made = make(log, "crawl@1", name="dated", dated=Dated("2022-11-30"))
    assert made.body.human[0].documents == 142


def test_marked_or_declared_text_is_taken_for_human(log: Log) -> None:
    first = draw(120, HUMAN)[0]
    log.append([format_entry(authorship(digest_of(first), "A3"))])
    made = make(log)
    assert made.sources[0].left_out == {"declared_ai": 1}
    assert made.body.human[0].documents == 119


def test_own_synthetic_text_is_taken_for_human(log: Log) -> None:
    add(log, "ours@1", draw(120, HUMAN, 3), channel="own_synthetic")
    with pytest.raises(InputError, match="its owner's models wrote it, expected human text"):
        make(log, "ours@1")


def test_topics_are_one_source(log: Log) -> None:
    rows = [
        {"text": value, "topic": "news" if number < 120 else "sport" if number < 150 else ""}
        for number, value in enumerate(draw(300, HUMAN, 7))
    ]
    add(log, "press@1", rows)
    made = make(log, "press@1", by_topic=True)
    assert {source.source: source.documents for source in made.body.human} == {
        "press@1": 180, "press@1/news": 120,
    }  # fmt: skip
    whole = make(log, "press@1")
    assert [source.source for source in whole.body.human] == ["press@1"]


def test_several_sources_are_one(log: Log) -> None:
    add(log, "more@1", draw(150, HUMAN + 1, 8))
    made = make(log, "essays@1", "more@1")
    assert [source.source for source in made.body.human] == ["essays@1", "more@1"]
    assert set(find_profile(log, at=NOW).members) == {"essays@1", "more@1"}
    with pytest.raises(InputError, match="essays@1 is named twice"):
        make(log, "essays@1", "essays@1")


def test_a_name_or_number_that_is_none_is_a_traceback(log: Log) -> None:
    for name in ("", "a b", "../x", "x" * 101, "naïve"):
        with pytest.raises(InputError, match="expected letters, digits"):
            make(log, name=name)
    with pytest.raises(InputError, match="no human text"):
        calibrate(log, "a", ())
    with pytest.raises(InputError, match="expected at least 1"):
        make(log, valid_days=0)
    with pytest.raises(InputError, match="expected at least 99"):
        make(log, at_most=98)
    with pytest.raises(UnknownNameError):
        make(log, "essay@1")
    with pytest.raises(UnknownNameError):
        make(log, "reserve:none")
    Path("empty").mkdir()
    with pytest.raises(InputError, match="no sealed reserve"):
        make(log, "empty")
    with pytest.raises(InputError, match="expected none with a reserve"):
        make(log, "reserve:none", dated=Dated("2022-11-30"))
    with pytest.raises(UnknownNameError, match="unknown detector: pangram"):
        make(log, detector="pangram")


def test_an_input_that_changed_is_scored(log: Log) -> None:
    path = next(Path("essays").glob("*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b"too short", b"too shirt"))
    with pytest.raises(DocumentMismatchError):
        make(log)


def test_scores_are_made_again(log: Log) -> None:
    make(log)
    files = {path: path.stat().st_mtime_ns for path in sidecar_folder(log.location).iterdir()}
    assert len(files) == 1
    make(log, name="again")
    assert files == {path: path.stat().st_mtime_ns for path in files}


def pangram(score: int, of: str, **more: Any) -> Claim:
    body = {
        "source": "pangram", "detector": "pangram-text", "version": "3", "outcome": "uncertain",
        "score_milli": score,
    } | more  # fmt: skip
    return Claim("verdict", digest_of(of), Verdict.model_validate(body))


def test_a_vendors_scores_are_ranked_like_ours(log: Log) -> None:
    humans, models = draw(120, HUMAN), draw(40, AI, 3)
    add(log, "models@1", models)
    claims = [pangram(10 * number, value) for number, value in enumerate(humans[:110])]
    record(log, [pangram(7, humans[0]), *claims, *(pangram(900, value) for value in models)])
    with pytest.raises(InputError, match="pangram-text 3 of pangram: no AI text"):
        make(log, detector="pangram")
    made = make(log, detector="pangram", synthetic="models@1")
    body = made.body
    assert (body.source, body.detector, body.detector_version) == ("pangram", "pangram-text", "3")
    assert body.weights is None and body.human[0].documents == 110
    assert made.sources[0].unmeasured == {"no_result": 10, "too_short": 2}
    profile = find_profile(log, "blogs", at=NOW)
    part = profile.sample.human["essays@1"]
    by_digest = {digest_of(value): 10 * number for number, value in enumerate(humans)}
    found = [f"sha256:{row.tobytes().hex()}" for row in part.digests]
    assert part.milli.tolist() == [by_digest[digest] for digest in found]
    record(log, [pangram(5, humans[0], version="4")])
    with pytest.raises(InputError, match="found results of pangram-text 3, pangram-text 4"):
        make(log, detector="pangram", synthetic="models@1")
    assert not make(log, detector="pangram@3", synthetic="models@1").new


def test_a_result_that_was_taken_back_is_ranked(log: Log) -> None:
    humans, models = draw(120, HUMAN), draw(40, AI, 3)
    add(log, "models@1", models)
    claims = [pangram(10 * number, value) for number, value in enumerate([*humans, *models])]
    done = record(log, claims)
    taken = [
        Claim("withdrawal", claim.subject, Withdrawal(claim=item.claim_id))
        for claim, item in zip(claims[:20], done, strict=False)
    ]
    record(log, taken)
    made = make(log, detector="pangram", synthetic="models@1")
    assert made.body.human[0].documents == 100


def test_a_batch_is_held_against_nothing(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "make_bands", make_bands)
    add(log, "long@1", [text(HUMAN, 70_000 + number, 400) for number in range(150)])
    made = make(log, "essays@1", "long@1")
    assert log.vault is not None and made.body.bands is not None and made.body.tokenizer is None
    data = log.vault.attachment(parse_digest(made.body.bands))
    assert data is not None
    bands = read_bands(data, "here")
    assert bands.tokenizer == "words@1" and set(bands.sources) == {"essays@1", "long@1"}
    assert any(bands.sources["long@1"].sizes)
    assert not make(log, "essays@1", "long@1").new
    words_tokenizer()
    other = make(log, "essays@1", tokenizer=Path("words.json"))
    written = sha256(Path("words.json").read_bytes()).hexdigest()
    assert other.body.tokenizer == f"sha256:{written}"


def test_the_day_a_calibration_ends_is_the_day_before(log: Log) -> None:
    made = make(log, valid_days=1)
    end = datetime.fromtimestamp(made.body.expires_at, UTC)
    assert (end - datetime.fromtimestamp(NOW, UTC)).days == 1


def test_a_reserve_by_name_is_another_than_its_folder(
    own_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = make_corpus(own_place / "corpus", draw(110, HUMAN, 11))
    monkeypatch.setenv("HEADWATER_CONFIG", str(corpus.ring.folder))  # whose keys are trusted
    sealed = corpus.seal(own_place / "sealed")
    with corpus.open(write=True) as log:
        by_name = make(log, "reserve:old")
        Path("old").mkdir()  # a folder that is no seal hides no name
        assert not make(log, "reserve:old").new
        by_folder = make(log, str(sealed.folder))
        verify_log(log)
    (source,) = by_name.body.human
    assert source.source == "reserve:old@1" and source.documents == 110
    assert source.reserve_root == f"sha256:{sealed.statement.content_root.hex()}"
    others = {"bands": by_name.body.bands, "version": "1"}  # a folder is read in another order
    assert by_folder.body.model_copy(update=others) == by_name.body
