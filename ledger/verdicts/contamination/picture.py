"""An estimate as one SVG drawing: its interval beside the limits, by period where there are some.

It says in words what it shows and needs no colour. Text from outside is escaped; nothing in it runs
or is fetched.
"""

from collections.abc import Sequence
from html import escape
from textwrap import wrap

from ledger.errors import printable
from ledger.verdicts.contamination.estimate import Contamination
from ledger.verdicts.contamination.page import (
    Context,
    interval,
    percent_up,
    scale_top,
    sentences,
    threshold,
)
from ledger.verdicts.statistics.prevalence import Estimate

__all__ = ["svg"]

_WIDTH, _MARGIN, _LEFT, _RIGHT = 720, 40, 130, 560  # the plot lies between the last two
_TOP, _ROW, _LINE, _LETTERS = 88, 30, 18, 100  # pixels, pixels, pixels of text, letters in a line
_PERIODS = 40

_STYLE = """\
:root { color-scheme: light dark; }
svg { --ink: #1d2326; --soft: #5d686c; --line: #d9dedf; --paper: #fff; --accent: #14545c; }
@media (prefers-color-scheme: dark) {
svg { --ink: #e6eaeb; --soft: #a3aeb2; --line: #3a4447; --paper: #14191b; --accent: #7fc3cb; } }
text { font: 12px "Inter", "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: var(--ink); }
.title { font-size: 15px; font-weight: 600; } .soft { fill: var(--soft); }
.sheet { fill: var(--paper); } .point { fill: var(--accent); }
.axis { stroke: var(--line); fill: none; }
.limit { stroke: var(--soft); stroke-dasharray: 4 3; fill: none; }
.ends { stroke: var(--accent); stroke-width: 2; fill: none; }"""


def svg(found: Contamination, context: Context) -> str:
    """The drawing. `context` holds untrusted text: names of datasets, paths and periods."""
    title = f"{context.what}: how much of it resembles AI text"
    lines = (*sentences(found, context.calibration), f"Limits: {threshold(found)}.")
    said = [part for line in lines for part in wrap(line, _LETTERS)]
    rows = [
        ("estimate", found.estimate),
        ("second method", found.mixture),
        *((item.period, item.estimate) for item in context.periods[-_PERIODS:]),
    ]
    top = max(scale_top(found), *(estimate.high for _, estimate in rows))
    base = _TOP + len(rows) * _ROW
    body = [f'<text class="title" x="{_MARGIN}" y="30">{_words(title, 80)}</text>']
    body += _axis(top, base, found)
    for number, (name, estimate) in enumerate(rows):
        body += _drawn(name, estimate, _TOP + number * _ROW + _ROW // 2, top)
    below = base + 48
    body += [
        f'<text class="{"soft" if number else "said"}" x="{_MARGIN}" y="{below + number * _LINE}">'
        f"{_words(line, 200)}</text>"
        for number, line in enumerate(said)
    ]
    height = below + len(said) * _LINE + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="share-title share-desc"><title id="share-title">{_words(title, 200)}'
        f'</title><desc id="share-desc">{_words(" ".join(said), 2000)}</desc>'
        f"<style>{_STYLE}</style>"
        f'<rect class="sheet" width="{_WIDTH}" height="{height}"/>{"".join(body)}</svg>\n'
    )


def _axis(top: float, base: int, found: Contamination) -> Sequence[str]:
    parts = [f'<path class="axis" d="M{_LEFT} {base}H{_RIGHT}"/>']
    for share in (0.0, top):
        parts.append(_label(share, _across(share, top), base + 16, "soft"))
    limits = (found.level, "estimate", 12), (found.upper_level, "upper end", 28)
    for share, what, above in limits:  # one label higher than the other, so that both can be read
        across = _across(share, top)
        parts.append(f'<path class="limit" d="M{across:.1f} {_TOP - above + 4}V{base}"/>')
        parts.append(_label(share, across, _TOP - above, "soft", f"{what} at most "))
    return parts


def _drawn(name: str, estimate: Estimate, height: int, top: float) -> Sequence[str]:
    low, high = _across(estimate.low, top), _across(estimate.high, top)
    said = f"{percent_up(estimate.point)} % {interval(estimate)}"
    return (
        f'<text x="{_LEFT - 8}" y="{height + 4}" text-anchor="end">{_words(name, 24)}</text>',
        f'<path class="ends" d="M{low:.1f} {height - 5}V{height + 5}M{low:.1f} {height}H{high:.1f}'
        f'M{high:.1f} {height - 5}V{height + 5}"/>',
        f'<circle class="point" cx="{_across(estimate.point, top):.1f}" cy="{height}" r="4"/>',
        f'<text x="{_RIGHT + 12}" y="{height + 4}">{said}</text>',
    )


def _label(share: float, across: float, height: int, style: str, before: str = "") -> str:
    return (
        f'<text class="{style}" x="{across:.1f}" y="{height}" text-anchor="middle">'
        f"{before}{100 * share:.4g} %</text>"
    )


def _across(share: float, top: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * min(share / top, 1.0)


def _words(text: str, limit: int) -> str:
    return escape(printable(text, limit))
