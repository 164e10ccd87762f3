"""Builds a manifest: chosen as of the head, gated, written with its texts, signed, recorded.

One straight walk. Before the entry is recorded a failure leaves nothing; after it, the same command
again writes the same folder for the same entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ledger.engines import Workers
from ledger.errors import GateError, InputError, printable
from ledger.log.canonical import encode, parse_digest
from ledger.log.log import Log
from ledger.log.notes import Signer
from ledger.manifests.allocation.allocate import Allocation, allocate, nearest
from ledger.manifests.allocation.limits import Limit
from ledger.manifests.building.choose import Chosen, bounds_of, choose
from ledger.manifests.building.gates import Gates, evaluate, limits_of_audits
from ledger.manifests.building.plan import Plan, Progress, make_plan
from ledger.manifests.building.recording import record_manifest
from ledger.manifests.building.said import datasets_said, exclusions_said, tool
from ledger.manifests.building.target import building, check_target, settle_folder
from ledger.manifests.building.write import write_parts, write_whole
from ledger.manifests.croissant import format_croissant
from ledger.manifests.layout import CROISSANT, MANIFEST, SHARDS, STRATA
from ledger.manifests.mix.mix import Mix
from ledger.manifests.opening.receipt import receipt_files
from ledger.manifests.recorded import MAX_MEMBERS, newest_of, statement_of
from ledger.manifests.shards import format_shards
from ledger.manifests.statement import (
    Statement,
    limits,
)
from ledger.manifests.tail.rate import format_scores
from ledger.manifests.tail.table import Table
from ledger.provenance.dsse import sign_envelope
from ledger.provenance.opening import statement_key_name
from ledger.provenance.recorded import record_policy
from ledger.provenance.rules import Policy

__all__ = ["Built", "DryRun", "build", "dry_run"]

_LONGEST_REASON = 500


@dataclass(frozen=True)
class Built:
    """A manifest in `folder`; `index` is its entry. `new` is False if it was recorded before."""

    folder: Path
    statement: Statement
    statement_digest: str
    strata: dict[str, Any]
    index: int
    signer: str
    new: bool


@dataclass(frozen=True, eq=False)
class DryRun:
    """What would be built, or what is nearest to it where that cannot be; `feasible` says which.

    `refused` is the gate's refusal, if it would be one; `units` are those of each stratum.
    """

    mix: Mix
    plan: Plan
    allocation: Allocation
    chosen: Chosen
    gates: Gates | None
    refused: GateError | None

    @property
    def feasible(self) -> bool:
        """Whether every bound holds, and the budget is reached: what `build` would not refuse."""
        enough = self.mix.budget is None or self.allocation.total >= self.mix.budget
        return enough and all(reached.holds for reached in self.allocation.achieved)


def dry_run(
    log: Log,
    mix: Mix,
    policy: Policy,
    *,
    roots: Sequence[Path] = (),
    reserves: Sequence[Path] = (),
    table: Table | None = None,
    accept_synthetic: str | None = None,
    repeat: Fraction | None = None,
    workers: Workers = None,
    progress: Progress | None = None,
) -> DryRun:
    """What `build` would choose, or the nearest feasible mix. Writes and records nothing.

    Raises as `build`, but for bounds that cannot hold and gates that refuse.
    """
    reason = _reason(accept_synthetic)
    plan = make_plan(
        log,
        mix,
        policy,
        roots=roots,
        reserves=reserves,
        table=table,
        workers=workers,
        progress=progress,
    )
    further = _further(mix, plan, policy, reason)
    made = nearest(
        mix,
        plan.divided.strata,
        repeat=repeat,
        accept_synthetic=reason is not None,
        further=further,
    )
    chosen = _draw(mix, plan, made)
    try:
        gates = evaluate(mix, chosen, plan.found, policy, plan.audits, further, reason)
    except GateError as error:
        return DryRun(mix, plan, made, chosen, None, error)
    return DryRun(mix, plan, made, chosen, gates, None)


def build(
    log: Log,
    mix: Mix,
    out: Path,
    policy: Policy,
    *,
    roots: Sequence[Path] = (),
    reserves: Sequence[Path] = (),
    table: Table | None = None,
    accept_synthetic: str | None = None,
    repeat: Fraction | None = None,
    issuer: str | None = None,
    workers: Workers = None,
    progress: Progress | None = None,
) -> Built:
    """Build what `mix` asks for as of the log's head, in the new folder `out`.

    The issuer is the log's name unless given. If nothing that the newest manifest of this name and
    version says has changed, that one is written again; if its mix is the same but the choice is
    not, as after a takedown, the new one names it as its parent. `repeat` instead of the mix's own;
    `table` are the word counts that its tail names.
    Raises InfeasibleError for bounds that cannot hold, GateError above a limit of synthetic text,
    InputError for a folder in use, another mix of this name and version, or a text that is gone,
    DocumentMismatchError for one that changed, RefusedError without a statement key, LogMovedError
    if another writer came between; and what appending raises.
    """
    name = _issuer(log.log_name if issuer is None else issuer)
    reason = _reason(accept_synthetic)
    check_target(out)
    _check_version(log, mix)
    log.sign_head()
    signer = log.keys.signer(
        "statement", statement_key_name(log.log_name), log.log_vkeys("statement")
    )
    record_policy(log, policy)
    plan = make_plan(
        log,
        mix,
        policy,
        roots=roots,
        reserves=reserves,
        table=table,
        workers=workers,
        progress=progress,
    )
    further = _further(mix, plan, policy, reason)
    made = allocate(
        mix,
        plan.divided.strata,
        repeat=repeat,
        accept_synthetic=reason is not None,
        further=further,
    )
    chosen = _draw(mix, plan, made)
    if not len(chosen):
        raise InputError(f"{mix.reference}: found nothing to select", hint="a greater budget")
    gates = evaluate(mix, chosen, plan.found, policy, plan.audits, further, reason)
    with building(out) as folder:
        parts = write_parts(
            folder,
            chosen,
            plan.sources,
            plan.absent,
            progress=None if progress is None else partial(_wrote, progress),
        )
        strata = chosen.plain() | {"unit": mix.unit}
        encoded, listed = encode(strata), format_shards(parts)
        digests = (
            write_whole(folder / STRATA, encoded),
            write_whole(folder / SHARDS, listed),
        )
        draft = _draft(log, mix, plan, chosen, gates, policy, digests, name, signer)
        draft = replace(draft, accepted=reason)
        kept = _kept(plan, chosen)
        describe = partial(
            format_croissant,
            parts=parts,
            strata_bytes=len(encoded),
            shards_bytes=len(listed),
        )
        statement, payload, index, new = record_manifest(log, draft, describe, [encoded, *kept])
        write_whole(folder / CROISSANT, describe(statement))
        write_whole(folder / MANIFEST, sign_envelope(payload, signer))
        for file, data in receipt_files(log, index).items():
            write_whole(folder / file, data)
        settle_folder(folder, out)
    return Built(
        folder=out,
        statement=statement,
        statement_digest=f"sha256:{sha256(payload).hexdigest()}",
        strata=strata,
        index=index,
        signer=signer.verifier.vkey,
        new=new,
    )


def _draw(mix: Mix, plan: Plan, made: Allocation) -> Chosen:
    return choose(
        made,
        plan.found.digests,
        plan.divided.stratum,
        plan.units,
        mix.seed,
        tail=plan.tail,
        keys=plan.keys,
    )


def _further(mix: Mix, plan: Plan, policy: Policy, reason: str | None) -> list[Limit]:
    """Limits that audits add, unless somebody accepts that they are exceeded."""
    if reason is not None:
        return []
    return limits_of_audits(mix, plan.divided, plan.found, plan.units, policy, plan.audits)


def _wrote(progress: Progress, done: int, total: int) -> None:
    progress("writing", done, total, done)


def _issuer(name: str) -> str:
    if not name.strip() or len(name) > 200 or printable(name) != name:
        raise InputError(
            f"issuer: found {printable(name)!r}, expected 1 to 200 visible characters",
            hint="--issuer 'Your organisation'",
        )
    return name


def _reason(text: str | None) -> str | None:
    if text is None:
        return None
    if not text.strip() or len(text) > _LONGEST_REASON or printable(text, len(text)) != text:
        raise InputError(
            f"accept_synthetic: found {printable(text)!r}, "
            f"expected 1 to {_LONGEST_REASON} visible characters",
            hint="say why so much synthetic text may be in it; it is signed",
        )
    return text


def _check_version(log: Log, mix: Mix) -> None:
    """A name and version stand for one mix."""
    newest = newest_of(log, mix.name, mix.version)
    found = None if newest is None else statement_of(log, *newest)
    if found is not None and found[0].mix.encode() != mix.source:
        assert newest is not None
        raise InputError(
            f"{mix.reference}: built before from another mix, at entry {newest[0]}",
            hint=f"write version = {mix.version + 1}, or take the mix of before",
        )


def _draft(
    log: Log,
    mix: Mix,
    plan: Plan,
    chosen: Chosen,
    gates: Gates,
    policy: Policy,
    digests: tuple[bytes, bytes],
    issuer: str,
    signer: Signer,
) -> Statement:
    newest = newest_of(log, mix.name)
    strata = chosen.allocation.strata
    return Statement(
        name=mix.name,
        version=mix.version,
        stage=mix.stage,
        unit=mix.unit,
        budget=mix.budget,
        repeat=chosen.allocation.repeat,
        seed=mix.seed,
        tokenizer=plan.tokenizer,
        content_root=chosen.content_root,
        strata=digests[0],
        shards=digests[1],
        croissant=bytes(32),  # it says what the statement says, and comes last
        members=sha256(_members(chosen)).digest(),
        parent=None if newest is None else parse_digest(str(newest[1].body["statement"])),
        mix=mix.source.decode(),
        policy={
            "cutoff": (mix.cutoff or policy.cutoff).isoformat(),
            "digest": policy.digest,
            "name": policy.name,
            "version": policy.version,
        },
        datasets=tuple(datasets_said(plan.found)),
        head=plan.head,
        axes=strata.axes,
        strata_count=len(strata),
        rows=len(chosen),
        documents=chosen.documents,
        units=int(chosen.given.sum()),
        bounds=tuple(bounds_of(chosen)),
        gates=gates.rows,
        exclusions=exclusions_said(plan.excluded),
        issued_at=log.clock(),
        issuer=issuer,
        limits=limits(issuer, mix.unit),
        tool=tool(),
        log_vkeys=tuple(log.log_vkeys("log")),
        statement_vkeys=(signer.verifier.vkey,),
        tail=None if plan.tail is None else plan.tail.said(chosen.place, chosen.copies),
    )


def _members(chosen: Chosen) -> bytes:
    return np.ascontiguousarray(chosen.digests).tobytes()


def _kept(plan: Plan, chosen: Chosen) -> list[bytes]:
    """Who was chosen, and every candidate's rarity; of more than the vault takes, neither."""
    kept = [_members(chosen)] if len(chosen) <= MAX_MEMBERS else []
    if plan.tail is not None and len(plan.found) <= MAX_MEMBERS:
        kept.append(format_scores(plan.tail.parted.rated.score))
    return kept
