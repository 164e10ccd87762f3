"""The tables of the mapping, on the page and in the format, are the code's."""

import re
from pathlib import Path

import pytest

from ledger.provenance.conventions import conventions, writers
from ledger.provenance.vocabularies import ASSISTANCE, Known, find_vocabulary
from ledger.provenance.vocabularies.iptc import BASE

COLUMNS = ("w3c", "iptc", "c2pa", "trailer", "agent-trace", "ai-disclosure-header")
ROWS = {"W3C": "w3c", "IPTC": "iptc", "IETF AI-Disclosure": "ai-disclosure-header",
        "trailer": "trailer", "Agent Trace": "agent-trace"}  # fmt: skip


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _said(name: str, assistance: str) -> str:
    label = "synthetic_known" if assistance in ("A2", "A3", "A4") else "human_unverified"
    known = Known(label, "declared", assistance, "crawled", None)
    return (find_vocabulary(name).say(known).term or "").removeprefix(BASE)


def test_the_page_maps_otherwise(root: Path) -> None:
    page = (root / "docs" / "conventions.md").read_text(encoding="utf-8")
    rows = {
        line[3:5]: _cells(line) for line in page.splitlines() if re.match(r"\| `A[0-4X]`", line)
    }
    assert tuple(rows) == ASSISTANCE
    for assistance, cells in rows.items():
        expected = [_said(name, assistance) for name in COLUMNS]
        assert [cell.strip("`") for cell in cells[1:]] == expected, assistance


def test_the_format_maps_otherwise(root: Path) -> None:
    text = (root / "schemas" / "FORMAT.md").read_text(encoding="utf-8")
    section = text.partition("\n## 25. ")[2].partition("\n## 26. ")[0]
    seen = set()
    for line in section.splitlines():
        cells = _cells(line)
        name = ROWS.get(cells[0].partition(" (")[0])
        if name is not None and len(cells) == 7:
            seen.add(name)
            expected = [_said(name, assistance) for assistance in ASSISTANCE[:5]]
            assert [cell.strip("`") for cell in cells[1:6]] == expected, name
    assert seen == set(ROWS.values())


@pytest.mark.parametrize("where", ["docs/conventions.md", "schemas/FORMAT.md"])
def test_a_convention_is_not_in_the_table(root: Path, where: str) -> None:
    text = (root / where).read_text(encoding="utf-8")
    if where.startswith("schemas"):
        text = text.partition("\n## 25. ")[2].partition("\n## 26. ")[0]
    rows = {_cells(line)[0].strip("`"): _cells(line) for line in text.splitlines() if "| `" in line}
    for name in conventions():
        assert name in rows, name
        if where.startswith("docs"):
            written = rows[name][3].startswith(("yes", "by", "from"))
            assert written or name not in writers(), name
