"""The strata of a manifest as one SVG drawing: what was wanted of each, and what was reached.

It says in words what it shows and needs no colour. Text from outside is escaped; nothing in it runs
or is fetched.
"""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from ledger.corpus.atomic import whole_file
from ledger.errors import printable
from ledger.manifests.statement import Statement
from ledger.manifests.words import above_lines, percent

__all__ = ["svg", "write_plot"]

_WIDTH, _MARGIN, _LEFT, _RIGHT = 760, 40, 330, 620  # bars lie between the last two
_TOP, _ROW, _LINE = 96, 24, 18  # pixels
_SHOWN = 40
_LETTERS = 46
_STYLE = """\
:root { color-scheme: light dark; }
svg { --ink: #1d2326; --soft: #5d686c; --line: #d9dedf; --paper: #fff; --accent: #14545c; }
@media (prefers-color-scheme: dark) {
svg { --ink: #e6eaeb; --soft: #a3aeb2; --line: #3a4447; --paper: #14191b; --accent: #7fc3cb; } }
text { font: 12px "Inter", "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: var(--ink); }
.title { font-size: 15px; font-weight: 600; } .soft { fill: var(--soft); }
.sheet { fill: var(--paper); } .reached { fill: var(--accent); }
.axis { stroke: var(--line); fill: none; }
.wanted { stroke: var(--ink); stroke-width: 2; fill: none; }"""


def svg(statement: Statement, strata: Mapping[str, Any]) -> str:
    """The drawing: the strata with the greatest shares, reached or wanted, first."""
    rows = sorted(
        strata["strata"],
        key=lambda row: (-max(row["achieved_ppm"], row["target_ppm"]), row["values"]),
    )
    drawn, left = rows[:_SHOWN], rows[_SHOWN:]
    top = max((max(row["achieved_ppm"], row["target_ppm"]) for row in drawn), default=0) or 1
    title = f"{statement.reference}: shares of {statement.unit} by {', '.join(strata['axes'])}"
    said = [
        above_lines(statement)[0],
        "Bars: the share reached. Upright lines: the share wanted before bounds were kept.",
    ]
    if left:
        rest = sum(row["achieved_ppm"] for row in left)
        said.append(f"{len(left):,} more strata, {percent(rest)} together, are not drawn.")
    body = [f'<text class="title" x="{_MARGIN}" y="30">{_words(title, 90)}</text>']
    body += [
        f'<text class="soft" x="{_MARGIN}" y="{30 + (at + 1) * _LINE}">{_words(line, 110)}</text>'
        for at, line in enumerate(said)
    ]
    for number, row in enumerate(drawn):
        body += _bar(row, _TOP + number * _ROW, top)
    base = _TOP + len(drawn) * _ROW
    body.append(f'<path class="axis" d="M{_LEFT} {_TOP - 4}V{base}"/>')
    height = base + 24
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="mix-title mix-desc"><title id="mix-title">{_words(title, 200)}'
        f'</title><desc id="mix-desc">{_words(" ".join(said), 2000)}</desc>'
        f"<style>{_STYLE}</style>"
        f'<rect class="sheet" width="{_WIDTH}" height="{height}"/>{"".join(body)}</svg>\n'
    )


def write_plot(path: Path, statement: Statement, strata: Mapping[str, Any]) -> None:
    """Draw the strata into a file, whole or not at all. Raises StorageError."""
    with whole_file(path) as file:
        file.write(svg(statement, strata).encode())


def _bar(row: Mapping[str, Any], height: int, top: int) -> list[str]:
    reached, wanted = (_across(row[name], top) for name in ("achieved_ppm", "target_ppm"))
    name = _words(", ".join(row["values"]), _LETTERS)
    said = f"{percent(row['achieved_ppm'])} ({percent(row['target_ppm'])})"
    return [
        f'<text x="{_LEFT - 8}" y="{height + 13}" text-anchor="end">{name}</text>',
        f'<rect class="reached" x="{_LEFT}" y="{height + 3}" width="{reached - _LEFT:.1f}" '
        f'height="12"/>',
        f'<path class="wanted" d="M{wanted:.1f} {height}V{height + 18}"/>',
        f'<text x="{_RIGHT + 12}" y="{height + 13}">{said}</text>',
    ]


def _across(ppm: int, top: int) -> float:
    return _LEFT + (_RIGHT - _LEFT) * ppm / top


def _words(text: str, limit: int) -> str:
    return escape(printable(text, limit))
