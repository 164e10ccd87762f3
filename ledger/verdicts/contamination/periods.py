"""A share by quarter, or by year: how it moved, where there are documents enough to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from ledger.verdicts.statistics.prevalence import Estimate, rogan_gladen

__all__ = ["LEAST", "PeriodShare", "by_period", "quarters", "sparkline"]

LEAST = 100
"""Measurable documents from which a period has a share of its own."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_STEPS = "▁▂▃▄▅▆▇█"
_LAST = 253_402_300_800  # the year 10000 in Unix seconds


@dataclass(frozen=True)
class PeriodShare:
    """The share of the documents dated in one period, such as `2024` or `2024 Q3`."""

    period: str
    estimate: Estimate


def by_period(
    scores: Floats, at: Ints, human_scores: Floats, ai_scores: Floats
) -> tuple[PeriodShare, ...]:
    """The share per period of n documents, `at` Unix seconds each; undated ones count in none.

    By quarter if two of them have LEAST documents, else by year; periods with fewer are left out.
    """
    kept = (at > -_LAST) & (at < _LAST)
    scores, seconds = scores[kept], at[kept]
    found = _shares(scores, quarters(seconds), human_scores, ai_scores)
    if len(found) >= 2:
        return found
    years = np.array([name[:4] for name in quarters(seconds)], np.str_)
    return _shares(scores, years, human_scores, ai_scores)


def quarters(seconds: Ints) -> npt.NDArray[np.str_]:
    """`2024 Q3` of each time, UTC."""
    days, where = np.unique(seconds // 86_400, return_inverse=True)
    dates = [datetime.fromtimestamp(day * 86_400, UTC) for day in days.tolist()]
    names = [f"{date.year:04} Q{(date.month + 2) // 3}" for date in dates]
    return np.array(names, np.str_)[where] if names else np.zeros(0, "<U7")


def sparkline(shares: Sequence[float], top: float) -> str:
    """A letter per share, the full block for `top` and above."""
    last = len(_STEPS) - 1
    return "".join(_STEPS[min(int(share / top * last + 0.5), last)] for share in shares)


def _shares(
    scores: Floats, names: npt.NDArray[np.str_], human_scores: Floats, ai_scores: Floats
) -> tuple[PeriodShare, ...]:
    found, counts = np.unique(names, return_counts=True)
    return tuple(
        PeriodShare(name, rogan_gladen(np.sort(scores[names == name]), human_scores, ai_scores))
        for name in found[counts >= LEAST].tolist()
    )
