"""Pieces of the page: escaped text, numbers for people, tables with bars. Knows no section."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from ledger.errors import printable

__all__ = [
    "PATTERNS",
    "amounts_table",
    "count",
    "day",
    "many",
    "moment",
    "percent",
    "percent_up",
    "plain_percent",
    "plain_percent_up",
    "share_bar",
    "size",
    "stacked_bar",
    "text",
    "whole",
    "words",
]

LONGEST_TABLE = 24  # rows on the page; certificate.json holds them all
PPM = 1_000_000
_BAR_WIDTH, _BAR_HEIGHT, _BAR_TOP = 680, 34, 22

# Fills that differ without colour, defined once a page and named by every chart.
PATTERNS = """<svg class="defs" width="0" height="0" aria-hidden="true"><defs>
<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
 patternTransform="rotate(45)">
<rect width="6" height="6" class="paper"/><rect width="3" height="6" class="ink"/></pattern>
<pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse">
<rect width="6" height="6" class="paper"/><circle cx="3" cy="3" r="1.6" class="ink"/></pattern>
</defs></svg>"""


def text(value: object, limit: int = 200) -> str:
    """Untrusted text as HTML: escaped, invisible characters shown, its direction kept to itself."""
    return f"<bdi>{escape(printable(value, limit))}</bdi>"


def words(value: object) -> str:
    """A sentence as HTML, escaped and with invisible characters shown."""
    return escape(printable(value, 1000))


def count(section: Mapping[str, Any], name: str) -> int:
    """A whole number of a section that came from a file. Raises ValueError or KeyError."""
    value = section[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is not a count")
    return value


def whole(section: Mapping[str, Any], name: str) -> int:
    """A whole number of either sign, as count."""
    value = section[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} is not a whole number")
    return value


def many(number: int, noun: str = "") -> str:
    """A count with thousands marks, and its noun in the right number."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if noun else f"{number:,}"


def plain_percent(ppm: int) -> str:
    """Parts per million as a percentage, rounded down: 100 % is said of the whole alone."""
    return "< 0.1 %" if 0 < ppm < 1000 else f"{ppm // 10_000}.{ppm // 1000 % 10} %"


def percent(ppm: int) -> str:
    """As plain_percent, as HTML."""
    return escape(plain_percent(ppm))


def plain_percent_up(ppm: int) -> str:
    """Parts per million as a percentage, rounded up: of a limit or an upper end."""
    tenths = -(-ppm // 1000)
    return f"{tenths // 10}.{tenths % 10} %"


def percent_up(ppm: int) -> str:
    """As plain_percent_up, as HTML."""
    return escape(plain_percent_up(ppm))


def size(count: int) -> str:
    """Bytes in decimal units, rounded down to one decimal."""
    value, unit = count * 10, "bytes"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if value < 10_000:
            break
        value, unit = value // 1000, larger
    return f"{value // 10:,} bytes" if unit == "bytes" else f"{value // 10}.{value % 10} {unit}"


def moment(seconds: int) -> str:
    """Unix seconds as a UTC time; what no calendar holds stays a number."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} seconds after 1970-01-01 UTC"


def day(seconds: int) -> str:
    """Unix seconds as a UTC day; what no calendar holds stays a number."""
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return moment(seconds)


def share_bar(ppm: int, fill: str = "solid") -> str:
    """A small bar beside a printed percentage, which is why it needs no words of its own."""
    width = min(max(ppm, 0), PPM) / 10_000
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="10"/>'
        f'<rect class="{fill}" width="{width:g}" height="10"/></svg>'
    )


def stacked_bar(name: str, title: str, segments: Sequence[tuple[str, str, int, str]]) -> str:
    """One bar of the whole from (letter, words, ppm, fill): a picture that is told in words too.

    `name` begins the ids of its title and description, so it is unique on the page.
    """
    parts, said, left = [], [], 0.0
    for letter, meaning, share, fill in segments:
        ppm = min(share, PPM)
        width = ppm * _BAR_WIDTH / PPM
        said.append(f"{letter}: {words(meaning)}: {percent(ppm)}")
        parts.append(
            f'<rect class="{fill}" x="{left:.2f}" y="{_BAR_TOP}" '
            f'width="{max(width - 1.5, 0.75):.2f}" height="{_BAR_HEIGHT}"/>'
        )
        if width >= 14:
            label = f"{letter} {percent(ppm)}" if width >= 64 else letter
            parts.append(f'<text x="{left + 1:.2f}" y="{_BAR_TOP - 7}">{label}</text>')
        left += width
    return (
        f'<svg class="chart" viewBox="0 0 {_BAR_WIDTH} {_BAR_TOP + _BAR_HEIGHT}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{words(title)}</title>'
        f'<desc id="{name}-desc">{"; ".join(said)}.</desc>{"".join(parts)}</svg>'
    )


def amounts_table(
    caption: str,
    headings: Sequence[str],
    rows: Iterable[tuple[Sequence[str], Mapping[str, Any], str]],
    *,
    more: str = "rows",
    shape: str = "",
) -> str:
    """A table of (cells as HTML, shares as from View.shares, fill); the last rows fold into one.

    `shape` is a class of page.css.
    """
    body = []
    listed = list(rows)
    shown = listed if len(listed) <= LONGEST_TABLE else listed[: LONGEST_TABLE - 1]
    for cells, data, fill in shown:
        body.append(_row(cells, data, fill))
    rest = [data for _, data, _ in listed[len(shown) :]]
    if rest:
        merged = {name: sum(count(data, name) for data in rest) for name in _SHARES}
        label = f"{many(len(rest))} more {more}, listed in certificate.json"
        blanks = [""] * (len(headings) - 1)
        body.append(_row([f'<span class="unknown">{label}</span>', *blanks], merged, "solid"))
    kind = f' class="{shape}"' if shape else ""
    heads = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    return (
        f"<table{kind}><caption>{caption}</caption><thead><tr>{heads}"
        '<th scope="col" class="n">Documents</th><th scope="col" class="share">Share of documents'
        '</th><th scope="col" class="n">Share of text</th></tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


_SHARES = ("documents", "documents_ppm", "bytes_ppm")


def _row(cells: Sequence[str], data: Mapping[str, Any], fill: str) -> str:
    documents, share, bytes_share = (count(data, name) for name in _SHARES)
    first, *others = cells
    return (
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}'
        f'<td class="n">{many(documents)}</td>'
        f'<td class="share">{share_bar(share, fill)}<span>{percent(share)}</span></td>'
        f'<td class="n">{percent(bytes_share)}</td></tr>\n'
    )
