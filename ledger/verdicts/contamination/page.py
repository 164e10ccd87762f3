"""What an estimate says, in words: one page, and the same as JSON values.

The first sentences are the project's own and say what is known, what is not and what is missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import printable
from ledger.verdicts.contamination.estimate import Contamination, ppm_down, ppm_up
from ledger.verdicts.contamination.periods import PeriodShare, sparkline
from ledger.verdicts.contamination.sampling import Stratum
from ledger.verdicts.outcomes import GATE_ESTIMATE, GATE_UPPER, PREVALENCE_WORDS
from ledger.verdicts.statistics.prevalence import Estimate

__all__ = [
    "THRESHOLD",
    "Context",
    "bar",
    "drawn_words",
    "failure",
    "interval",
    "page",
    "percent",
    "percent_up",
    "plain",
    "scale_top",
    "sentences",
    "threshold",
]

THRESHOLD = "threshold reported by Moveo AI; not a legal limit"
MISSED = "Paraphrased, back-translated and base-model text is mostly missed."

_LABEL = 15  # columns
_CELLS = 60
_LEAST_TOP = 0.4  # of the scale of a bar
_STRATA = 8


@dataclass(frozen=True)
class Context:
    """What an estimate is about. `what` and `calibration` name it; `rows` are said as given.

    `dated_by` says whose word the dates of older documents are.
    """

    what: str
    calibration: str
    drawn: str
    rows: Sequence[tuple[str, str]]
    dated_by: str = "checked evidence"
    periods: Sequence[PeriodShare] = ()


def percent(share: float) -> str:
    """One digit after the point, as 12.3."""
    return f"{100 * share:.1f}"


def percent_up(share: float) -> str:
    """As percent, rounded up from what is recorded: of an estimate, the weaker claim.

    So no number is printed at its limit while it exceeds it, and a certificate says the same.
    """
    return f"{-(-ppm_up(share) // 1000) / 10:.1f}"


def interval(estimate: Estimate) -> str:
    """Its ends in percent, each rounded outwards."""
    return f"[{ppm_down(estimate.low) // 1000 / 10:.1f}, {percent_up(estimate.high)}]"


def threshold(found: Contamination) -> str:
    """Whose limits these are: only the reported ones are called that."""
    if (found.level, found.upper_level) == (GATE_ESTIMATE, GATE_UPPER):
        return THRESHOLD
    return f"limits as given; 10 to 25 % is a {THRESHOLD}"


def sentences(found: Contamination, calibration: str) -> list[str]:
    """What is said of every estimate, wherever it is shown."""
    counts, estimate = found.counts, found.estimate
    said = [
        f"Of {counts.documents:,} documents, {counts.measurable:,} could be measured.",
        f"An estimated {percent_up(estimate.point)} % {interval(estimate)} of those resemble AI "
        f"text of calibration {printable(calibration)}.",
        MISSED,
        f"If every unmeasured document were AI: up to {percent_up(found.bound)} %.",
    ]
    if not estimate.informative:
        said.append("These scores do not tell the two samples apart: the interval says nothing.")
    elif not estimate.low:
        said.append(f"The interval reaches 0: read it as at most {percent_up(estimate.high)} %.")
    return said


def page(found: Contamination, context: Context) -> list[str]:
    """The page, a line each."""
    compared = found.compared
    lines = [f"{printable(context.what)}: how much of it resembles AI text", ""]
    lines += [*sentences(found, context.calibration), "", *bar(found), ""]
    rows = [
        ("measured", f"English prose of {PREVALENCE_WORDS} words or more; {context.drawn}"),
        ("not measured", _reasons(found.counts.unmeasured)),
    ]
    if found.counts.known:
        known = f"{_many(found.counts.known, 'document')} existed before, by {context.dated_by}"
        rows += [
            ("known", known),
            (
                "",
                f"not measured; in the {percent_up(found.bound)} %, which "
                f"are of all {found.counts.documents:,}, they count as no AI text",
            ),
        ]
    rows += [
        ("method", _method(found.estimate)),
        ("second", f"{found.mixture.method}: {percent_up(found.mixture.point)} % "
                   f"{interval(found.mixture)}"),
        ("human text", _human(found)),
    ]  # fmt: skip
    if not compared.own:
        rows.append(("", "what differs between that text and this is not in the interval"))
    rows += [*context.rows, ("limits", _limits(found)), ("", threshold(found))]
    return lines + [_row(name, value) for name, value in rows] + _moved(context.periods)


def failure(found: Contamination) -> tuple[str, str | None]:
    """What is refused, and what would decide, of an estimate that did not pass."""
    estimate = found.estimate
    if not estimate.informative:
        return "the scores do not tell AI samples from this human text, expected an estimate", None
    if "estimate" in found.exceeded:
        said = f"estimate {percent_up(estimate.point)} %, expected at most {_limit(found.level)} %"
        return said, None
    said = (
        f"upper end {percent_up(estimate.high)} %, expected at most {_limit(found.upper_level)} %"
    )
    return said, None if found.needed is None else found.needed.words


def bar(found: Contamination) -> list[str]:
    """A line of cells from 0 on: `█` the estimate, `▒` its interval, and the limits below."""
    estimate, top = found.estimate, scale_top(found)

    def cell(share: float) -> int:
        return min(int(share / top * _CELLS), _CELLS - 1)

    cells = ["·"] * _CELLS
    low, high = cell(estimate.low), cell(estimate.high)
    cells[low : high + 1] = "▒" * (high - low + 1)
    cells[cell(estimate.point)] = "█"
    marks, labels = [" "] * _CELLS, [" "] * _CELLS
    _put(labels, 0, "0")
    _put(labels, _CELLS, f"{_limit(top)} %")
    for share in (found.level, found.upper_level):
        marks[cell(share)] = "▲"
        _put(labels, cell(share), f"{_limit(share)} %")
    return [line.rstrip() for line in ("".join(cells), "".join(marks), "".join(labels))]


def _put(cells: list[str], at: int, text: str) -> None:
    """Write a label, moved to where it ends inside, unless it would touch another."""
    at = min(at, len(cells) - len(text))
    if not "".join(cells[max(at - 1, 0) : at + len(text) + 1]).strip():
        cells[at : at + len(text)] = text


def scale_top(found: Contamination) -> float:
    """Where a scale ends on which the interval and both limits lie: a whole tenth."""
    return min(max(_LEAST_TOP, _tenth_above(max(found.estimate.high, found.upper_level))), 1.0)


def plain(found: Contamination) -> dict[str, Any]:
    """The estimate as JSON values; shares from 0 to 1, to six digits."""
    counts, estimate, mixture = found.counts, found.estimate, found.mixture
    needed = found.needed
    return {
        "documents": counts.documents,
        "measurable": counts.measurable,
        "known_human": counts.known,
        "unmeasured": dict(counts.unmeasured),
        "sampled": found.sampled,
        "estimate": _share(estimate.point),
        "low": _share(estimate.low),
        "high": _share(estimate.high),
        "bound": _share(found.bound),
        "method": estimate.method,
        "informative": estimate.informative,
        "cut": round(estimate.cut, 6),
        "flagged": estimate.flagged,
        "human": estimate.m_human,
        "human_above": estimate.human_above,
        "ai": estimate.m_ai,
        "ai_above": estimate.ai_above,
        "reviewed": estimate.reviewed,
        "human_source": found.compared.source,
        "own_source": found.compared.own,
        "mixture": {
            "method": mixture.method,
            "estimate": _share(mixture.point),
            "low": _share(mixture.low),
            "high": _share(mixture.high),
        },
        "level": _share(found.level),
        "upper_level": _share(found.upper_level),
        "gate": "passed" if found.passed else "failed",
        "exceeded": list(found.exceeded),
        "needed": None
        if needed is None
        else {"sampled": needed.sampled, "human": needed.human, "own": needed.own},
        "threshold": threshold(found),
    }


def drawn_words(
    sampled: int, measurable: int, seed: int, by: str, strata: Sequence[Stratum]
) -> str:
    """How documents were drawn."""
    if sampled == measurable:
        return f"all {measurable:,}"
    said = f"{sampled:,} of {measurable:,}, drawn by key {seed}"
    if by == "none":
        return said
    named = [f"{item.name} {item.drawn:,} of {item.documents:,}" for item in strata[:_STRATA]]
    more = f" and {len(strata) - _STRATA:,} more" if len(strata) > _STRATA else ""
    return f"{said} by {by}: {', '.join(named)}{more}"


def _moved(periods: Sequence[PeriodShare]) -> list[str]:
    """The share by period, the oldest first, and its shape on a scale of the bar's least top."""
    if not periods:
        return []
    shares = [item.estimate.point for item in periods]
    top = max(_LEAST_TOP, *shares)
    rows = [
        _row(
            item.period,
            f"{percent_up(item.estimate.point):>5} % {interval(item.estimate)} of "
            f"{_many(item.estimate.n, 'measured document')}",
        )
        for item in periods
    ]
    shape = _row("by period", f"{sparkline(shares, top)}  from 0 to {_limit(top)} %")
    return ["", shape, *rows]


def _method(estimate: Estimate) -> str:
    said = (
        f"{estimate.method}: {estimate.flagged:,} of {estimate.n:,} score above "
        f"{estimate.cut:.3f}, as {estimate.human_above:,} of {estimate.m_human:,} human and "
        f"{estimate.ai_above:,} of {estimate.m_ai:,} AI documents do"
    )
    if estimate.reviewed:
        said += f"; {_many(estimate.reviewed, 'decision')} of people folded in"
    return said


def _human(found: Contamination) -> str:
    compared = found.compared
    source = printable(compared.source, 120)
    if compared.own:
        return f"{source}, text of what is measured"
    if compared.considered > 1:
        return (
            f"{source}, the most like AI samples of {compared.considered:,} known sources; "
            "the interval spans them all"
        )
    return f"{source}, not text of what is measured"


def _limits(found: Contamination) -> str:
    said = f"estimate at most {_limit(found.level)} %, upper end {_limit(found.upper_level)} %"
    if found.passed:
        return f"{said}: passed"
    failed = " and ".join(part.replace("_", " ") for part in found.exceeded)
    needed = f"; {found.needed.words}" if found.needed is not None else ""
    return f"{said}: failed, by the {failed}{needed}"


def _reasons(unmeasured: Mapping[str, int]) -> str:
    parts = [f"{number:,} {name.replace('_', ' ')}" for name, number in sorted(unmeasured.items())]
    return " · ".join(parts) or "none"


def _limit(share: float) -> str:
    return f"{100 * share:.6g}"


def _tenth_above(share: float) -> float:
    return -(-round(share * 1000) // 100) / 10


def _share(share: float) -> float:
    return round(share, 6)


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _row(name: str, value: str) -> str:
    return f"{name:{_LABEL}}{value}".rstrip()
