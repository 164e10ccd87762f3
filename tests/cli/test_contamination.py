"""`headwater audit contamination`: a dataset or a folder, its page, its status."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.verdicts.calibration.human import Dated
from ledger.verdicts.calibration.make import calibrate
from tests.verdicts.contamination.conftest import asked as asked
from tests.verdicts.contamination.conftest import detector as detector
from tests.verdicts.scanning.making import AI, HUMAN, add, draw, ledger

Run = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("asked")

OLDER, NEWER, SYNTHETIC = draw(140, HUMAN, 1), draw(150, HUMAN, 2), draw(40, AI, 3)


@pytest.fixture
def log(own_place: Path) -> Iterator[None]:
    with ledger(lambda: 1_790_000_000) as log:  # type: ignore[arg-type]
        add(log, "crawl@1", OLDER, dated=True)
        add(log, "crawl@1", [*NEWER, *SYNTHETIC])
        yield


@pytest.fixture
def docs(own_place: Path) -> None:
    Path("docs").mkdir()
    for name, rows, day in (
        ("old", OLDER, date(2021, 4, 5)), ("new", [*NEWER, *SYNTHETIC], date(2024, 2, 3)),
    ):  # fmt: skip
        lines = [json.dumps({"text": row, "date": day.isoformat()}) for row in rows]
        Path(f"docs/{name}.jsonl").write_text("\n".join(lines) + "\n")


def test_a_folder_needs_a_ledger(docs: None, headwater: Run, own_place: Path) -> None:
    ran = headwater("audit", "contamination", "docs", "--ai-since", "2023-09")
    assert ran.code == 4
    assert "Of 330 documents, 190 could be measured." in ran.stdout
    assert "threshold reported by Moveo AI; not a legal limit" in ran.stdout
    assert "docs: estimate " in ran.stderr and "%, expected at most 10 %" in ran.stderr
    assert [path.name for path in own_place.iterdir()] == ["docs"]
    limits = ("--level", "60", "--upper-level", "60")
    ran = headwater("audit", "contamination", "docs", "--ai-since", "2023-09-01", *limits)
    assert (ran.code, ran.stderr) == (0, "")
    assert "passed" in ran.stdout


def test_json_is_no_data(docs: None, headwater: Run) -> None:
    ran = headwater("--json", "audit", "contamination", "docs", "--ai-since", "2023-09")
    data = json.loads(ran.stdout)
    assert ran.code == 4 and data["gate"] == "failed"
    assert 0.1 < data["estimate"] < 0.35 and data["low"] < data["estimate"] < data["high"]
    assert data["dated_by"] == {"before": {"source": 140}, "after": {"source": 190}}


def test_a_plot_is_not_drawn(docs: None, headwater: Run, own_place: Path) -> None:
    ran = headwater(
        "audit", "contamination", "docs", "--ai-since", "2023-09", "--plot", "share.svg"
    )
    assert ran.code == 4 and "drew share.svg" in ran.stdout
    drawn = ET.fromstring(Path("share.svg").read_text())
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert {path.name for path in own_place.iterdir()} == {"docs", "share.svg"}


def test_a_plot_without_a_folder_is_refused_after_all_is_done(headwater: Run) -> None:
    """Before a ledger is opened: what was recorded would be said not to have been."""
    for what in ("contamination", "entropy"):
        ran = headwater("audit", what, "crawl@2025", "--plot", "gone/share.svg")
        assert ran.code == 2 and "no such folder: gone" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("docs",), 3, "found no day from which its writers had AI tools"),
        (("docs", "--ai-since", "2023-13"), 3, "expected YYYY-MM or YYYY-MM-DD"),
        (("docs", "--ai-since", "2020-01"), 3, "found 0 documents of 150 words or more"),
        (("docs", "--ai-since", "2030-01"), 3, "found 0 of 330 documents that can be measured"),
        (("nowhere", "--ai-since", "2023-09"), 3, "no such file"),
        (("docs", "--ai-since", "2023-09", "--calibration", "a"), 2, "found --calibration for a"),
        (("docs", "--ai-since", "2023-09", "--stratify", "topic"), 2, "found --stratify for a"),
        (("docs", "--ai-since", "2023-09", "--reviews", "a"), 2, "found --reviews for a"),
        (("docs", "--ai-since", "2023-09", "--root", "."), 2, "found --root for a"),
        (("docs", "--ai-since", "2023-09", "--sample", "0"), 2, "--sample"),
        (("docs", "--ai-since", "2023-09", "--level", "101"), 2, "--level"),
    ],
)
def test_what_makes_no_sense_is_done(
    docs: None, headwater: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ran = headwater("audit", "contamination", *arguments)
    assert ran.code == code and said in ran.stderr and ran.stdout == ""


def test_a_dataset_needs_no_calibration(log: None, headwater: Run) -> None:
    ran = headwater("--ledger", "h.db", "audit", "contamination", "crawl@1")
    assert ran.code == 4 and "no calibration on known human text" in ran.stderr
    assert "headwater verdict calibrate" in ran.stderr
    ran = headwater("--ledger", "h.db", "audit", "contamination", "crawl@2")
    assert ran.code == 3 and "unknown dataset: crawl@2" in ran.stderr


def test_a_dataset_is_recorded_twice(own_place: Path, headwater: Run) -> None:
    with ledger() as log:
        add(log, "crawl@1", OLDER, dated=True)
        add(log, "crawl@1", [*NEWER, *SYNTHETIC])
        calibrate(log, "own", ["crawl@1"], dated=Dated("2021-01-01"), valid_days=36_500)
    first = headwater("--ledger", "h.db", "audit", "contamination", "crawl@1", "--sample", "150")
    assert first.code == 4 and "\nrecorded as entry" in first.stdout
    assert "150 of 190, drawn by key 0" in first.stdout
    arguments = ("audit", "contamination", "crawl@1", "--sample", "150")
    again = headwater("--ledger", "h.db", "--json", *arguments)
    data = json.loads(again.stdout)
    assert again.code == 4 and data["new"] is False and len(data["to_review"]) == 100
    assert data["calibration"]["name"] == "own@1"
    rows = "\n".join(f"{name},human" for name in data["to_review"])
    Path("reviews.csv").write_text(f"document,decision\n{rows}\n")
    ran = headwater("--ledger", "h.db", *arguments, "--reviews", "reviews.csv")
    assert ran.code == 0 and "100 decisions of people folded in" in ran.stdout
    ran = headwater("--ledger", "h.db", "verify")
    assert ran.code == 0
