"""What an audit of batches says: a page of text, and the same as JSON values."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ledger.errors import printable
from ledger.verdicts.batches.compare import FLOOR, LEAST_DOCUMENTS, Audited, Judged
from ledger.verdicts.batches.windows import LEAST_WINDOW
from ledger.verdicts.reference.vote import FLOOR_BITS
from ledger.verdicts.statistics.cusum import RUN_LENGTH
from ledger.verdicts.statistics.two_sample import BatchTest

if TYPE_CHECKING:
    from ledger.verdicts.batches.audit import Report

__all__ = ["batch_data", "notes", "plain", "reason", "rows", "sparkline", "summary"]

HEADERS = ("batch", "documents", "tokens", "bits", "t", "p", "drift", "action")

_NAMES: Mapping[str, str] = {
    "entropy": "entropy",
    "conditional_entropy": "conditional entropy",
    "distinct_2": "distinct 2-grams",
    "distinct_4": "distinct 4-grams",
    "tail_coverage": "tail coverage",
    "compression": "compression",
}
_BARS = "▁▂▃▄▅▆▇█"
_WIDE = 72
_SAID = 2  # measures that are told with their numbers


def reason(one: Judged) -> str:
    """In a sentence, why a batch is held or not."""
    parts = []
    for code in one.codes:
        if code == "scores_higher" and one.test is not None:
            parts.append(f"scores higher than {_named(one.tested)}, p = {_p(one.test.p)}")
        elif code == "drift":
            parts.append("scores have risen and stayed so, over this batch and those before it")
        elif code == "below_floor":
            parts.append(f"entropy {one.batch.entropy:.2f} bits, below {FLOOR_BITS}")
    outside = [found for found in one.outside if f"outside_{found.measure}" in one.codes]
    parts += [
        f"{_NAMES[found.measure]} {found.value:.3g} in {one.batch.size:,} tokens, usual "
        f"{found.low:.3g} to {found.high:.3g}"
        for found in outside[:_SAID]
    ]
    if len(outside) > _SAID:
        others = ", ".join(_NAMES[found.measure] for found in outside[_SAID:])
        parts.append(f"unusual too: {others}")
    return "; ".join(parts) or "; ".join(_open(one)) or "nothing unusual"


def _open(one: Judged) -> list[str]:
    """What could not be asked of a batch that proceeds."""
    batch = one.batch
    if one.total is None:
        return ["compared with nothing"]
    parts = []
    if one.test is None:
        parts.append(
            f"scores not tested: {len(batch.scores):,} documents have one, expected "
            f"{LEAST_DOCUMENTS}"
        )
    if not batch.size:
        parts.append(f"windows not measured: {batch.tokens:,} tokens, expected {LEAST_WINDOW:,}")
    elif one.banded is None:
        parts.append("windows not compared: no bands")
    return parts


def rows(audited: Audited) -> list[Sequence[object]]:
    """One row a batch under HEADERS."""
    return [
        (
            one.batch.name,
            one.batch.documents,
            one.batch.tokens,
            _digits(one.batch.entropy),
            None if one.test is None else f"{one.test.t:.2f}",
            None if one.test is None else _p(one.test.p),
            None if one.total is None else f"{one.total:.2f}",
            one.action,
        )
        for one in audited.judged
    ]


def sparkline(audited: Audited) -> list[str]:
    """The batches' t as one line of bars, and below it which are held; none without a test."""
    judged = audited.judged
    step = -(-len(judged) // _WIDE)
    groups = [judged[start : start + step] for start in range(0, len(judged), step)]
    values = [
        max((one.test.t for one in group if one.test is not None), default=None) for group in groups
    ]
    known = [value for value in values if value is not None]
    if not known:
        return []
    low, high = min([-3.0, *known]), max([3.0, *known])
    scale = (len(_BARS) - 1) / (high - low)
    bars = "".join(
        " " if value is None else _BARS[round((value - low) * scale)] for value in values
    )
    held = "".join("^" if any(one.held for one in group) else " " for group in groups)
    each = "a batch each" if step == 1 else f"the highest of {step} batches each"
    lines = [f"t    {bars}  {each}"]
    return [*lines, f"held {held.rstrip()}"] if held.strip() else lines


def summary(report: "Report") -> Iterator[str]:
    """What holds for all batches."""
    audited, known = report.audited, report.known
    held, count = len(audited.held), len(audited.judged)
    yield f"{held:,} of {count:,} batches held for review"
    for one in audited.held:
        yield f"  {printable(one.batch.name, 80)}: {reason(one)}"
    for one in audited.judged:
        if audited.known and not one.held and (parts := _open(one)):
            yield f"  {printable(one.batch.name, 80)}: proceeds, {'; '.join(parts)}"
    if known.label is not None:
        names = ", ".join(printable(one.name, 60) for one in known.sources[:4])
        more = "" if len(known.sources) <= 4 else f" and {len(known.sources) - 4} more"
        least = ", each batch with the source that suspects it least"
        yield (
            f"compared with {printable(known.label)} ({names}{more})"
            f"{least if len(known.sources) > 1 else ''}"
        )
    yield from notes(report)


def notes(report: "Report") -> Iterator[str]:
    """What a reader has to know of the numbers."""
    audited, rules = report.audited, report.audited.rules
    if rules.rule == FLOOR:
        yield f"held by the article's floor alone, {FLOOR_BITS} bits, which hardly ever fires"
    elif audited.known:
        yield (
            f"t: mean score beside known human text, held at p <= {rules.alpha:g}; one batch shows "
            "a quarter of AI text, rarely a tenth"
        )
    if audited.drift is not None:
        word = "no batch" if audited.drift.first is None else "a batch"
        yield (
            f"drift: a running sum, {word} above {audited.drift.threshold:.2f}, which human text "
            f"passes once in {RUN_LENGTH} batches"
        )
    if audited.overall is not None:
        yield f"all batches as one: t = {audited.overall.t:.2f}, p = {_p(audited.overall.p)}"
    yield from report.known.notes
    if report.rejected:
        yield f"{report.rejected:,} rows were no documents, the first {report.first_reject}"


def plain(report: "Report") -> dict[str, Any]:
    """As JSON values."""
    audited, asked = report.audited, report.asked
    drift = audited.drift
    return {
        "audited": report.what,
        "dataset": report.dataset,
        "rule": asked.rules.rule,
        "alpha": asked.rules.alpha,
        "tokenizer": asked.tokenizer.identity,
        "window": asked.window,
        "batch_documents": asked.batch_documents,
        "calibration": report.known.label,
        "calibration_claim": report.known.claim,
        "sources": list(audited.known),
        "detector": report.detector,
        "weights": report.weights,
        "batches": [batch_data(one) for one in audited.judged],
        "held": [
            {
                "batch": one.batch.name,
                "documents": [f"sha256:{row.tobytes().hex()}" for row in one.batch.digests],
            }
            for one in audited.held
        ],
        "drift": None
        if drift is None
        else {"threshold": round(drift.threshold, 6), "first": drift.first},
        "overall": None if audited.overall is None else _test(audited.overall),
        "notes": list(report.known.notes),
        "rejected": report.rejected,
        "entry": None if report.entry is None else report.entry.index,
        "new": None if report.entry is None else report.entry.new,
    }


def batch_data(one: Judged) -> dict[str, Any]:
    """One batch as JSON values: the article's fields first."""
    batch = one.batch
    limits = {name: [round(low, 6), round(high, 6)] for name, (low, high) in one.limits.items()}
    values = dict(batch.windows)
    if one.banded is not None and one.banded in batch.tails:
        values["tail_coverage"] = batch.tails[one.banded]
    return {
        "batch": batch.name,
        "batch_entropy": None if not batch.tokens else round(batch.entropy, 6),
        "threshold": FLOOR_BITS if "below_floor" in one.codes else limits.get("entropy"),
        "action": one.action,
        "reason": reason(one),
        "reasons": list(one.codes),
        "documents": batch.documents,
        "distinct": len(batch.digests),
        "scored": len(batch.scores),
        "unscored": dict(batch.unscored),
        "tokens": batch.tokens,
        "test": None if one.test is None else {**_test(one.test), "source": one.tested},
        "drift": None if one.total is None else round(one.total, 6),
        "window": batch.size or None,
        "windows": max((len(values) for values in batch.windows.values()), default=0),
        "measures": {name: round(float(found.mean()), 6) for name, found in values.items()},
        "bands": limits,
        "bands_source": one.banded,
        "outside": [
            {
                "measure": found.measure,
                "value": round(found.value, 6),
                "low": round(found.low, 6),
                "high": round(found.high, 6),
            }
            for found in one.outside
        ],
    }


def _test(test: BatchTest) -> dict[str, Any]:
    return {
        "t": round(min(test.t, 1e9), 6),
        "p": float(f"{test.p:.6g}"),
        "documents": test.n,
        "calibration_documents": test.m,
        "mean": round(test.mean, 6),
        "calibration_mean": round(test.calibration_mean, 6),
    }


def _p(p: float) -> str:
    return f"{p:.1e}" if p < 0.001 else f"{p:.3f}"


def _digits(value: float) -> str | None:
    return None if value != value else f"{value:.2f}"


def _named(source: str | None) -> str:
    return "known human text" if source is None else f"human text of {printable(source, 60)}"
