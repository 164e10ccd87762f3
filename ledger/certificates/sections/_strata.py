"""The strata of a manifest on the page: a picture of what was wanted and reached, and a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.certificates.markup import LONGEST_TABLE, count, many, percent, plain_percent, text
from ledger.certificates.markup import words as html
from ledger.errors import printable

__all__ = ["STRATUM", "strata_picture", "strata_table"]

STRATUM = {
    "achieved_ppm": int,
    "documents": int,
    "given": int,
    "selected": int,
    "target_ppm": int,
    "units": int,
    "values": [str],
}
"""What the certificate repeats of a row of strata.json."""

_DRAWN = 12
_WIDTH, _LEFT, _RIGHT = 680, 250, 560  # bars lie between the last two
_TOP, _ROW = 6, 22
_LETTERS = 34


def strata_picture(strata: Sequence[Mapping[str, Any]], unit: str) -> str:
    """A bar a stratum for the share reached, an upright line for the share wanted."""
    drawn = strata[:_DRAWN]
    top = max((max(_shares(row)) for row in drawn), default=0) or 1
    said = "; ".join(
        f"{_name(row)}: reached {plain_percent(reached)}, wanted {plain_percent(wanted)}"
        for row in drawn
        for reached, wanted in (_shares(row),)
    )
    body = "".join(_bar(row, _TOP + place * _ROW, top) for place, row in enumerate(drawn))
    height = _TOP + len(drawn) * _ROW + 6
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-labelledby="strata-title strata-desc"><title id="strata-title">Share of '
        f'{html(unit)} of each stratum: reached and wanted</title><desc id="strata-desc">'
        f"{html(said)}.</desc>{body}</svg>"
        "<p>Bars: the share reached. Upright lines: the share wanted, before bounds were kept."
        + (f" The {many(_DRAWN)} greatest are drawn." if len(strata) > _DRAWN else "")
        + "</p>"
    )


def strata_table(strata: Sequence[Mapping[str, Any]], axes: Sequence[str], unit: str) -> str:
    """A row a stratum, in the order given; the last ones fold into one."""
    shown = strata if len(strata) <= LONGEST_TABLE else strata[: LONGEST_TABLE - 1]
    body = [_cells(text(_name(row)), row) for row in shown]
    rest = strata[len(shown) :]
    if rest:
        merged = {
            name: sum(count(row, name) for row in rest)
            for name, kind in STRATUM.items()
            if kind is int
        }
        label = f"{many(len(rest))} more strata, listed in certificate.json"
        body.append(_cells(f'<span class="unknown">{label}</span>', merged))
    heads = "".join(
        f'<th scope="col" class="n">{head}</th>'
        for head in ("There are", "Selected", f"In an epoch ({html(unit)})", "Wanted", "Reached")
    )
    return (
        f'<table class="strata"><caption>Strata</caption><thead><tr><th scope="col">'
        f"{text(', '.join(axes))}</th>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )


def _cells(first: str, row: Mapping[str, Any]) -> str:
    numbers = [many(count(row, name)) for name in ("documents", "selected", "units")]
    numbers += [percent(count(row, name)) for name in ("target_ppm", "achieved_ppm")]
    cells = "".join(f'<td class="n">{number}</td>' for number in numbers)
    return f'<tr><th scope="row">{first}</th>{cells}</tr>\n'


def _bar(row: Mapping[str, Any], y: int, top: int) -> str:
    reached, wanted = (
        (_RIGHT - _LEFT) * min(share, top) / top for share in _shares(row)
    )  # in pixels
    label = html(printable(_name(row), _LETTERS))
    said = f"{percent(_shares(row)[0])} ({percent(_shares(row)[1])})"
    return (
        f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{label}</text>'
        f'<rect class="track" x="{_LEFT}" y="{y + 3}" width="{_RIGHT - _LEFT}" height="12"/>'
        f'<rect class="solid" x="{_LEFT}" y="{y + 3}" width="{reached:.2f}" height="12"/>'
        f'<rect class="line" x="{_LEFT + wanted - 1:.2f}" y="{y}" width="2" height="18"/>'
        f'<text x="{_RIGHT + 8}" y="{y + 13}">{said}</text>'
    )


def _shares(row: Mapping[str, Any]) -> tuple[int, int]:
    return count(row, "achieved_ppm"), count(row, "target_ppm")


def _name(row: Mapping[str, Any]) -> str:
    return ", ".join(row["values"])
