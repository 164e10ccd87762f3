"""A calibrated classifier at the command line: what it says, and what it says when it may not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.log.log import Log
from ledger.provenance.opening import open_ledger
from tests.verdicts.scanning.making import HUMAN, add, draw, fake_model, ledger, text, use

Run = Callable[..., Any]

MODELS = [text(5.0 + place, 500_000 + place) for place in range(30)]
SECRET = "\u202eevil\x1b[31m"  # what a dataset's files may be called


@pytest.fixture
def here(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger `h.db` with dated human text and a crawl, and a detector of our own."""
    use(monkeypatch, fake_model())
    monkeypatch.setenv("HEADWATER_LEDGER", "h.db")
    with ledger() as log:
        add(log, "old@1", draw(500, HUMAN, 2), dated=True)
        add(log, "crawl@1", [*draw(20, HUMAN, 3), *MODELS, "too short"])
    return own_place


def calibrate(headwater: Run, name: str = "old", *more: str) -> Any:
    line = ("verdict", "calibrate", name, "--human", "old@1", "--before", "2022-11-30")
    return headwater(*line, "--workers", "1", *more)


def test_a_table_and_json_tell_two_stories(headwater: Run, here: Path) -> None:
    made = calibrate(headwater)
    assert (made.code, made.stderr) == (0, "")
    assert "old@1: headwater-core 1, valid until 20" in made.stdout
    assert "old@1             500    500" in made.stdout
    assert "old@1: before 2022-11-30, as checked evidence shows" in made.stdout
    data = json.loads(calibrate(headwater, "old", "--json").stdout)
    assert (
        data["name"] == "old" and not data["new"] and data["sources"][0]["kept"] == {"old@1": 500}
    )
    ran = headwater("scan", "crawl@1", "--workers", "1")
    assert (ran.code, ran.stderr) == (0, "")
    assert "no marks were looked for" in ran.stdout
    assert "like AI samples                                  30  58.8 %" in ran.stdout
    assert "found among all 50 tested: 30" in ran.stdout
    assert "says nothing of who wrote a document" in ran.stdout
    assert "and 20 more; --json lists them all" in ran.stdout
    assert "30 new claims about documents; recorded as entry" in ran.stdout
    again = json.loads(headwater("scan", "crawl@1", "--workers", "1", "--json").stdout)
    found = again["verdicts"]
    assert again["no_verdicts"] is None and "marks" not in again
    assert found["outcomes"]["like_ai_sample"] == found["found_fdr"] == len(found["hits"]) == 30
    assert found["calibration"]["name"] == "old" and not found["new"] and found["fresh"] == 0
    assert all(hit["p_human"] <= 0.01 and hit["suspected"] for hit in found["hits"])
    labels = headwater(
        "document", "list", "--label", "synthetic_suspected", "--json", "--limit", 99
    )
    assert len(json.loads(labels.stdout)["documents"]) == 30
    assert headwater("verify").code == 0
    listed = headwater("verdict", "list")
    assert "headwater-core  1        headwater             1" in listed.stdout
    assert "live" in listed.stdout
    listed = json.loads(headwater("verdict", "list", "--json").stdout)
    assert [row["status"] for row in listed["calibrations"]] == ["live"]
    assert listed["detectors"][0]["calibrations"] == ["old@1"]


def test_no_calibration_is_no_gate_in_silence(headwater: Run, here: Path) -> None:
    ran = headwater("scan", "crawl@1")
    assert ran.code == 3 and "no mark can be looked for" in ran.stderr
    assert "no verdicts and no gate: no calibration on known human text" in ran.stderr
    ran = headwater("scan", "crawl@1", "--detector", "classifier")
    assert ran.code == 4 and "no calibration on known human text" in ran.stderr
    assert "headwater verdict calibrate" in ran.stderr
    ran = headwater("scan", "nothing@1", "--detector", "classifier")
    assert ran.code == 3 and ran.stderr.startswith("headwater: error: unknown dataset: nothing@1")
    empty = headwater("verdict", "list")
    assert empty.code == 0 and "no calibration; headwater verdict calibrate" in empty.stdout


def test_detectors_that_were_not_asked_for_answer(headwater: Run, here: Path) -> None:
    calibrate(headwater)
    ran = headwater("scan", "crawl@1", "--detector", "watermarks")
    assert ran.code == 3 and "no mark can be looked for" in ran.stderr
    assert "verdicts" not in ran.stderr
    ran = headwater("scan", "crawl@1", "--detector", "classifier", "--workers", "1")
    assert ran.code == 0 and "no marks" not in ran.stdout
    ran = headwater("scan", "crawl@1", "--calibration", "blog", "--workers", "1")
    assert ran.code == 3 and "unknown calibration: blog" in ran.stderr
    ran = headwater("scan", "crawl@1", "--calibration", "old@2", "--workers", "1")
    assert ran.code == 3 and "hint" in ran.stderr


def test_an_expired_calibration_is_used(
    headwater: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert calibrate(headwater, "old", "--valid-days", "1").code == 0
    opened = Log.__init__

    def later(self: Log, *arguments: Any, **options: Any) -> None:
        opened(self, *arguments, **options)
        now = self.clock
        self.clock = lambda: now() + 90_000

    monkeypatch.setattr(Log, "__init__", later)
    ran = headwater("scan", "crawl@1", "--calibration", "old", "--workers", "1")
    assert ran.code == 4 and "calibration old@1 expired on 20" in ran.stderr
    assert "headwater verdict calibrate old again" in ran.stderr
    listed = json.loads(headwater("verdict", "list", "--json").stdout)
    assert [row["status"] for row in listed["calibrations"]] == ["expired"]


def test_bad_input_is_a_traceback(headwater: Run, here: Path) -> None:
    with open_ledger("h.db", write=True) as log:
        add(log, "few@1", draw(98, HUMAN, 7))
        add(log, "both@1", [*draw(500, HUMAN, 2)[:3], *draw(40, 3.0, 8)])
    cases = {
        ("few", "--human", "few@1"): "found 98 human documents",
        ("few", "--human", f"{SECRET}@1"): "unknown dataset",
        (SECRET, "--human", "old@1"): "expected letters",
        ("x", "--human", "old@1", "--synthetic", "both@1"): "3 documents are AI text, too: sha256:",
        ("x", "--human", "old@1", "--before", "soon"): "expected a day as YYYY-MM-DD",
        ("x", "--human", "old@1", "--detector", SECRET): "unknown detector",
        ("x", "--human", "old@1", "--tokenizer", "none.json"): "none.json",
    }
    for line, said in cases.items():
        ran = headwater("verdict", "calibrate", *line, "--workers", "1")
        assert ran.code == 3 and said in ran.stderr, ran.stderr
        assert "\x1b" not in ran.stderr and "\u202e" not in ran.stderr
        assert "hint" in ran.stderr or "day as" in said or "none.json" in said, ran.stderr
    ran = headwater("verdict", "calibrate", "x", "--human", "old@1", "--allow-asserted")
    assert ran.code == 2 and "without --before" in ran.stderr
    ran = headwater("verdict", "calibrate", "x")
    assert ran.code == 2 and "--human" in ran.stderr
