"""A control chart as one SVG drawing: every batch's test, the running sum, what is held.

It says in words what it shows and needs no colour: held batches are diamonds, the others dots. Text
from outside is escaped; nothing in it runs or is fetched.
"""

from collections.abc import Callable, Sequence
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import printable
from ledger.verdicts.batches.page import notes, reason
from ledger.verdicts.statistics.tails import normal_quantile

if TYPE_CHECKING:
    from ledger.verdicts.batches.audit import Report
    from ledger.verdicts.batches.compare import Judged

__all__ = ["svg"]

_WIDTH, _LEFT, _RIGHT = 720, 64, 24
_TOP, _PLOT, _GAP, _LINE, _LETTERS = 68, 120, 46, 18, 100
_LISTED = 6
_MOST = 2_000  # batches drawn one by one

_STYLE = """\
:root { color-scheme: light dark; }
svg { --ink: #1d2326; --soft: #5d686c; --line: #d9dedf; --paper: #fff; --accent: #14545c; }
@media (prefers-color-scheme: dark) {
svg { --ink: #e6eaeb; --soft: #a3aeb2; --line: #3a4447; --paper: #14191b; --accent: #7fc3cb; } }
text { font: 12px "Inter", "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: var(--ink); }
.title { font-size: 15px; font-weight: 600; } .soft { fill: var(--soft); }
.sheet { fill: var(--paper); } .dot { fill: var(--soft); } .held { fill: var(--accent); }
.axis { stroke: var(--line); fill: none; }
.range { stroke: var(--line); stroke-width: 4; fill: none; }
.limit { stroke: var(--soft); stroke-dasharray: 4 3; fill: none; }
.curve { stroke: var(--accent); stroke-width: 1.5; fill: none; stroke-linejoin: round; }"""


def svg(report: "Report") -> str:
    """The drawing. Names of batches, datasets and paths in `report` are untrusted."""
    audited = report.audited
    judged = audited.judged[:_MOST]
    title = f"{report.what}: training batches beside known human text"
    panels = _panels(report, judged)
    body = [f'<text class="title" x="{_LEFT}" y="30">{_words(title, 80)}</text>']
    for number, panel in enumerate(panels):
        body += _drawn(_TOP + number * (_PLOT + _GAP), panel, judged)
    said = _sentences(report)
    below = _TOP + len(panels) * (_PLOT + _GAP) + 8
    body += [
        f'<text class="{"soft" if number else "said"}" x="{_LEFT}" y="{below + number * _LINE}">'
        f"{_words(line, 200)}</text>"
        for number, line in enumerate(said)
    ]
    height = below + len(said) * _LINE + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="chart-title chart-desc"><title id="chart-title">{_words(title, 200)}'
        f'</title><desc id="chart-desc">{_words(" ".join(said), 2000)}</desc>'
        f"<style>{_STYLE}</style>"
        f'<rect class="sheet" width="{_WIDTH}" height="{height}"/>{"".join(body)}</svg>\n'
    )


class _Panel(NamedTuple):
    """A row of values, one a batch; lines across at `limits`, a range each at `ranges`."""

    name: str
    values: Sequence[float | None]
    limits: Sequence[tuple[float, str]]
    ranges: Sequence[tuple[float, float] | None]


def _panels(report: "Report", judged: "Sequence[Judged]") -> list[_Panel]:
    audited, panels, none = report.audited, [], [None] * len(judged)
    if audited.overall is not None:
        level = normal_quantile(1 - report.asked.rules.alpha)
        values = [None if one.test is None else max(min(one.test.t, 99.0), -99.0) for one in judged]
        limits = [(0.0, "as human text"), (level, f"held above about {level:.2f}")]
        panels.append(_Panel("t of a batch's mean score", values, limits, none))
    if audited.drift is not None:
        h = audited.drift.threshold
        totals = [one.total for one in judged]
        panels.append(_Panel("running sum of drift", totals, [(h, f"alarm above {h:.2f}")], none))
    bits = [
        float(one.batch.windows["entropy"].mean()) if one.batch.size else None for one in judged
    ]
    ranges = [one.limits.get("entropy") for one in judged]
    panels.append(_Panel("entropy of windows, bits a token; a bar is the band", bits, [], ranges))
    return panels


def _sentences(report: "Report") -> list[str]:
    audited = report.audited
    held = audited.held
    lines = [f"{len(held):,} of {len(audited.judged):,} batches held for review (diamonds)."]
    lines += [f"{printable(one.batch.name, 60)}: {reason(one)}." for one in held[:_LISTED]]
    if len(held) > _LISTED:
        lines.append(f"And {len(held) - _LISTED:,} more.")
    if len(audited.judged) > _MOST:
        lines.append(f"Drawn: the first {_MOST:,} batches.")
    lines += [f"{line[0].upper()}{line[1:]}." for line in notes(report)]
    return [part for line in lines for part in wrap(line, _LETTERS)]


def _drawn(top: int, panel: _Panel, judged: "Sequence[Judged]") -> list[str]:
    values = panel.values
    every = [value for value in values if value is not None]
    every += [level for level, _ in panel.limits]
    every += [end for ends in panel.ranges if ends is not None for end in ends]
    low, high = min(every, default=0.0), max(every, default=1.0)
    room = 0.08 * (high - low) or 1.0
    low, high = low - room, high + room

    def down(value: float) -> float:
        return top + _PLOT * (high - value) / (high - low)

    parts = [
        f'<text x="{_LEFT}" y="{top - 8}">{_words(panel.name, 80)}</text>',
        f'<path class="axis" d="M{_LEFT} {top}V{top + _PLOT}H{_WIDTH - _RIGHT}"/>',
    ]
    for end in (low + room, high - room):
        parts.append(
            f'<text class="soft" x="{_LEFT - 6}" y="{down(end) + 4:.1f}" text-anchor="end">'
            f"{end:.3g}</text>"
        )
    for level, what in panel.limits:
        parts.append(f'<path class="limit" d="M{_LEFT} {down(level):.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(
            f'<text class="soft" x="{_WIDTH - _RIGHT}" y="{down(level) - 4:.1f}" '
            f'text-anchor="end">{_words(what, 60)}</text>'
        )
    for place, ends in enumerate(panel.ranges):
        if ends is not None:
            x = _across(place, len(values))
            parts.append(
                f'<path class="range" d="M{x:.1f} {down(ends[0]):.1f}V{down(ends[1]):.1f}"/>'
            )
    parts += _line(values, down)
    for place, (value, one) in enumerate(zip(values, judged, strict=True)):
        if value is not None:
            parts.append(_mark(_across(place, len(values)), down(value), one))
    first, last = f"batch {1:,}", f"{len(values):,}"
    parts.append(f'<text class="soft" x="{_LEFT}" y="{top + _PLOT + 16}">{first}</text>')
    parts.append(
        f'<text class="soft" x="{_WIDTH - _RIGHT}" y="{top + _PLOT + 16}" text-anchor="end">'
        f"{last}</text>"
    )
    return parts


def _line(values: Sequence[float | None], down: Callable[[float], float]) -> list[str]:
    points = " ".join(
        f"{_across(place, len(values)):.1f},{down(value):.1f}"
        for place, value in enumerate(values)
        if value is not None
    )
    return [f'<polyline class="curve" points="{points}"/>'] if " " in points else []


def _mark(x: float, y: float, one: "Judged") -> str:
    said = f"<title>{_words(one.batch.name, 80)}: {_words(reason(one), 300)}</title>"
    if one.held:
        return f'<path class="held" d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z">{said}</path>'
    return f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5">{said}</circle>'


def _across(place: int, count: int) -> float:
    wide = _WIDTH - _LEFT - _RIGHT - 20
    return _LEFT + 10 + (wide / 2 if count < 2 else wide * place / (count - 1))


def _words(text: str, limit: int) -> str:
    return escape(printable(text, limit))
