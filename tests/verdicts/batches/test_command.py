"""`headwater audit entropy`, as people call it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.provenance.opening import open_ledger
from ledger.verdicts.calibration.make import calibrate
from tests.conftest import Ran
from tests.verdicts.batches.prose import SENTENCE
from tests.verdicts.batches.test_audit import write
from tests.verdicts.scanning.making import AI, DATASET, HUMAN, add, draw, ledger

pytestmark = pytest.mark.usefixtures("asked")

Command = Callable[..., Ran]
WHAT = ("audit", "entropy")


@pytest.fixture
def human(own_place: Path) -> Path:
    return write("human.jsonl", draw(200, HUMAN, 1))


def test_a_held_batch_passes_the_gate(human: Path, headwater: Command) -> None:
    usual = write("b/0.jsonl", draw(60, HUMAN, 2))
    flood = write("b/1.jsonl", [SENTENCE] * 500)
    watched = headwater(*WHAT, usual, flood, "--human", human)
    assert watched.code == 0 and "1 of 2 batches held for review" in watched.stdout
    assert f"({human})\n" in watched.stdout  # the one source, by the name that was given
    gated = headwater("--json", *WHAT, usual, flood, "--human", human, "--gate")
    assert gated.code == 4
    data = json.loads(gated.stdout)
    assert [one["action"] for one in data["batches"]] == ["PROCEED", "HOLD_FOR_REVIEW"]
    assert "b/0.jsonl and 1 more: 1 of 2 batches held, the first b/1.jsonl" in gated.stderr
    assert headwater(*WHAT, usual, "--human", human, "--gate").code == 0
    assert not list(Path().glob("*.db"))


def test_nothing_known_is_gated(own_place: Path, headwater: Command) -> None:
    batch = write("b.jsonl", [SENTENCE] * 500)
    watched = headwater(*WHAT, batch)
    assert watched.code == 0
    assert "no calibration: batches are compared with nothing" in watched.stdout
    refused = headwater(*WHAT, batch, "--gate")
    assert refused.code == 4 and refused.stdout == ""
    assert "no calibration: found --gate, expected known human text" in refused.stderr
    floor = headwater(*WHAT, batch, "--gate", "--rule", "floor-3.2", "--human", batch)
    assert floor.code == 4 and "rule floor-3.2" in floor.stderr


def test_the_help_hides_the_floors_error(headwater: Command) -> None:
    said = " ".join(headwater(*WHAT, "--help").stdout.split())
    assert "Measured: it finds nothing" in said and "3.33" in said


def test_options_of_both_forms_are_taken(human: Path, headwater: Command) -> None:
    for options in (
        ("crawl@1", "--human", human),
        ("human.jsonl", "--human", human, "--calibration", "blogs"),
        ("human.jsonl", "--human", human, "--source", "blogs"),
        ("human.jsonl", "--source", "blogs"),
        ("human.jsonl", "--root", "."),
        ("human.jsonl", "--window", "1023"),
        ("human.jsonl", "--alpha", "0"),
        (),
    ):
        assert headwater(*WHAT, *options).code == 2, options
    assert headwater(*WHAT, "gone.jsonl").code == 3
    assert headwater(*WHAT, "a@1", "human.jsonl").code == 3
    assert headwater(*WHAT, "human.jsonl", "--tokenizer", "gone.json").code == 3


def test_a_dataset_is_gated_without_a_calibration(own_place: Path, headwater: Command) -> None:
    with ledger() as log:
        add(log, "old@1", draw(200, HUMAN, 1))
        add(log, DATASET, draw(40, HUMAN, 2) + draw(40, AI, 3))
    at = ("--ledger", "h.db")
    unknown = headwater(*at, *WHAT, DATASET, "--gate")
    assert unknown.code == 4 and "no calibration that counts" in unknown.stderr
    assert "no calibration" in unknown.stdout and "recorded" not in unknown.stdout
    with open_ledger("h.db", write=True) as log:
        calibrate(log, "blogs", ["old@1"])
    ran = headwater(*at, *WHAT, DATASET, "--batch-documents", "40", "--plot", "chart.svg")
    assert ran.code == 0 and "recorded as entry" in ran.stdout and "drew chart.svg" in ran.stdout
    assert Path("chart.svg").read_text().startswith("<svg")
    gated = headwater(*at, "--json", *WHAT, DATASET, "--batch-documents", "40", "--gate")
    data = json.loads(gated.stdout)
    assert gated.code == 4 and data["new"] is False and data["dataset"] == DATASET
    assert [one["action"] for one in data["batches"]] == ["PROCEED", "HOLD_FOR_REVIEW"]
    assert headwater(*at, "verify").code == 0
    files = headwater(*at, *WHAT, "crawl/1.jsonl", "--calibration", "blogs")
    assert files.code == 0 and "compared with blogs@1" in files.stdout
