from pathlib import Path

import numpy as np
import orjson
import pytest

from ledger.claims import Withdrawal
from ledger.errors import DocumentMismatchError, InputError, RefusedError, UnknownNameError
from ledger.log.canonical import parse_digest
from ledger.log.record import Claim, record
from ledger.log.verify import verify_log
from ledger.watermarks.detector import detect
from ledger.watermarks.scanning.calibrate import (
    Calibrated,
    calibrate,
    newest_calibration,
    reserve_texts,
)
from ledger.watermarks.scanning.targets import ScanTarget
from ledger.watermarks.tokens import Tokens
from tests.reserves.sealing import Corpus, make_corpus
from tests.watermarks.scanning.making import (
    marked_ids,
    plain_ids,
    spelled,
    target,
    words_tokenizer,
)


def documents(wanted: ScanTarget) -> list[list[int]]:
    """Plain ones, some that bear the mark, two that begin alike, some too short."""
    found = [plain_ids(120, seed) for seed in range(30)]
    found += [marked_ids(wanted, 60, seed, choices=3) for seed in range(4)]
    return [*found, [7, 8, 9, *plain_ids(90, 70)], [7, 8, *plain_ids(90, 71)], [3], [4]]


@pytest.fixture
def wanted(own_place: Path) -> ScanTarget:
    return target("unigram", 5)


@pytest.fixture
def corpus(own_place: Path, wanted: ScanTarget, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    made = make_corpus(own_place / "corpus", [spelled(ids) for ids in documents(wanted)])
    monkeypatch.setenv("HEADWATER_CONFIG", str(made.ring.folder))  # whose keys are trusted
    return made


def run(corpus: Corpus, wanted: ScanTarget, reserve: str) -> Calibrated:
    with corpus.open(write=True) as log:
        done = calibrate(log, wanted, words_tokenizer(), reserve, workers=1)
        verify_log(log)
    return done


def test_false_alarms_are_not_those_of_the_reserve(
    corpus: Corpus, wanted: ScanTarget, own_place: Path
) -> None:
    sealed = corpus.seal(own_place / "sealed")
    done = run(corpus, wanted, "old")
    exact = detect(Tokens.of(documents(wanted)), wanted.open())
    log10_p = exact.log_p / np.log(10)
    counts = [int((log10_p <= -level).sum()) for level in (2, 3, 4, 5, 6)]
    body = done.body
    assert [body.at_2, body.at_3, body.at_4, body.at_5, body.at_6] == counts and counts[1] >= 3
    assert body.documents == 38 and body.tested == 36
    assert body.reserve == "old@1"
    assert body.reserve_root == f"sha256:{sealed.statement.content_root.hex()}"
    assert (body.mark, body.state) == (wanted.subject, wanted.state)
    with corpus.open() as log:
        assert log.entry(done.entry).subject == wanted.subject
        assert log.vault is not None and body.stop_grams is not None
        data = log.vault.attachment(parse_digest(body.stop_grams))
    assert data is not None
    grams = orjson.loads(data)["grams"]
    assert grams[0] == {"documents": 2, "ids": [7, 8]}


def test_a_folder_says_other_than_the_ledger(
    corpus: Corpus, wanted: ScanTarget, own_place: Path
) -> None:
    sealed = corpus.seal(own_place / "sealed")
    by_name, again = run(corpus, wanted, "old@1"), run(corpus, wanted, "old")
    assert by_name.new and not again.new and again.entry == by_name.entry
    by_folder = run(corpus, wanted, str(sealed.folder))
    assert by_folder.body == by_name.body and not by_folder.new


def test_the_newest_record_is_not_quoted(
    corpus: Corpus, wanted: ScanTarget, own_place: Path
) -> None:
    corpus.seal(own_place / "sealed")
    with corpus.open() as log:
        assert newest_calibration(log, wanted.subject) is None
    first = run(corpus, wanted, "old")
    later = run(corpus, target("unigram", 5, state="sha256:" + "7" * 64), "old")
    other = run(corpus, target("unigram", 6), "old")
    with corpus.open(write=True) as log:
        found = newest_calibration(log, wanted.subject)
        assert found is not None and found.claim_id == later.claim_id
        assert "of 38 documents of old@1" in found.words
        record(log, [Claim("withdrawal", wanted.subject, Withdrawal(claim=later.claim_id))])
        found = newest_calibration(log, wanted.subject)
        assert found is not None and found.claim_id == first.claim_id
        found = newest_calibration(log, other.body.mark)
        assert found is not None and found.claim_id == other.claim_id


def test_another_reserve_or_none_is_a_traceback(
    corpus: Corpus, wanted: ScanTarget, own_place: Path
) -> None:
    corpus.seal(own_place / "sealed")
    (own_place / "empty").mkdir()
    with corpus.open() as log:
        for name in ("new", "old@2"):
            with pytest.raises(UnknownNameError):
                reserve_texts(log, name)
        for name in ("old@x", "old@-1", "old@١", "old@99999999999999999999"):
            with pytest.raises(InputError, match="expected NAME@NUMBER"):
                reserve_texts(log, name)
        with pytest.raises(InputError, match="no sealed reserve"):
            reserve_texts(log, str(own_place / "empty"))


def test_a_text_that_changed_is_counted(
    corpus: Corpus, wanted: ScanTarget, own_place: Path
) -> None:
    corpus.seal(own_place / "sealed")
    notes = Path(corpus.location).parent / "notes.jsonl"
    notes.write_bytes(notes.read_bytes().replace(b"w7 w8 w9", b"w7 w8 w8"))
    with pytest.raises(DocumentMismatchError):
        run(corpus, wanted, "old")


def test_a_withheld_reserve_is_a_traceback(
    corpus: Corpus, wanted: ScanTarget, own_place: Path
) -> None:
    corpus.seal(own_place / "sealed")
    with corpus.open() as log:
        vault = log.vault
        log.vault = None
        with pytest.raises(RefusedError, match="the vault withholds"):
            reserve_texts(log, "old")
        log.vault = vault


def test_ids_of_another_tokenizer_are_counted(
    corpus: Corpus, wanted: ScanTarget, own_place: Path
) -> None:
    corpus.seal(own_place / "sealed")
    with (
        corpus.open(write=True) as log,
        pytest.raises(InputError, match="found tokenizer sha256:"),
    ):
        calibrate(log, wanted, words_tokenizer(size=900), "old")
