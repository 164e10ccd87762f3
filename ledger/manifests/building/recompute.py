"""Chooses a manifest again from the first entries of a ledger, and compares all it says.

What each stratum was planned to give is taken from strata.json, since another release of the solver
may break ties otherwise: that these units keep every bound is computed, and everything else too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ledger.errors import (
    GateError,
    InputError,
    RefusedError,
    UnknownNameError,
    VerificationError,
    printable,
)
from ledger.log.canonical import parse_digest
from ledger.log.log import Log
from ledger.manifests.allocation.allocate import Allocation
from ledger.manifests.allocation.limits import Limit, limits_of
from ledger.manifests.asof import log_as_of
from ledger.manifests.building.choose import Chosen, bounds_of, choose
from ledger.manifests.building.gates import audits_of, evaluate, limits_of_audits
from ledger.manifests.building.said import datasets_said, exclusions_said
from ledger.manifests.mix.axes import FINAL_STAGES
from ledger.manifests.mix.mix import Mix
from ledger.manifests.mix.parse import parse_mix
from ledger.manifests.statement import Statement
from ledger.manifests.strata.anchors import anchors_of
from ledger.manifests.strata.candidates import Candidates, find_named, read_candidates
from ledger.manifests.strata.divide import Divided, divide
from ledger.manifests.strata.excluded import exclude
from ledger.manifests.tail.rate import parse_scores
from ledger.manifests.tail.strata import Tailed, tail_of
from ledger.provenance.asof import tables_as_of
from ledger.provenance.policy import builtin_policies, parse_policy
from ledger.provenance.rules import Policy

__all__ = ["recompute"]


def recompute(log: Log, statement: Statement, strata: Mapping[str, Any]) -> str | None:
    """None if the ledger chooses the same again, else why that could not be asked.

    `strata` is what strata.json says. Raises VerificationError naming what differs.
    """
    if statement.unit != "documents":
        return f"its {statement.unit} were not counted again: that reads every candidate's text"
    told = f"the first {statement.head.size} entries of {printable(log.location)}"
    where = statement.reference
    policy = _policy(log, str(statement.policy["digest"]))
    if policy is None:
        return "the vault withholds its label policy"
    try:
        mix = parse_mix(statement.mix.encode(), where)
        log.database.begin_read(log.connection)
        try:
            with tables_as_of(log, statement.head.size) as tables:
                view = log_as_of(log, tables, statement.head.size)
                if mix.stage not in FINAL_STAGES and anchors_of(view):
                    return "what is like an anchor was not looked for again: that reads texts"
                _compare(view, statement, strata, mix, policy)
        finally:
            log.database.rollback(log.connection)
    except RefusedError as error:
        if isinstance(error, GateError):
            raise VerificationError(f"{where}: {error}, by {told}") from error
        return str(error)
    except (InputError, UnknownNameError) as error:
        raise VerificationError(f"{where}: {error}, in {told}") from error
    return None


def _compare(
    view: Log, statement: Statement, strata: Mapping[str, Any], mix: Mix, policy: Policy
) -> None:
    found = read_candidates(view, find_named(view, mix), policy, mix.cutoff or policy.cutoff)
    excluded = exclude(view, mix, found)
    found = found.take(excluded.kept)
    tail = _tail(view, statement, mix, found, policy)
    values = tail.values if tail is not None and "tail" in mix.strata else None
    ones = np.ones(len(found), np.int64)
    divided = divide(view, mix.strata, found, policy, ones, tail=values)
    audits, units = audits_of(view, found.named), np.ones(len(found), np.int64)
    further: list[Limit] = []
    if statement.accepted is None:
        further = limits_of_audits(mix, divided, found, units, policy, audits)
    chosen = _again(statement, strata, mix, found, divided, further, tail)
    gates = evaluate(mix, chosen, found, policy, audits, further, statement.accepted)
    for name, said, computed in (
        ("strata", strata, chosen.plain() | {"unit": mix.unit}),
        ("content_root", statement.content_root.hex(), chosen.content_root.hex()),
        ("bounds", list(statement.bounds), bounds_of(chosen)),
        ("gates", list(statement.gates), list(gates.rows)),
        ("datasets", list(statement.datasets), datasets_said(found)),
        ("exclusions", statement.exclusions, exclusions_said(excluded)),
        ("tail", statement.tail,
         None if tail is None else tail.said(chosen.place, chosen.copies)),
        ("what the mix says", _asked(statement), (mix.name, mix.version, mix.stage, mix.unit,
                                                  mix.seed, mix.budget, mix.strata)),
    ):  # fmt: skip
        if said != computed:
            raise VerificationError(
                f"{statement.reference}: {name}: found another than the first "
                f"{statement.head.size} entries of {printable(view.location)} give",
                hint="headwater manifest build makes one of what the ledger says now",
            )


def _asked(statement: Statement) -> tuple[Any, ...]:
    s = statement
    return (s.name, s.version, s.stage, s.unit, s.seed, s.budget, s.axes)


def _again(
    statement: Statement,
    strata: Mapping[str, Any],
    mix: Mix,
    found: Candidates,
    divided: Divided,
    further: Sequence[Limit],
    tail: Tailed | None,
) -> Chosen:
    """The draw, for the units that were planned."""
    rows = strata["strata"]
    if [tuple(row["values"]) for row in rows] != list(divided.strata.values):
        raise VerificationError(
            f"{statement.reference}: strata: found others than the ledger has, "
            f"expected {len(divided.strata)}"
        )
    planned, targets = (np.array([row[name] for row in rows], np.int64)
                        for name in ("planned", "target"))  # fmt: skip
    accepted = statement.accepted is not None
    limits = limits_of(mix, divided.strata, accept_synthetic=accepted, further=further)
    total = int(planned.sum())
    allocation = Allocation(divided.strata, total, targets, planned, limits, statement.repeat)
    units = np.ones(len(found), np.int64)
    return choose(allocation, found.digests, divided.stratum, units, mix.seed, tail=tail)


def _tail(
    view: Log, statement: Statement, mix: Mix, found: Candidates, policy: Policy
) -> Tailed | None:
    """The classes of the recorded scores; that these are the texts' own is taken from the issuer.

    Raises RefusedError where the vault withholds the scores.
    """
    said = statement.tail
    if (mix.tail is None) != (said is None):
        raise VerificationError(f"{statement.reference}: tail: found another than its mix asks for")
    if mix.tail is None or said is None:
        return None
    data = None if view.vault is None else view.vault.attachment(parse_digest(said["scores"]))
    if data is None:
        raise RefusedError("the vault withholds how rare each candidate's words are")
    rated = parse_scores(data, len(found), f"{statement.reference}: tail")
    return tail_of(view, mix, mix.tail, found, policy, rated, said["table"])


def _policy(log: Log, digest: str) -> Policy | None:
    for policy in builtin_policies():
        if policy.digest == digest:
            return policy
    source = None if log.vault is None else log.vault.attachment(parse_digest(digest))
    return None if source is None else parse_policy(source, f"policy {digest}")
