import json
import os
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger.corpus.readers._dates import one_date
from ledger.errors import InputError, UnknownNameError
from ledger.verdicts.contamination.dating import DatedBy
from ledger.verdicts.contamination.folder import FolderAudit, audit_folder
from ledger.verdicts.core.model import Model
from tests.verdicts.scanning.making import AI, FEW, HUMAN, draw, text

pytestmark = pytest.mark.usefixtures("asked")

SINCE = date(2023, 9, 1)
OLDER, NEWER, SYNTHETIC = draw(140, HUMAN, 1), draw(120, HUMAN, 2), draw(40, AI, 3)


def lines(path: str, rows: Sequence[str], day: str, **more: str) -> None:
    file = Path(path)
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(json.dumps({"text": row, "date": day} | more) + "\n" for row in rows))


def pages(folder: str, rows: Sequence[str], day: str, prefix: str = "") -> None:
    at = one_date(day)
    assert at is not None
    Path(folder).mkdir(exist_ok=True)
    for number, row in enumerate(rows):
        path = Path(folder) / f"{prefix}{number:03}.md"
        path.write_text(row)
        os.utime(path, (at, at))


def audit(path: str = "docs", **more: Any) -> FolderAudit:
    return audit_folder(Path(path), **({"since": SINCE, "workers": 1} | more))


@pytest.fixture
def docs(own_place: Path) -> None:
    lines("docs/old.jsonl", OLDER, "2021-04-05")
    lines("docs/new.jsonl", [*NEWER, *SYNTHETIC], "2024-02-03")


def test_a_folder_is_not_what_was_planted(docs: None, own_place: Path) -> None:
    before = sorted(path for path in own_place.rglob("*"))
    found = audit()
    counts, estimate = found.found.counts, found.found.estimate
    assert (counts.documents, counts.measurable, counts.known) == (300, 160, 140)
    assert estimate.low < 0.25 < estimate.high and abs(estimate.point - 0.25) < 0.07
    assert estimate.m_human == found.human == 140 and found.found.compared.own
    assert found.dated_by == {"before": {DatedBy.SOURCE: 140}, "after": {DatedBy.SOURCE: 160}}
    assert [(item.period, item.estimate.n) for item in found.periods] == [("2024", 160)]
    said = "\n".join(found.lines())
    assert "Of 300 documents, 160 could be measured." in said
    assert "documents dated before 2023-09-01, text of what is measured" in said
    assert "2024" in said and "by period" in said
    assert sorted(path for path in own_place.rglob("*")) == before
    json.dumps(found.data())


def test_the_order_or_division_of_files_decides(docs: None) -> None:
    first = audit(sample=100, seed=3)
    Path("again").mkdir()
    everything = [*((row, "2021-04-05") for row in OLDER),
                  *((row, "2024-02-03") for row in [*NEWER, *SYNTHETIC])]  # fmt: skip
    for number in range(7):
        rows = [{"text": row, "date": day} for row, day in everything[::-1][number::7]]
        Path(f"again/{number}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    again = audit("again", sample=100, seed=3)
    assert again.found == first.found and again.calibration == first.calibration
    assert again.periods == first.periods


def test_a_copy_of_older_text_is_new(own_place: Path) -> None:
    lines("docs/old.jsonl", OLDER, "2021-04-05")
    lines("docs/new.jsonl", [*NEWER, *OLDER[:60]], "2024-02-03")
    found = audit()
    assert (found.found.counts.documents, found.found.counts.measurable) == (260, 120)
    assert found.repeated == 60
    assert "60 older documents stand among the newer ones too" in "\n".join(found.lines())


def test_the_weakest_date_is_not_called_so(own_place: Path) -> None:
    pages("docs", OLDER, "2021-04-05")
    pages("docs", NEWER, "2024-02-03", "new")
    found = audit()
    assert found.dated_by == {
        "before": {DatedBy.FILE_TIME: 140}, "after": {DatedBy.FILE_TIME: 120},
    }  # fmt: skip
    said = "\n".join(found.lines())
    assert "140 by their file's modification time" in said
    assert "the weakest date: a copy or a checkout sets it anew" in said


def test_periods_are_dated_by_nobody_says_what(own_place: Path) -> None:
    """Without a day to divide at, periods still rest on dates, and the page says on which."""
    pages("old", OLDER, "2021-04-05")
    pages("docs", NEWER, "2024-02-03", "new")
    found = audit(since=None, human=Path("old"))
    assert [item.period for item in found.periods] == ["2024"]
    assert found.data()["dated_by"] == {"all": {"file_time": 120}}
    said = "\n".join(found.lines())
    assert "\ndated          120 by their file's modification time" in said
    assert "the weakest date: a copy or a checkout sets it anew" in said


def test_front_matter_and_names_date_nothing(own_place: Path) -> None:
    pages("docs", OLDER[:70], "2024-06-01", "2020-03-02-post-")
    pages("docs", [f"---\ndate: 2019-05-05\n---\n{row}" for row in OLDER[70:]], "2024-06-01", "b")
    pages("docs", NEWER, "2024-06-01", "c")
    found = audit()
    assert found.dated_by["before"] == {DatedBy.FILE_NAME: 70, DatedBy.FRONT_MATTER: 70}
    assert found.found.counts.measurable == 120


def test_a_folder_with_little_old_text_calibrates(own_place: Path) -> None:
    pages("docs", OLDER[:30], "2021-04-05")
    pages("docs", NEWER, "2024-02-03", "new")
    with pytest.raises(InputError) as error:
        audit()
    assert str(error.value) == (
        "docs: found 30 documents of 150 words or more from before 2023-09-01 (150 of 150 "
        "documents have no date but their file's), expected at least 100"
    )
    assert error.value.hint == (
        "--human PATH names known human text of the same kind; "
        'or map a date column in a dataset.toml there: columns = {claimed_at = "…"}'
    )
    rows = [{"text": row, "written": "2021-04-05"} for row in OLDER]
    Path("docs/old.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    described = 'channel = "licensed"\ncolumns = {claimed_at = "written"}\n'
    Path("docs/dataset.toml").write_text(described)
    assert audit().human == 140


def test_other_human_text_is_not_asked(own_place: Path) -> None:
    pages("docs", [*NEWER, *SYNTHETIC], "2024-02-03")
    lines("known/a.jsonl", [*OLDER, FEW[0], "short"], "2024-02-03")
    found = audit(since=None, human=Path("known"))
    assert (found.human, found.found.counts.measurable) == (140, 160)
    assert not found.found.compared.own and found.found.compared.source == "known"
    assert abs(found.found.estimate.point - 0.25) < 0.07
    lines("known/b.jsonl", NEWER[:5], "2024-02-03")
    with pytest.raises(InputError, match="found 5 documents that are to be measured too") as error:
        audit(since=None, human=Path("known"))
    named = sorted(sha256(row.encode()).hexdigest() for row in NEWER[:5])
    assert all(name in str(error.value) for name in named[:3])
    lines("few/a.jsonl", OLDER[:20], "2024-02-03")
    with pytest.raises(InputError, match=r"few: found 20 documents .* at least 100"):
        audit(since=None, human=Path("few"))


def test_what_a_folder_says_of_itself_is_not_read(docs: None) -> None:
    with pytest.raises(InputError, match="found no day from which its writers had AI tools"):
        audit(since=None)
    described = 'channel = "other_private"\nai_tools_since = 2023-09-01\n'
    Path("docs/dataset.toml").write_text(described)
    assert audit(since=None).found == audit().found
    assert audit(since=None).since == SINCE
    Path("docs/dataset.toml").write_text('channel = "none"\n')
    with pytest.raises(InputError, match=r"dataset\.toml"):
        audit()


def test_documents_that_cannot_be_measured_are(docs: None) -> None:
    others = [
        "",
        "one",
        "7 " * 400,
        "def f(x):\n    return {x: [1, 2, 3], 'y': (4, 5)};\n" * 80,
        " ".join(["Le renard brun saute par-dessus le chien paresseux et s'enfuit au loin."] * 20),
        "\x01\x02\u202e" * 300,
        "Ã©Ã¨Ã " * 200,
        FEW[1],
    ]
    lines("docs/others.jsonl", others, "2024-02-03")
    found = audit()
    assert found.found.counts.measurable == 160
    assert sum(found.found.counts.unmeasured.values()) + found.rejected == len(others)
    assert found.found.counts.unmeasured["in_training"] == 1
    assert found.rejected == 1 and "1 rows, the first docs/others.jsonl:1: " in "\n".join(
        found.lines()
    )


def test_nothing_is_measured(own_place: Path) -> None:
    Path("docs").mkdir()
    with pytest.raises(InputError, match="docs holds nothing to read"):
        audit()
    lines("docs/a.jsonl", ["too short", "too"], "2021-01-01")
    with pytest.raises(InputError, match="found 0 documents of 150 words or more from before"):
        audit()
    lines("docs/a.jsonl", OLDER, "2021-01-01")
    with pytest.raises(InputError, match="found 0 of 140 documents that can be measured"):
        audit()
    with pytest.raises(InputError, match="no such file"):
        audit("nowhere")
    Path("docs/a.jsonl").unlink()
    Path("docs/a.unheard").write_text("x")
    with pytest.raises(InputError, match="holds nothing to read"):
        audit()
    with pytest.raises(UnknownNameError, match="unknown kind of file"):
        audit("docs/a.unheard")


def test_a_hostile_name_obeys_itself(own_place: Path, asked: Model) -> None:
    name = "d\x1b[2J\u202eocs"
    lines(f"{name}/old.jsonl", OLDER, "2021-04-05")
    lines(f"{name}/new.jsonl", [*NEWER, ""], "2024-02-03")
    (Path(name) / "x.\x1b[0m").write_text("x")
    said = "\n".join(audit(name).lines())
    assert "\x1b" not in said and "\u202e" not in said
    assert r"d\x1b[2J\u202eocs" in said


def test_a_document_of_50_mb_takes_for_ever(docs: None) -> None:
    long = text(0, 77, 400).partition(" ends mark")[0]
    huge = " ".join([long] * (50_000_000 // len(long)))
    Path("docs/huge.txt").write_text(f"{huge} ends mark+2000.")
    at = one_date("2024-02-03")
    assert at is not None
    os.utime("docs/huge.txt", (at, at))
    found = audit()
    assert found.found.counts.measurable == 161
