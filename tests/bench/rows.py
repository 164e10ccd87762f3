"""What a measurement comes to: a row, its floor, and how rows are printed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

__all__ = ["Row", "format_rows", "measured", "number", "paired", "size_words"]


@dataclass(frozen=True)
class Row:
    """One measurement. `at_least` and `at_most` are what the project promised; None: nothing."""

    name: str
    ratio: float
    min: float
    max: float
    peer: str
    unit: str
    notes: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def verdict(self) -> str:
        """PASS, SHORT, or nothing where nothing was promised."""
        if self.at_least is None and self.at_most is None:
            return ""
        low = self.at_least is None or self.ratio >= self.at_least
        high = self.at_most is None or self.ratio <= self.at_most
        return "PASS" if low and high else "SHORT"

    @property
    def promise(self) -> str:
        """The floor or ceiling in figures."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"≤ {self.at_most:g}" if self.at_most is not None else ""

    def plain(self) -> dict[str, Any]:
        """The row as bench.json holds it."""
        names = ("name", "ratio", "min", "max", "peer", "unit", "notes")
        return {name: getattr(self, name) for name in names}


def paired(
    name: str,
    rates: Mapping[str, Sequence[float]],
    ours: str,
    peer: str,
    *,
    notes: str = "",
    unit: str = "/s",
    at_least: float | None = None,
) -> Row:
    """The ratio ours : peer of rates that were measured in turn; the k-th of one with the k-th
    of the other.
    """
    pairs = list(zip(rates[ours], rates[peer], strict=True))
    ratios = [a / b for a, b in pairs]
    said = (
        f"{len(pairs)} pair{'s' * (len(pairs) > 1)}; ours {number(median(rates[ours]))}{unit}, "
        f"peer {number(median(rates[peer]))}{unit}"
    )
    return Row(
        name,
        median(ratios),
        min(ratios),
        max(ratios),
        peer,
        "×",
        f"{said}; {notes}" if notes else said,
        at_least=at_least,
    )


def measured(
    name: str,
    values: Sequence[float],
    unit: str,
    notes: str = "",
    *,
    at_most: float | None = None,
) -> Row:
    """A measurement that has no peer."""
    said = f"{len(values)} run{'s' * (len(values) > 1)}"
    return Row(
        name,
        median(values),
        min(values),
        max(values),
        "",
        unit,
        f"{said}; {notes}" if notes else said,
        at_most=at_most,
    )


def number(value: float) -> str:
    """Three significant digits, thousands as k and millions as M."""
    rounded = float(f"{value:.3g}")
    for scale, suffix in ((1e6, " M"), (1e3, " k")):
        if abs(rounded) >= scale:
            return f"{_three(rounded / scale)}{suffix}"
    return _three(rounded)


def _three(value: float) -> str:
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def size_words(count: int) -> str:
    """A number of entries as a name has it: `100 k`, `2 M`."""
    return f"{count / 1e6:g} M" if count >= 1_000_000 else f"{count / 1e3:g} k"


def format_rows(rows: Iterable[Row]) -> str:
    """The table that people read, notes below each row."""
    lines = [f"{'':5} {'measured':>10} {'least–greatest':>21} {'promised':>9}  what"]
    for row in rows:
        span = f"{number(row.min)}–{number(row.max)}"
        head = f"{row.verdict:5} {f'{number(row.ratio)} {row.unit}':>10} {span:>21}"
        against = f" / {row.peer}" if row.peer else ""
        lines.append(f"{head} {row.promise:>9}  {row.name}{against}")
        lines.append(f"{'':50}{row.notes}")
    return "\n".join(lines)
