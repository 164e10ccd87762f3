"""Where a mark lies in a text: a bar for the terminal, a drawing as SVG.

Both say in words what they show, and neither needs colour. What they say of a hit is what can be
said: consistent with a key, at a p-value; whoever can detect may be able to forge.
"""

import math
from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError, printable

__all__ = ["Point", "Span", "evidence_curve", "p_words", "svg", "terminal_bar"]


class Span(NamedTuple):
    """Tokens `start` to `end` (exclusive) of a text; `log_p` is the natural logarithm of its p."""

    start: int
    end: int
    log_p: float


class Point(NamedTuple):
    """The running evidence at a token, in powers of ten."""

    token: int
    height: float


_LN_10 = math.log(10)
_POINTS = 480
_LISTED = 6
_FULL, _PART, _NONE = "█", "▒", "·"

_WIDTH, _MARGIN = 720, 40
_TOP, _PLOT, _STRIP = 72, 150, 20
_LINE, _LETTERS = 18, 100  # pixels of a line of text, characters that fit in it

_STYLE = """\
:root { color-scheme: light dark; }
svg { --ink: #1d2326; --soft: #5d686c; --line: #d9dedf; --paper: #fff; --accent: #14545c; }
@media (prefers-color-scheme: dark) {
svg { --ink: #e6eaeb; --soft: #a3aeb2; --line: #3a4447; --paper: #14191b; --accent: #7fc3cb; } }
text { font: 12px "Inter", "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: var(--ink); }
.title { font-size: 15px; font-weight: 600; } .soft { fill: var(--soft); }
.sheet { fill: var(--paper); } .ink { fill: var(--accent); } .track { fill: var(--line); }
.band { fill: var(--accent); fill-opacity: .12; } .hatch { fill: url(#mark-hatch); }
.axis { stroke: var(--line); fill: none; } .edge { stroke: var(--accent); fill: none; }
.curve { stroke: var(--accent); stroke-width: 1.5; fill: none; stroke-linejoin: round; }"""
_HATCH = (
    '<defs><pattern id="mark-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="3" height="6" class="ink"/></pattern></defs>'
)


def p_words(log_p: float) -> str:
    """`p = 3.2e-14` from its natural logarithm, rounded up. Raises InputError for none of a p."""
    if not math.isfinite(log_p) or log_p > 0:
        raise InputError(f"found {log_p!r}, expected the logarithm of a probability")
    if log_p > math.log(0.001):
        return f"p = {math.ceil(round(math.exp(log_p) * 1000, 6)) / 1000:g}"
    exponent = math.floor(log_p / _LN_10)
    tenths = math.ceil(round(10 ** (log_p / _LN_10 - exponent + 1), 6))
    if tenths >= 100:
        tenths, exponent = 10, exponent + 1
    return f"p = {tenths // 10}.{tenths % 10}e{exponent}"


def evidence_curve(
    positions: npt.NDArray[np.int64], ratios: npt.NDArray[np.float64], points: int = _POINTS
) -> list[Point]:
    """The running evidence for a mark: it climbs where there is one and falls to zero elsewhere.

    `positions` are token positions of n scored units, ascending; `ratios` their log-likelihood
    ratios in nats. The height at a unit is the largest sum of ratios that ends there, or 0 (the
    cumulative sum test of Page, 1954), in powers of ten. Of many units the lowest and highest of
    each stretch are kept, at most `points`.
    """
    total = np.concatenate([[0.0], np.cumsum(ratios)])
    heights = (total - np.minimum.accumulate(total))[1:] / _LN_10
    if len(heights) <= points:
        chosen = np.arange(len(heights))
    else:
        edges = np.linspace(0, len(heights), points // 2 + 1).astype(np.int64)
        picked: list[int] = []
        for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            part = heights[low:high]
            picked += sorted({low + int(part.argmin()), low + int(part.argmax())})
        chosen = np.array(picked, np.int64)
    return [Point(int(positions[unit]), float(heights[unit])) for unit in chosen.tolist()]


def terminal_bar(tokens: int, spans: Sequence[Span], width: int = 72) -> str:
    """A text as one line of cells, with a scale and its spans in words below.

    A cell is `█` where half of its tokens or more are in a span, `▒` where any is, `·` elsewhere.
    Raises InputError for a span outside the text and for fewer than 8 columns.
    """
    if width < 8:
        raise InputError(f"{width} columns, expected at least 8")
    _check(tokens, spans)
    if not tokens:
        return "no tokens"
    width = min(width, tokens)
    edges = np.linspace(0, tokens, width + 1)
    covered = np.zeros(width)
    for span in spans:
        covered += np.clip(np.minimum(edges[1:], span.end) - np.maximum(edges[:-1], span.start), 0,
                           None)  # fmt: skip
    share = covered / (tokens / width)
    bar = "".join(_FULL if part >= 0.5 else _PART if part > 0 else _NONE for part in share.tolist())
    last = f"{tokens:,} tokens"
    scale = "0" + last.rjust(width - 1) if width > len(last) + 1 else f"0 to {last}"
    return "\n".join([bar, scale, *_listed(spans, exact=True)])


def svg(
    tokens: int,
    spans: Sequence[Span],
    curve: Sequence[Point],
    title: str,
    *,
    key: str,
    log_p: float,
    exact: bool = True,
    found: bool = True,
) -> str:
    """One drawing, by itself: the curve of running evidence, the spans below it, both in words.

    `title` and `key` are untrusted text: the document's name, and the mark's name (never key
    material). With `exact` false, for whoever must not learn what a detector of a non-public key
    says in detail, there is no curve and no p-value. With `found` false, for a p that decides
    nothing, the words say so. Raises InputError as `terminal_bar` does.
    """
    _check(tokens, spans)
    said = _sentences(tokens, spans, key, log_p, exact, found)
    body = [f'<text class="title" x="{_MARGIN}" y="30">{_words(title, 80)}</text>']
    top = _TOP
    if exact:
        body += _drawn_curve(tokens, spans, curve)
        top += _PLOT + 12
    body += _strip(tokens, spans, top)
    below = top + _STRIP + 40
    body += [
        f'<text class="{"soft" if number else "said"}" x="{_MARGIN}" y="{below + number * _LINE}">'
        f"{_words(line, 200)}</text>"
        for number, line in enumerate(said)
    ]
    height = below + len(said) * _LINE + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="mark-title mark-desc"><title id="mark-title">{_words(title, 200)}'
        f'</title><desc id="mark-desc">{_words(" ".join(said), 2000)}</desc>'
        f"<style>{_STYLE}</style>{_HATCH}"
        f'<rect class="sheet" width="{_WIDTH}" height="{height}"/>{"".join(body)}</svg>\n'
    )


def _check(tokens: int, spans: Sequence[Span]) -> None:
    if tokens < 0:
        raise InputError(f"{tokens} tokens, expected 0 or more")
    for number, span in enumerate(spans):
        if not 0 <= span.start < span.end <= tokens:
            raise InputError(
                f"span {number}: tokens {span.start} to {span.end} of {tokens}, "
                "expected a stretch within the text"
            )


def _listed(spans: Sequence[Span], *, exact: bool) -> list[str]:
    """The spans in words, the strongest first where there are many."""
    chosen = sorted(sorted(spans, key=lambda span: span.log_p)[:_LISTED])
    lines = [
        f"tokens {span.start:,} to {span.end:,}" + (f": {p_words(span.log_p)}" if exact else "")
        for span in chosen
    ]
    if len(spans) > len(chosen):
        lines.append(f"and {len(spans) - len(chosen):,} weaker ones")
    return lines


def _sentences(
    tokens: int, spans: Sequence[Span], key: str, log_p: float, exact: bool, found: bool
) -> list[str]:
    within = sum(span.end - span.start for span in spans)
    known = printable(key, 80)
    if not found:
        at = f": {p_words(log_p)}" if exact else ""
        lines = [f"Key {known} was not found{at}.", "That says nothing of who wrote the text."]
    else:
        at = f", {p_words(log_p)}, over the whole text and its parts" if exact else ""
        lines = [f"Consistent with key {known}{at}.", "Whoever can detect may be able to forge."]
    if spans:
        where = "where the mark lies" if found else "where it would lie; too weak to tell"
        lines.append(f"Hatched: {within:,} of {tokens:,} tokens, {where}.")
        lines += _listed(spans, exact=exact)
    else:
        lines.append(f"No part of the {tokens:,} tokens stands out by itself.")
    if exact:
        lines.append("Curve: evidence that adds up from token to token, in powers of ten.")
    return [part for line in lines for part in wrap(line, _LETTERS)]


def _drawn_curve(tokens: int, spans: Sequence[Span], curve: Sequence[Point]) -> list[str]:
    base = _TOP + _PLOT
    most = max([1.0, *(point.height for point in curve)])
    parts = [
        f'<rect class="band" x="{_across(span.start, tokens):.1f}" y="{_TOP}" '
        f'width="{_wide(span, tokens):.1f}" height="{_PLOT}"/>'
        for span in spans
    ]
    for part in (0.0, 0.5, 1.0):
        level = base - part * _PLOT
        parts.append(f'<path class="axis" d="M{_MARGIN} {level:.1f}H{_WIDTH - _MARGIN}"/>')
        parts.append(
            f'<text class="soft" x="{_MARGIN - 6}" y="{level + 4:.1f}" text-anchor="end">'
            f"{most * part:.3g}</text>"
        )
    if curve:
        places = " ".join(
            f"{_across(point.token, tokens):.1f},{base - point.height / most * _PLOT:.1f}"
            for point in curve
        )
        parts.append(f'<polyline class="curve" points="{places}"/>')
    return parts


def _strip(tokens: int, spans: Sequence[Span], top: int) -> list[str]:
    inner = _WIDTH - 2 * _MARGIN
    parts = [f'<rect class="track" x="{_MARGIN}" y="{top}" width="{inner}" height="{_STRIP}"/>']
    for span in spans:
        place = (
            f'x="{_across(span.start, tokens):.1f}" y="{top}" '
            f'width="{_wide(span, tokens):.1f}" height="{_STRIP}"'
        )
        parts.append(f'<rect class="hatch" {place}/><rect class="edge" {place}/>')
    line = top + _STRIP + 14
    parts.append(f'<text class="soft" x="{_MARGIN}" y="{line}">0</text>')
    parts.append(
        f'<text class="soft" x="{_WIDTH - _MARGIN}" y="{line}" text-anchor="end">'
        f"{tokens:,} tokens</text>"
    )
    return parts


def _across(token: int, tokens: int) -> float:
    return _MARGIN + (_WIDTH - 2 * _MARGIN) * token / max(tokens, 1)


def _wide(span: Span, tokens: int) -> float:
    """At least a pixel and a half: a short span in a long text stays visible."""
    return max(_across(span.end, tokens) - _across(span.start, tokens), 1.5)


def _words(text: str, limit: int) -> str:
    return escape(printable(text, limit))
