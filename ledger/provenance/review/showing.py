"""Reviews as lines for people and as JSON for programs. The same content in both."""

from typing import Any

from ledger.errors import printable
from ledger.provenance.review.agreement import Agreement, Coefficient
from ledger.provenance.review.decide import Done
from ledger.provenance.review.estimate import Share
from ledger.provenance.review.queue import Queue, Queued
from ledger.provenance.review.reader import Effect
from ledger.provenance.review.statistics import (
    Estimated,
    Statistics,
    agreement_data,
    estimate_data,
)
from ledger.provenance.review.text import Text, visible

__all__ = [
    "done_data",
    "done_lines",
    "effect_lines",
    "queue_data",
    "queue_rows",
    "statistics_data",
    "statistics_lines",
    "task_data",
    "task_lines",
]

SHORT = len("sha256:") + 12
"""Characters of a task's name that tell it from another."""

_NEEDS = {
    ("open", 0): "two people",
    ("open", 1): "another person",
    ("disputed", 2): "a third, who adjudicates",
}
_MODES = {
    "audit": "drawn at random",
    "complaint": "somebody asked",
    "conflict": "claims contradict each other",
    "held": "in a held batch",
    "uncertain": "a detector is unsure",
}


def needs(one: Queued) -> str:
    """Who is to decide next."""
    if one.progress.status == "settled":
        return "nobody"
    if one.progress.status == "disputed":
        return _NEEDS["disputed", 2]
    return _NEEDS["open", min(one.progress.decided, 1)]


def queue_rows(queue: Queue, limit: int) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """(counts by reason, the first waiting tasks). The tasks do not say why: that is evidence."""
    counts = [
        (_MODES[mode], found["open"], found["disputed"], found["settled"])
        for mode, found in queue.counts.items()
    ]
    tasks = [
        (one.task.identity[:SHORT], one.task.document, one.progress.decided, needs(one))
        for one in queue.waiting[:limit]
    ]
    return counts, tasks


def queue_data(queue: Queue, limit: int) -> dict[str, Any]:
    """As JSON values."""
    drawn = queue.drawn
    return {
        "dataset": queue.dataset,
        "draw": {
            "digest": drawn.digest,
            "recorded": queue.kept,
            "sample": drawn.sample,
            "seed": drawn.seed,
            "documents": drawn.documents,
            "strata": [
                {"name": one.name, "documents": one.documents, "drawn": len(one.drawn)}
                for one in drawn.strata
            ],
        },
        "counts": queue.counts,
        "waiting": len(queue.waiting),
        "tasks": [
            {
                "task": one.task.identity,
                "document": one.task.document,
                "status": one.progress.status,
                "decided": one.progress.decided,
            }
            for one in queue.waiting[:limit]
        ],
    }


def task_lines(queued: Queued, found: Text, limit: int) -> list[str]:
    """A task for a reader: the text, and nothing that anybody says of it."""
    lines, rest = visible(found.text, limit)
    more = [f"… and {rest:,} characters more; --characters N shows more"] if rest else []
    adjudicates = queued.progress.status == "disputed"
    third = ["two people disagree on it; yours is the third word"] if adjudicates else []
    name = queued.task.identity[:SHORT]
    return [
        f"task      {name}",
        f"document  {queued.task.document}",
        f"in        {printable(found.dataset)}, {len(found.text):,} characters",
        *third,
        "",
        *lines,
        *more,
        "",
        f"headwater review decide {name} human|ai|mixed|unsure --reason REASON",
    ]


def task_data(queued: Queued, found: Text, limit: int, until: int) -> dict[str, Any]:
    """As JSON values; the text as it is, cut."""
    return {
        "task": queued.task.identity,
        "document": queued.task.document,
        "dataset": found.dataset,
        "adjudicates": queued.progress.status == "disputed",
        "characters": len(found.text),
        "text": found.text[:limit],
        "until": until,
    }


def done_lines(done: Done) -> list[str]:
    """What was recorded, and what follows."""
    said = {"blind": "before the evidence", "informed": "with the evidence seen"}
    stage = said.get(done.stage, "as the third word")
    lines = [f"recorded as entry {done.index}: {done.answer.decision}, {stage}"]
    progress = done.progress
    if progress.status == "settled":
        lines.append(f"settled: {progress.decided} decided, {progress.side}")
    elif progress.status == "disputed":
        lines.append("two people disagree: a third decides")
    else:
        lines.append(f"open: {progress.decided} decided, expected two who agree")
    if done.answer.decision == "human" and not done.towards_verified:
        lines.append(
            "it cites no source outside the text, so it does not count towards human_verified; "
            "--revise --source adds one"
        )
    return lines


def done_data(done: Done) -> dict[str, Any]:
    """As JSON values."""
    return {
        "entry": done.index,
        "claim": done.claim_id,
        "task": done.task.identity,
        "document": done.task.document,
        "mode": done.task.mode,
        "stage": done.stage,
        "decision": done.answer.decision,
        "reason": done.answer.reason,
        "sourced": done.answer.source is not None,
        "status": done.progress.status,
        "decided": done.progress.decided,
        "side": done.progress.side,
    }


def statistics_lines(found: Statistics, what: str) -> list[str]:
    """Counts, estimates, agreement; the share of equal pairs last."""
    if not found.decisions and not found.tools:
        return [f"{printable(what)}: nobody reviewed a document of it"]
    lines = [
        f"{printable(what)}: {_many(found.decisions, 'decision')} on "
        f"{_many(found.documents, 'document')} by {_many(found.reviewers, 'person')}",
        f"  stages     {_counts(found.stages)}",
        f"  decisions  {_counts(found.kinds)}",
        f"  asked for  {_counts(found.modes)}",
        f"  documents  {_counts(found.statuses)}",
    ]
    if found.own or found.unknown:
        lines.append(
            f"  left out   {found.own:,} on a text of one's own, {found.unknown:,} by keys that "
            "the log does not name"
        )
    for one in found.estimates:
        lines += ["", *estimate_lines(one)]
    if found.blind.compared:
        lines += ["", "agreement before the evidence was shown", *_agreement(found.blind)]
    elif found.decisions:
        lines += ["", "agreement: no document has two decisions from before the evidence"]
    if found.tools:
        lines += ["", f"in other programs, for statistics only: {_counts(found.tools)}"]
        lines += _agreement(found.elsewhere) if found.elsewhere.compared else []
    return lines


def estimate_lines(one: Estimated) -> list[str]:
    """What a draw says of its dataset."""
    decided, draw = one.decided, one.decided.draw
    head = (
        f"random draw of {len(draw.tasks):,} of {draw.documents:,} documents: "
        f"{len(decided.documents):,} decided, {decided.alone:,} of them by one person"
    )
    if one.share is None:
        return [head, "  no estimate while a label has no decision"]
    return [head, f"  {_share(one.share)}"]


def effect_lines(found: Effect) -> list[str]:
    """What a decision changed of what the random draw says."""
    before, after = found.before.share, found.after.share
    if after is None:
        return []
    if before is None:
        return [f"the random draw now says: {_share(after)}"]
    if before == after:
        return []
    return [f"the random draw said: {_share(before)}", f"it now says: {_share(after)}"]


def _share(share: Share) -> str:
    return (
        f"AI wrote some of {_percent(share.point)} of the documents, "
        f"95 % interval {_percent(share.low)} to {_percent(share.high)}"
    )


def statistics_data(found: Statistics, what: str) -> dict[str, Any]:
    """As JSON values."""
    return {
        "dataset": what,
        "documents": found.documents,
        "decisions": found.decisions,
        "reviewers": found.reviewers,
        "stages": dict(found.stages),
        "kinds": dict(found.kinds),
        "modes": dict(found.modes),
        "statuses": dict(found.statuses),
        "sides": dict(found.sides),
        "own_texts": found.own,
        "unknown_keys": found.unknown,
        "tools": dict(found.tools),
        "estimates": [estimate_data(one) for one in found.estimates],
        "agreement": agreement_data(found.blind),
        "agreement_in_tools": agreement_data(found.elsewhere),
    }


def _agreement(found: Agreement) -> list[str]:
    share = found.percent
    return [
        f"  Krippendorff's alpha  {_shown(found.alpha)}",
        f"  Gwet's AC1            {_shown(found.ac1)}",
        f"  equal pairs           {found.agreeing:,} of {found.pairs:,}"
        + ("" if share is None else f", {_percent(share)}")
        + f", on {_many(found.compared, 'document')}",
    ]


def _shown(one: Coefficient) -> str:
    if one.point is None:
        return "not defined: all decisions are alike"
    if one.low is None or one.high is None:
        return f"{one.point:.3f}, no interval"
    return f"{one.point:.3f}, 95 % interval {one.low:.3f} to {one.high:.3f}"


def _many(number: int, noun: str) -> str:
    plural = "people" if noun == "person" else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def _counts(found: Any) -> str:
    return ", ".join(f"{printable(name)} {count:,}" for name, count in found.items()) or "none"


def _percent(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.1f} %"
