"""From the registry to the label: a mark is registered, looked for, calibrated, revoked."""

from pathlib import Path

import pytest

from ledger.corpus.ingest import ingest
from ledger.errors import InputError
from ledger.log.canonical import format_entry
from ledger.provenance.explain import explain
from ledger.provenance.overlap import sidecar_folder
from ledger.provenance.policy import load_policy
from ledger.reserves.sealing.seal import seal
from ledger.reserves.selection.rule import make_rule
from ledger.watermarks.registry.changes import revoke
from ledger.watermarks.registry.register import register
from ledger.watermarks.scanning.calibrate import calibrate
from ledger.watermarks.scanning.detect import detect_text
from ledger.watermarks.scanning.ready import make_ready
from ledger.watermarks.scanning.scan import Scanned, scan_dataset
from tests.log.making import Ledger, assert_whole, evidence
from tests.watermarks.registry.making import ledger_of, write_description
from tests.watermarks.scanning.making import (
    DATASET,
    DESCRIBED,
    SIZE,
    marked_ids,
    plain_ids,
    spelled,
    words_tokenizer,
)

SECRET = 7_777_123_456_789


@pytest.fixture
def acme(own_place: Path) -> Ledger:
    """A provider's ledger with a registered mark and a dataset, one document of it marked."""
    words_tokenizer(own_place)
    ledger = ledger_of(own_place / "acme")
    description = write_description(
        own_place,
        vocab_size=SIZE,
        tokenizer=str(own_place / "words.json"),
        parameters={"fraction": 0.25},
    )
    folder = own_place / "drafts"
    folder.mkdir()
    (folder / "dataset.toml").write_text(DESCRIBED)
    with ledger.open(write=True) as log:
        register(log, description)
        (wanted,) = make_ready(log).targets
        (folder / "marked.txt").write_text(spelled(marked_ids(wanted, 100)))
        for seed in range(6):
            (folder / f"{seed}.txt").write_text(spelled(plain_ids(150, seed)))
        ingest(log, [folder], dataset=DATASET)
    return ledger


def scan(ledger: Ledger) -> Scanned:
    with ledger.open(write=True) as log:
        ready = make_ready(log)
        return scan_dataset(log, DATASET, ready.targets, ready.tokenizers, workers=1)


def label(ledger: Ledger, document: str) -> str | None:
    with ledger.open() as log:
        rule = explain(log, document, load_policy()).rule
    return None if rule is None else rule.label


def test_a_registered_mark_that_is_found_makes_no_label(acme: Ledger) -> None:
    found = scan(acme)
    ((_, hit),) = found.hits
    assert label(acme, hit.document) == "synthetic_known"
    with acme.open() as log:
        others = [log.entry(index) for index in range(log.size)]
        plain = [entry.subject for entry in others if entry.kind == "origin"]
    labels = [label(acme, document) for document in plain if document != hit.document]
    assert labels == ["human_unverified"] * 6
    assert_whole(acme)


def test_a_key_that_leaked_still_makes_known_what_it_marks(acme: Ledger) -> None:
    ((_, hit),) = scan(acme).hits
    with acme.open(write=True) as log:
        revoke(log, "acme-writer", because="leaked")
    assert label(acme, hit.document) == "synthetic_suspected"
    again = scan(acme)  # of the revoked state: another claim, worth no more
    assert again.new and label(acme, hit.document) == "synthetic_suspected"
    with acme.open() as log:
        ready = make_ready(log)
        text = spelled(marked_ids(ready.targets[0], 90, 5))
        known = {one.definition: one for one in ready.tokenizers}
        (mark,) = detect_text(text, ready.targets, known, alpha_milli=9_000).marks
    assert mark.outcome == "detected"
    assert any(warning.startswith("revoked") for warning in mark.warnings)
    assert_whole(acme)


def test_a_scan_forgets_the_record_that_stood(acme: Ledger, own_place: Path) -> None:
    before = scan(acme)

    with acme.open(write=True) as log:
        plain = [log.entry(n).subject for n in range(log.size) if log.entry(n).kind == "origin"]
        dated = [evidence(document, 1_600_000_000) for document in plain]
        log.append([format_entry(entry) for entry in dated])
        seal(log, make_rule(log, "old", datasets=[DATASET], allow_asserted=True),
             own_place / "sealed")  # fmt: skip
        ready = make_ready(log)
        done = calibrate(log, ready.targets[0], ready.tokenizers[0], "old", workers=1)
    after = scan(acme)
    with acme.open() as log:
        marks = [log.entry(found.entry).body["marks"][0] for found in (before, after)]
        quoted = make_ready(log).targets[0].calibration
    assert "calibration" not in marks[0] and marks[1]["calibration"] == done.claim_id == quoted
    assert after.results == before.results and done.body.tested == done.body.documents
    assert_whole(acme)


def test_a_mark_without_its_tokenizer_is_looked_for(acme: Ledger) -> None:
    for path in Path(f"{acme.location}.sidecars").glob("tokenizer-*"):
        path.unlink()
    with acme.open() as log, pytest.raises(InputError, match="its tokenizer is not here"):
        make_ready(log)
    Path("words.json").unlink()


def test_a_key_stands_beside_the_ledger(acme: Ledger, own_place: Path) -> None:
    scan(acme)
    with acme.open() as log:
        secrets = {str(SECRET), make_ready(log).targets[0].key["seed"]}
    for path in own_place.rglob("*"):
        if path.is_file() and path.name != "mark.toml":
            data = path.read_bytes()
            assert not any(secret.encode() in data for secret in secrets), path


def test_a_tokenizer_that_no_mark_is_made_with_is_passed_over(
    acme: Ledger, own_place: Path, tmp_path: Path
) -> None:
    """And none of it is kept for the next search."""
    folder = tmp_path / "another"
    folder.mkdir()
    other = words_tokenizer(folder, SIZE - 1)
    with acme.open() as log:
        kept = sorted(sidecar_folder(log.location).iterdir())
        with pytest.raises(InputError, match=f"words.json: tokenizer {other.definition}"):
            make_ready(log, (), [own_place / "words.json", folder / "words.json"])
        assert make_ready(log, (), [own_place / "words.json"]).targets
        assert sorted(sidecar_folder(log.location).iterdir()) == kept
