"""What all decisions about a set of documents come to: counts, agreement, and estimated shares."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.log.log import Log
from ledger.provenance.documents import find_dataset
from ledger.provenance.review.agreement import Agreement, Coefficient, agreement
from ledger.provenance.review.estimate import Share, horvitz_thompson
from ledger.provenance.review.queue import among
from ledger.provenance.review.recorded import (
    Decided,
    Reviewed,
    blind_ratings,
    decided_of,
    draws_of,
    reviews_in,
    tool_ratings,
)

__all__ = [
    "Estimated",
    "Statistics",
    "agreement_data",
    "dataset_statistics",
    "estimate_data",
    "estimate_of",
    "ppm",
    "statistics_of",
]

_PPM = 1_000_000


@dataclass(frozen=True)
class Estimated:
    """A draw, what was decided of it, and the share of AI text; None while a stratum has nobody's
    decision.
    """

    decided: Decided
    share: Share | None


@dataclass(frozen=True)
class Statistics:
    """`decisions` count, by `reviewers`; `documents` have one. Sums by stage, decision and reason
    of being asked (`modes`) are of all decisions, revised ones included; `sides` and `statuses` are
    of documents. `own` and `unknown` decisions count for nothing: on a text of one's own, and by
    nobody whose key the log names. `tools` counts those from other programs. `blind` is the
    agreement before the evidence was shown, `elsewhere` that in other programs.
    """

    documents: int
    decisions: int
    reviewers: int
    stages: Mapping[str, int]
    kinds: Mapping[str, int]
    modes: Mapping[str, int]
    statuses: Mapping[str, int]
    sides: Mapping[str, int]
    own: int
    unknown: int
    tools: Mapping[str, int]
    blind: Agreement
    elsewhere: Agreement
    estimates: tuple[Estimated, ...]


def statistics_of(
    found: Sequence[Reviewed],
    dataset: str | None = None,
    attachment: Callable[[bytes], bytes | None] | None = None,
) -> Statistics:
    """The figures of some reviewed documents.

    With a dataset and a way to read attachments, the share that each of its draws estimates. Raises
    VerificationError for the file of a draw that is none.
    """
    given = [entry for one in found for items in one.counted.values() for _, entry in items]
    tools = [entry for one in found for items in one.tools.values() for _, entry in items]
    progress = [one.progress for one in found if one.counted]
    estimates = []
    if dataset is not None and attachment is not None:
        for drawn in draws_of(found, dataset, attachment):
            estimates.append(estimate_of(decided_of(drawn, found)))
    return Statistics(
        documents=len(progress),
        decisions=len(given),
        reviewers=len({reviewer for one in found for reviewer in one.counted}),
        stages=_sums(str(entry.body["stage"]) for entry in given),
        kinds=_sums(str(entry.body["decision"]) for entry in given),
        modes=_sums(str(entry.body["mode"]) for entry in given),
        statuses=_sums(one.status for one in progress),
        sides=_sums(one.side for one in progress if one.side is not None),
        own=sum(one.own for one in found),
        unknown=sum(one.unknown for one in found),
        tools=_sums(str(entry.body["tool"]) for entry in tools),
        blind=agreement(blind_ratings(found)),
        elsewhere=agreement(tool_ratings(found)),
        estimates=tuple(estimates),
    )


def dataset_statistics(log: Log, dataset: str) -> Statistics:
    """The figures of a dataset's documents, as the ledger stands.

    Raises UnknownNameError, or InputError for the dataset, VerificationError as statistics_of.
    """
    number = find_dataset(log.connection, dataset)
    found = reviews_in(log, lambda digests: among(log, number, digests))
    attachment = (lambda _digest: None) if log.vault is None else log.vault.attachment
    return statistics_of(found, dataset, attachment)


def estimate_of(decided: Decided) -> Estimated:
    """The share of AI text that the decisions about a draw say there is."""
    if not decided.complete:
        return Estimated(decided, None)
    share = horvitz_thompson(decided.ai, decided.chance, decided.draw.documents, decided.stratum)
    return Estimated(decided, share)


def _sums(names: Any) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


# --- as JSON values in whole numbers, for a certificate as for a program


def ppm(value: float) -> int:
    """Parts per million, to the nearest."""
    return round(value * _PPM)


def agreement_data(found: Agreement) -> dict[str, Any]:
    """Coefficients in parts per million; what is not defined is absent."""
    data: dict[str, Any] = {
        "agreeing": found.agreeing,
        "compared": found.compared,
        "documents": found.documents,
        "pairs": found.pairs,
    }
    for name, one in (("ac1", found.ac1), ("alpha", found.alpha)):
        data |= _coefficient(name, one)
    return data


def _coefficient(name: str, one: Coefficient) -> dict[str, int]:
    parts = ((f"{name}_ppm", one.point), (f"{name}_low_ppm", one.low),
             (f"{name}_high_ppm", one.high))  # fmt: skip
    return {field: ppm(value) for field, value in parts if value is not None}


def estimate_data(one: Estimated) -> dict[str, Any]:
    """A draw's estimate; without the share while it cannot be given."""
    decided, draw = one.decided, one.decided.draw
    data: dict[str, Any] = {
        "ai": int(decided.ai.sum()),
        "alone": decided.alone,
        "decided": len(decided.documents),
        "documents": draw.documents,
        "draw": draw.digest,
        "drawn": len(draw.tasks),
        "strata": len(draw.strata),
    }
    if one.share is not None:
        data |= {
            "share_high_ppm": ppm(one.share.high),
            "share_low_ppm": ppm(one.share.low),
            "share_ppm": min(max(ppm(one.share.point), 0), _PPM),
        }
    return data
