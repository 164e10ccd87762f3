"""Audits of files and of datasets, end to end, by a detector that reads scores off texts."""

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import numpy as np
import orjson
import pytest
import tokenizers
from tokenizers import models

from ledger.claims import Audit
from ledger.errors import (
    DocumentMismatchError,
    GateError,
    InputError,
    UnknownNameError,
)
from ledger.log.canonical import parse_digest
from ledger.verdicts.batches.audit import RESULTS_FORMAT, Asked, audit_dataset, audit_files
from ledger.verdicts.batches.compare import FLOOR, HOLD, PROCEED, Rules
from ledger.verdicts.batches.page import plain, rows, sparkline, summary
from ledger.verdicts.batches.picture import svg
from ledger.verdicts.batches.target import dataset_of, refuse_gate, refuse_held
from ledger.verdicts.batches.tokens import load_tokenizer
from ledger.verdicts.calibration.make import calibrate
from ledger.verdicts.core.model import Model
from tests.verdicts.batches.prose import SENTENCE
from tests.verdicts.scanning.making import AI, DATASET, FEW, HUMAN, add, draw, ledger

pytestmark = pytest.mark.usefixtures("asked")


def write(name: str, texts: Iterable[str]) -> Path:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


@pytest.fixture
def human(own_place: Path) -> Path:
    return write("human.jsonl", draw(200, HUMAN, 1))


def test_planted_batches_proceed(human: Path) -> None:
    usual = [write(f"b/{number}.jsonl", draw(60, HUMAN, 2 + number)) for number in range(3)]
    mixed = write("b/mixed.jsonl", draw(30, HUMAN, 10) + draw(30, AI, 11))
    flood = write("b/flood.jsonl", [SENTENCE] * 500)
    one = Path("b/one.txt")
    one.write_text(" ".join([SENTENCE] * 500))
    copies = write("b/copies.jsonl", draw(4, HUMAN, 12) * 20)
    found = audit_files([*usual, mixed, flood, one, copies], human=[human])
    actions = [judged.action for judged in found.audited.judged]
    assert actions == [PROCEED] * 3 + [HOLD] * 4
    assert found.audited.judged[3].codes == ("scores_higher",)
    for judged in found.audited.judged[4:6]:
        assert judged.batch.entropy < 3.6 and "outside_entropy" in judged.codes
    assert {"outside_distinct_4", "outside_compression"} <= set(found.audited.judged[6].codes)
    assert found.known.claim is None and found.entry is None
    data = plain(found)
    json.dumps(data, allow_nan=False)
    assert [one["batch"] for one in data["held"]] == [*map(str, [mixed, flood, one, copies])]
    digest = f"sha256:{sha256(SENTENCE.encode()).hexdigest()}"
    assert data["held"][1]["documents"] == [digest]
    assert data["batches"][4]["action"] == "HOLD_FOR_REVIEW"
    said = "\n".join(summary(found))
    assert "4 of 7 batches held for review" in said and "p = " in said
    assert len(rows(found.audited)) == 7 and sparkline(found.audited)[1].count("^") == 4


def test_the_division_of_files_decides_where_documents_do(human: Path) -> None:
    texts = draw(100, HUMAN, 3)
    whole = write("whole.jsonl", texts)
    parts = [write(f"p/{number}.jsonl", texts[number * 25 :][:25]) for number in range(4)]
    asked = Asked(batch_documents=30)
    first, second = (audit_files(paths, asked, human=[human]) for paths in ([whole], parts))
    names = [judged.batch.name for judged in first.audited.judged]
    assert names == ["documents 1 to 30", "documents 31 to 60", "documents 61 to 90",
                     "documents 91 to 100"]  # fmt: skip
    for one, other in zip(first.audited.judged, second.audited.judged, strict=True):
        assert one.batch.name == other.batch.name and one.test == other.test
        assert one.batch.tokens == other.batch.tokens and one.action == other.action


def test_a_folder_of_texts_is_many_batches(human: Path) -> None:
    Path("docs").mkdir()
    for number, text in enumerate(draw(12, HUMAN, 4)):
        Path(f"docs/{number}.txt").write_text(text)
    (one,) = audit_files([Path("docs")], human=[human]).audited.judged
    assert one.batch.documents == 12 and one.batch.name == "docs"


def test_nothing_to_compare_with_is_not_said(own_place: Path) -> None:
    path = write("b.jsonl", [SENTENCE] * 500)
    found = audit_files([path])
    assert found.audited.judged[0].action == PROCEED and plain(found)["calibration"] is None
    assert "no calibration: batches are compared with nothing" in "\n".join(summary(found))
    with pytest.raises(GateError, match="no calibration that counts"):
        refuse_held(True, found)
    refuse_held(False, found)


def test_the_floor_lets_nothing_pass(own_place: Path) -> None:
    """One sentence 500 times has 3.4 bits: the article's rule lets it pass, and says so."""
    flood, one = write("b.jsonl", [SENTENCE] * 500), write("c.jsonl", ["so it goes"] * 500)
    found = audit_files([flood, one], Asked(Rules(FLOOR)))
    assert [judged.action for judged in found.audited.judged] == [PROCEED, HOLD]
    assert plain(found)["batches"][1]["threshold"] == 3.2
    assert "hardly ever fires" in "\n".join(summary(found))


def test_too_little_or_the_same_text_is_known(own_place: Path) -> None:
    few = write("few.jsonl", draw(29, HUMAN, 1))
    batch = write("b.jsonl", draw(40, HUMAN, 2))
    with pytest.raises(InputError, match=r"found 29 human documents .* expected at least 30"):
        audit_files([batch], human=[few])
    both = write("both.jsonl", draw(40, HUMAN, 1) + draw(2, HUMAN, 2))
    with pytest.raises(InputError, match="found 2 documents of the batches in the known human"):
        audit_files([batch], human=[both])
    with pytest.raises(InputError, match="no such file"):
        audit_files([Path("gone.jsonl")], human=[both])
    empty = write("empty.jsonl", [])
    with pytest.raises(InputError, match="found no document"):
        audit_files([empty], human=[write("h.jsonl", draw(40, HUMAN, 9))])


def test_rows_that_are_no_documents_are_not_counted(human: Path) -> None:
    path = write("b.jsonl", draw(30, HUMAN, 5))
    path.write_text(path.read_text() + "{broken\n")
    found = audit_files([path], human=[human])
    assert found.rejected == 1 and "b.jsonl:31" in (found.first_reject or "")
    assert "1 rows were no documents, the first b.jsonl:31" in "\n".join(summary(found))


def test_a_description_with_the_files_is_not_read(human: Path) -> None:
    Path("shards").mkdir()
    Path("shards/dataset.toml").write_text(
        'license = "CC0-1.0"\nchannel = "crawled"\nlanguage = "en"\n[columns]\ntext = "body"\n'
    )
    rows = "".join(json.dumps({"body": text}) + "\n" for text in draw(30, HUMAN, 5))
    Path("shards/0.jsonl").write_text(rows)
    (one,) = audit_files([Path("shards")], human=[human]).audited.judged
    assert len(one.batch.scores) == 30


def test_what_was_not_compared_is_nothing_unusual(own_place: Path) -> None:
    few = write("few.jsonl", draw(31, HUMAN, 1))  # too little for bands
    short = write("b/0.jsonl", draw(3, HUMAN, 2))
    long = write("b/1.jsonl", draw(20, HUMAN, 3))
    said = [one["reason"] for one in plain(audit_files([short, long], human=[few]))["batches"]]
    assert said == [
        "scores not tested: 3 documents have one, expected 10; windows not measured: 483 tokens, "
        "expected 1,024",
        "windows not compared: no bands",
    ]
    alone = audit_files([long])
    assert plain(alone)["batches"][0]["reason"] == "compared with nothing"


def test_training_rows_are_scored(human: Path, detector: Model) -> None:
    path = write("b.jsonl", [*FEW, *draw(30, HUMAN, 5)])
    (one,) = audit_files([path], human=[human]).audited.judged
    assert one.batch.unscored == {"in_training": 3} and len(one.batch.scores) == 30


def test_a_dataset_is_recorded_twice(own_place: Path) -> None:
    with ledger() as log:
        add(log, "old@1", draw(200, HUMAN, 1))
        add(log, DATASET, draw(60, HUMAN, 2))
        add(log, DATASET, draw(30, HUMAN, 3) + draw(30, AI, 4))
        before = audit_dataset(log, DATASET)
        assert before.entry is None and not before.audited.held
        made = calibrate(log, "blogs", ["old@1"])
        found = audit_dataset(log, DATASET)
        assert found.entry is not None and found.entry.new
        assert [one.action for one in found.audited.judged] == [PROCEED, HOLD]
        again = audit_dataset(log, DATASET)
        assert again.entry is not None
        assert (again.entry.index, again.entry.new) == (found.entry.index, False)
        body = Audit.model_validate(log.entry(found.entry.index).body)
        assert body.audit == "batches" and body.calibration == made.claim_id
        assert body.batches is not None and body.contamination is None
        assert (body.batches.batches, body.batches.documents, body.batches.held) == (2, 120, 1)
        assert body.batches.reasons == {"scores_higher": 1}
        assert body.batches.alpha_ppm == 10_000 and body.batches.rule == "calibrated"
        assert log.vault is not None
        attached = log.vault.attachment(parse_digest(body.results))
        assert attached is not None
        results = orjson.loads(attached)
        assert results["format"] == RESULTS_FORMAT
        assert [one["batch"] for one in results["batches"]] == [0, 1]
        assert str(own_place) not in attached.decode()
        other = audit_dataset(log, DATASET, Asked(batch_documents=40))
        assert other.entry is not None and other.entry.new
        assert [one.batch.documents for one in other.audited.judged] == [40, 40, 40]


def test_a_calibration_is_taken_that_is_not_named(own_place: Path) -> None:
    with ledger() as log:
        add(log, "old@1", draw(150, HUMAN, 1))
        add(log, "other@1", draw(150, HUMAN + 4, 2))
        add(log, DATASET, draw(60, HUMAN + 4, 3))
        calibrate(log, "both", ["old@1", "other@1"])
        (lenient,) = audit_dataset(log, DATASET).audited.judged
        assert lenient.action == PROCEED and lenient.tested == "other@1"
        (strict,) = audit_dataset(log, DATASET, source="old@1").audited.judged
        assert strict.action == HOLD and strict.tested == "old@1"
        with pytest.raises(UnknownNameError, match="unknown source: old@2"):
            audit_dataset(log, DATASET, source="old@2")
        with pytest.raises(UnknownNameError, match="unknown calibration: neither"):
            audit_dataset(log, DATASET, calibration="neither")
        with pytest.raises(UnknownNameError):
            audit_dataset(log, "nothing@1")
        files = audit_files([write("b.jsonl", draw(60, HUMAN + 4, 8))], log=log, calibration="both")
        assert files.audited.judged[0].tested == "other@1" and files.known.label == "both@1"


def test_a_flood_in_a_dataset_proceeds(own_place: Path) -> None:
    with ledger() as log:
        add(log, "old@1", draw(200, HUMAN, 1))
        add(log, DATASET, draw(20, HUMAN, 2))
        add(log, DATASET, [" ".join([SENTENCE] * 500)])
        calibrate(log, "blogs", ["old@1"])
        found = audit_dataset(log, DATASET)
        assert [one.action for one in found.audited.judged] == [PROCEED, HOLD]
        assert found.audited.judged[1].banded == "old@1" and found.known.notes == ()
        assert "outside_entropy" in found.audited.reasons
        words = {"[UNK]": 0}
        made = tokenizers.Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
        Path("tokenizer.json").write_text(made.to_str())
        other = Asked(tokenizer=load_tokenizer(Path("tokenizer.json")))
        with pytest.raises(InputError, match=r"tokenizer sha256:\w+, expected words@1"):
            audit_dataset(log, DATASET, other)


def test_undated_calibration_documents_are_in_a_batch(own_place: Path) -> None:
    with ledger() as log:
        add(log, "old@1", draw(150, HUMAN, 1))
        add(log, DATASET, draw(60, HUMAN, 1))
        calibrate(log, "blogs", ["old@1"])
        with pytest.raises(InputError, match="found 60 documents of the batches"):
            audit_dataset(log, DATASET)


def test_an_input_that_changed_is_read(own_place: Path) -> None:
    with ledger() as log:
        add(log, DATASET, draw(30, HUMAN, 1))
        Path("crawl/1.jsonl").write_text('{"text": "other"}\n')
        with pytest.raises(DocumentMismatchError):
            audit_dataset(log, DATASET)


def test_copies_in_a_dataset_are_read_once(own_place: Path) -> None:
    with ledger() as log:
        add(log, DATASET, draw(10, HUMAN, 1) * 4)
        (one,) = audit_dataset(log, DATASET).audited.judged
        assert (one.batch.documents, len(one.batch.digests)) == (40, 10)


def test_a_drawing_runs_what_it_is_named(human: Path) -> None:
    import xml.etree.ElementTree as ElementTree

    name = "<script>alert(1)</script>&.jsonl"
    Path("b").mkdir()
    path = write(f"b/{name.replace('/', '_')}", [SENTENCE] * 500)
    found = audit_files([path, write("b/c.jsonl", draw(40, HUMAN, 2))], human=[human])
    drawn = svg(found)
    tree = ElementTree.fromstring(drawn)
    tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
    assert not tags & {"script", "image", "use", "a", "foreignObject"}
    assert "<script>" not in drawn and "&lt;script&gt;" in drawn
    assert drawn.count('class="held"') == 2 and drawn.count('class="dot"') >= 2
    assert "1 of 2 batches held for review" in drawn


def test_a_dataset_among_files_is_taken(own_place: Path) -> None:
    assert dataset_of(["crawl@2025"]) == "crawl@2025"
    assert dataset_of(["a.jsonl", "b.jsonl"]) is None
    Path("crawl@2025").write_text("x")
    assert dataset_of(["crawl@2025"]) is None
    with pytest.raises(InputError, match="a dataset among 2 inputs"):
        dataset_of(["a@1", "b.jsonl"])


def test_a_gate_stands_on_nothing() -> None:
    with pytest.raises(GateError, match=r"rule floor-3\.2"):
        refuse_gate(True, Asked(Rules(FLOOR)), human=True)
    with pytest.raises(GateError, match="no calibration"):
        refuse_gate(True, Asked(), human=False)
    refuse_gate(False, Asked(), human=False)
    refuse_gate(True, Asked(), human=True)


def test_batches_in_a_row_without_a_score_draw_a_line(own_place: Path) -> None:
    found = audit_files([write("b.jsonl", ["short"] * 3)])
    assert sparkline(found.audited) == []
    assert "polyline" not in svg(found)
    assert np.isfinite(found.audited.judged[0].batch.entropy)
