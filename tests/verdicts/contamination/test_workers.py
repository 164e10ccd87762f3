"""With the detector that ships: workers find what one process finds."""

import json
from datetime import date
from pathlib import Path

import pytest

from ledger.verdicts.calibration.human import Dated
from ledger.verdicts.calibration.make import calibrate
from ledger.verdicts.contamination.dataset import Settings, audit_contamination
from ledger.verdicts.contamination.folder import audit_folder
from tests.verdicts.scanning.making import HUMAN, add, draw, ledger

OLDER, NEWER = draw(110, HUMAN, 1), draw(60, HUMAN, 2)


def test_workers_find_something_else_in_a_folder(own_place: Path) -> None:
    Path("docs").mkdir()
    for name, rows, day in (("a", OLDER, "2020-01-01"), ("b", NEWER, "2024-01-01")):
        lines = "".join(json.dumps({"text": row, "date": day}) + "\n" for row in rows)
        Path(f"docs/{name}.jsonl").write_text(lines)
    Path("docs/c.txt").write_text("too short")
    one, two = (
        audit_folder(Path("docs"), since=date(2023, 9, 1), workers=workers) for workers in (1, 2)
    )
    assert one.found.sampled == 60 and one.human == 110
    assert (two.found, two.calibration) == (one.found, one.calibration)


def test_workers_find_something_else_in_a_dataset(
    own_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for workers in (1, 2):
        place = own_place / str(workers)
        place.mkdir()
        monkeypatch.chdir(place)
        monkeypatch.setenv("HEADWATER_CONFIG", str(place / "config"))
        with ledger() as log:
            add(log, "crawl@1", OLDER, dated=True)
            add(log, "crawl@1", NEWER[:30])
            add(log, "crawl@1", NEWER[30:])
            calibrate(log, "own", ["crawl@1"], dated=Dated("2021-01-01"), workers=workers)
            settings = Settings(sample=40, seed=9, stratify="source")
            found.append(audit_contamination(log, "crawl@1", settings, workers=workers))
    one, two = found
    assert one.found == two.found and one.results == two.results
    assert one.to_review == two.to_review and one.root == two.root
