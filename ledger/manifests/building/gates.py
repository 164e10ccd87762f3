"""Limits of synthetic text: what labels say of the choice, and what audits of its datasets do.

Labels say which documents are known or suspected to be synthetic. Of those that nothing is known
of, the newest contamination audit of their dataset in its present state estimates a share: with l
the labelled share of a dataset's units and e its audit's estimate, l + (1 - l) * e counts, and the
same with the upper end of the interval. Labelled documents may be in e, too: it errs upwards.
Documents with a basis (dated, attested, observed, reviewed) need no audit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ledger.errors import GateError, UnknownNameError
from ledger.log.canonical import Entry, subject_of
from ledger.log.content_root import content_root
from ledger.log.log import Log
from ledger.log.record import live
from ledger.manifests.allocation.limits import ONE, Limit, weighted_sums
from ledger.manifests.building.choose import Chosen
from ledger.manifests.mix.axes import SYNTHETIC
from ledger.manifests.mix.mix import Mix
from ledger.manifests.strata.candidates import Candidates, Named
from ledger.manifests.strata.divide import Divided
from ledger.provenance.documents import find_dataset
from ledger.provenance.rules import Policy
from ledger.reserves.selection.digests import Ints

__all__ = ["Audited", "Gates", "audits_of", "evaluate", "limits_of_audits"]

Mask = npt.NDArray[np.bool_]

_PPM: Final = 1_000_000
_UNKNOWN: Final = ("none", "declared")
"""Bases on which a label says nothing of whether somebody wrote the text."""


@dataclass(frozen=True)
class Audited:
    """What is known of a set's unlabelled documents: the bodies of its audits; None if one lacks.

    The worst of them counts: a reserve may be of several datasets.
    """

    name: str
    bodies: tuple[Mapping[str, Any], ...] | None

    def worst(self, field: str) -> Fraction:
        """The greatest of a field in parts per million, as a share."""
        assert self.bodies is not None
        return max(Fraction(int(body[field]), _PPM) for body in self.bodies)


@dataclass(frozen=True)
class Gates:
    """Rows of the statement's `gates`."""

    rows: tuple[Mapping[str, Any], ...]


def audits_of(log: Log, named: Sequence[Named]) -> tuple[Audited, ...]:
    """The newest live contamination audit of each set, if it is of the set as it stands."""
    roots: dict[str, bytes] = {item.name: item.root for item in named if item.members is None}
    found = []
    for item in named:
        bodies = [_newest(log, part, roots) for part in item.parts]
        known = tuple(body for body in bodies if body is not None)
        found.append(Audited(item.name, known if len(known) == len(bodies) and known else None))
    return tuple(found)


def _newest(log: Log, dataset: str, roots: dict[str, bytes]) -> Mapping[str, Any] | None:
    name, _, version = dataset.rpartition("@")
    entries: list[tuple[int, Entry]] = [
        (index, log.entry(index)) for index in log.find(subject_of("dataset", name, version))
    ]
    audits = [
        entry.body
        for _, entry in live(entries)
        if entry.kind == "audit" and entry.body.get("audit") == "contamination"
    ]
    if not audits or "contamination" not in audits[-1]:
        return None
    if dataset not in roots:
        roots[dataset] = _root(log, dataset)
    if audits[-1]["content_root"] != f"sha256:{roots[dataset].hex()}":
        return None
    body: Mapping[str, Any] = audits[-1]["contamination"]
    return body


def _root(log: Log, dataset: str) -> bytes:
    try:
        number = find_dataset(log.connection, dataset)
    except UnknownNameError:
        return content_root(())
    rows = log.connection.execute(
        "SELECT e.subject FROM member AS m JOIN entry AS e ON e.idx = m.document "
        "WHERE m.dataset = ? ORDER BY e.subject",
        (number,),
    )
    return content_root(row[0] for row in rows)


@dataclass(frozen=True)
class _Sums:
    """Units in an epoch of each dataset: all, labelled synthetic, and of unknown origin."""

    total: Ints
    labelled: Ints
    unknown: Ints


def limits_of_audits(
    mix: Mix,
    divided: Divided,
    found: Candidates,
    units: Ints,
    policy: Policy,
    audits: Sequence[Audited],
) -> list[Limit]:
    """What the allocation is held to besides the labels' share, where strata know labels.

    A stratum weighs its units' share of synthetic text, labelled and estimated, rounded up. None
    where an audit lacks of a dataset with text of unknown origin.
    """
    if "label" not in mix.strata:
        return []
    synthetic, unknown = _kinds(policy, found.rule)
    if any(audits[at].bodies is None for at in np.unique(found.dataset[unknown]).tolist()):
        return []
    limits = []
    for name, limit, field, about in (
        ("contamination", mix.gate.estimate, "estimate_ppm", _ESTIMATED),
        ("contamination_upper", mix.gate.upper, "high_ppm", _UPPER),
    ):
        shares = [0 if a.bodies is None else int(a.worst(field) * _PPM) for a in audits]
        each = np.where(synthetic, _PPM, np.where(unknown, np.array(shares)[found.dataset], 0))
        pairs = _mass(divided, each, units)
        weights = [-(-mass * ONE // (_PPM * held)) if held else 0 for mass, held in pairs]
        column = np.array(weights, np.int64)
        relax = None, "--accept-synthetic REASON"
        limits.append(Limit(name, about, column, at_most=limit, relax=relax))
    return limits


def _mass(divided: Divided, each: Ints, units: Ints) -> list[tuple[int, int]]:
    """(sum of units times `each`, units) of every stratum, exact: distinct values are few."""
    values, code = np.unique(each, return_inverse=True)
    cells = np.zeros((len(divided.strata), len(values)), np.int64)
    np.add.at(cells, (divided.stratum, code.reshape(-1)), units)
    return [
        (sum(a * b for a, b in zip(row, values.tolist(), strict=True)), sum(row))
        for row in cells.tolist()
    ]


def evaluate(
    mix: Mix,
    chosen: Chosen,
    found: Candidates,
    policy: Policy,
    audits: Sequence[Audited],
    limits: Sequence[Limit],
    accepted: str | None,
) -> Gates:
    """What the gates say of a choice among `found`; `limits` are those of limits_of_audits.

    Where strata know labels, shares are as planned, which tokens reach to within a document of each
    stratum; else as drawn. `accepted` says why a limit may be exceeded. Raises GateError above a
    limit that nobody accepts, and without an audit that the mix requires.
    """
    sums = _add_up(chosen, found, policy)
    labelled = _labelled(mix, chosen, sums)
    missing = [
        audit.name for at, audit in enumerate(audits) if sums.unknown[at] and audit.bodies is None
    ]
    if missing and mix.require_audit:
        raise GateError(
            f"require_audit: found no contamination audit of {', '.join(missing)} as it stands",
            hint=f"headwater audit contamination {missing[0].rpartition(':')[2]}",
        )
    planned = {limit.name: _planned(limit, chosen) for limit in limits}
    rows = [_row("max_synthetic", mix.gate.estimate, labelled, _LABELLED, accepted)]
    for name, limit, field, said in (
        ("contamination", mix.gate.estimate, "estimate_ppm", _ESTIMATED),
        ("contamination_upper", mix.gate.upper, "high_ppm", _UPPER),
    ):
        if missing:
            said = f"no contamination audit of {', '.join(missing)} as it stands"
            rows.append(_row(name, limit, None, said, accepted))
        else:
            share = planned.get(name)
            share = _share(sums, audits, field) if share is None else share
            rows.append(_row(name, limit, share, said, accepted))
    for row in rows:
        if row["outcome"] == "failed":
            raise _refusal(row, sums, audits, mix)
    return Gates(tuple(rows))


_LABELLED = "units of documents labelled synthetic_known or synthetic_suspected"
_ESTIMATED = "units labelled synthetic, and the audits' estimates of the rest"
_UPPER = "units labelled synthetic, and the upper ends of the audits' intervals of the rest"


def _planned(limit: Limit, chosen: Chosen) -> Fraction:
    allocation = chosen.allocation
    reached = weighted_sums(limit.weights[None], allocation.units)[0]
    return Fraction(reached, ONE * max(allocation.total, 1))


def _labelled(mix: Mix, chosen: Chosen, sums: _Sums) -> Fraction:
    if "label" not in mix.strata:
        return Fraction(int(sums.labelled.sum()), max(int(sums.total.sum()), 1))
    strata, units = chosen.allocation.strata, chosen.allocation.units
    at = strata.axes.index("label")
    rows = [place for place, row in enumerate(strata.values) if row[at] in SYNTHETIC]
    return Fraction(int(units[rows].sum()), max(chosen.allocation.total, 1))


def _kinds(policy: Policy, rule: Ints) -> tuple[Mask, Mask]:
    """Which of n documents are labelled synthetic, and of which nothing is known."""
    synthetic = np.array([item.label in SYNTHETIC for item in policy.rules])[rule]
    unknown = np.array([item.basis in _UNKNOWN for item in policy.rules])[rule] & ~synthetic
    return synthetic, unknown


def _add_up(chosen: Chosen, found: Candidates, policy: Policy) -> _Sums:
    rule, dataset = found.rule[chosen.place], found.dataset[chosen.place]
    synthetic, unknown = _kinds(policy, rule)
    given = chosen.copies * chosen.units
    sums = [np.zeros(len(found.named), np.int64) for _ in range(3)]
    for total, mask in zip(sums, (np.ones_like(synthetic), synthetic, unknown), strict=True):
        np.add.at(total, dataset[mask], given[mask])
    return _Sums(*sums)


def _share(sums: _Sums, audits: Sequence[Audited], field: str) -> Fraction:
    synthetic = Fraction(0)
    for at, audit in enumerate(audits):
        unknown = int(sums.unknown[at])
        synthetic += int(sums.labelled[at])
        if unknown:
            synthetic += unknown * audit.worst(field)
    return synthetic / max(int(sums.total.sum()), 1)


def _row(
    name: str, limit: Fraction, found: Fraction | None, detail: str, accepted: str | None
) -> dict[str, Any]:
    row: dict[str, Any] = {"detail": detail, "limit_ppm": int(limit * _PPM), "name": name}
    if found is None:
        return row | {"outcome": "not_evaluated"}
    row["found_ppm"] = ceil(found * _PPM)
    if found <= limit:
        return row | {"outcome": "passed"}
    if accepted is None:
        return row | {"outcome": "failed"}
    return row | {"detail": f"{detail}; accepted: {accepted}", "outcome": "accepted"}


def _refusal(row: Mapping[str, Any], sums: _Sums, audits: Sequence[Audited], mix: Mix) -> GateError:
    hint = "--accept-synthetic REASON records why it may be"
    needed = _needed(sums, audits, mix) if row["name"] == "contamination_upper" else None
    return GateError(
        f"{row['name']}: found {row['found_ppm'] / 10_000:g} % ({row['detail']}), "
        f"expected at most {row['limit_ppm'] / 10_000:g} %" + (f"; {needed}" if needed else ""),
        hint=hint,
    )


def _needed(sums: _Sums, audits: Sequence[Audited], mix: Mix) -> str | None:
    """How large a sample would decide, of the dataset that gives the most unknown text."""
    from ledger.verdicts.contamination.needed import documents_needed
    from ledger.verdicts.statistics.prevalence import Estimate

    at = int(np.argmax(sums.unknown))
    bodies = audits[at].bodies
    if not sums.unknown[at] or not bodies:
        return None
    body = max(bodies, key=lambda item: int(item["high_ppm"]))
    if not body["sampled"] or not body["human"] or not body["ai"]:
        return None
    estimate = Estimate(
        point=body["estimate_ppm"] / _PPM,
        low=body["low_ppm"] / _PPM,
        high=body["high_ppm"] / _PPM,
        method="",
        n=body["sampled"],
        flagged=body["flagged"],
        m_human=body["human"],
        human_above=body["human_above"],
        m_ai=body["ai"],
        ai_above=body["ai_above"],
        cut=body["cut_milli"] / 1000,
        informative=body["ai_above"] * (body["human"] + 1) > (body["human_above"] + 1) * body["ai"],
    )
    needed = documents_needed(estimate, float(mix.gate.upper), body["measurable"])
    return f"of {audits[at].name}, {needed.words}"
