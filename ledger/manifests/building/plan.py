"""What a mix comes to in a ledger as it stands: candidates, units, strata, audits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ledger.corpus.texts import text_sources
from ledger.engines import Source, Workers
from ledger.errors import InputError, LedgerError, LogMovedError, UnknownNameError
from ledger.log.log import Log
from ledger.manifests.building.gates import Audited, audits_of
from ledger.manifests.mix.axes import FINAL_STAGES
from ledger.manifests.mix.mix import Mix
from ledger.manifests.sampling.engine_keys import engine_keys
from ledger.manifests.sampling.keys import Keys
from ledger.manifests.statement import Head
from ledger.manifests.strata.anchors import anchors_of, near_anchors
from ledger.manifests.strata.candidates import Candidates, find_named, read_candidates
from ledger.manifests.strata.divide import Divided, divide
from ledger.manifests.strata.excluded import Excluded, exclude
from ledger.manifests.strata.tokens import TOKENIZER, count_tokens
from ledger.manifests.tail.rate import rate, table_said
from ledger.manifests.tail.strata import Tailed, tail_of
from ledger.manifests.tail.table import Table
from ledger.provenance.overlap import sidecar_folder
from ledger.provenance.rules import Policy
from ledger.reserves.audit import reserve_reference
from ledger.reserves.selection.digests import Ints

__all__ = ["Plan", "Progress", "make_plan"]

Progress = Callable[[str, int, int, int], None]
"""(what is done, bytes or documents done, of how many, documents so far)"""


@dataclass(frozen=True, eq=False)
class Plan:
    """What there is to choose from, at the log's `head`; `sources` hold the texts.

    `absent` says why an input is not among them, by its digest; `units` are int64[n], and `keys`
    uint64[n] say how early each document is drawn.
    """

    head: Head
    found: Candidates
    units: Ints
    divided: Divided
    excluded: Excluded
    audits: tuple[Audited, ...]
    sources: tuple[Source, ...]
    absent: dict[bytes, LedgerError]
    tokenizer: str | None
    tail: Tailed | None = None
    keys: Keys | None = None


def make_plan(
    log: Log,
    mix: Mix,
    policy: Policy,
    *,
    roots: Sequence[Path] = (),
    reserves: Sequence[Path] = (),
    table: Table | None = None,
    workers: Workers = None,
    progress: Progress | None = None,
) -> Plan:
    """Read the ledger at its head, and count tokens where they are the mix's unit.

    `roots` are where inputs that moved are looked for, `reserves` the folders of sealed reserves
    whose texts may be taken there, `table` the word counts that the mix's tail names. Raises
    UnknownNameError and InputError for datasets, LogMovedError if another writer came between,
    InputError for a tail without its table, and what reading the texts raises.
    """
    if mix.tail is not None and table is None:
        raise InputError(f"{mix.reference}: found [tail], but no table of word counts was given")
    cutoff = mix.cutoff or policy.cutoff
    if progress is not None:
        progress("choosing", 0, 0, 0)
    folders = [source for folder in reserves for source in reserve_reference(folder).sources]
    log.database.begin_read(log.connection)
    try:
        checkpoint, note = log.checkpoint()
        if checkpoint.size != log.size:
            raise LogMovedError(
                f"{log.location}: {log.size} entries, signed are {checkpoint.size}",
                hint="somebody is writing; try again",
            )
        named = find_named(log, mix)
        found = read_candidates(log, named, policy, cutoff)
        excluded = exclude(log, mix, found)
        found = found.take(excluded.kept)
        absent: dict[bytes, LedgerError] = {}
        sources = [*folders, *_sources(log, found, roots, absent)]
        anchors = [] if mix.stage in FINAL_STAGES else anchors_of(log)
        if anchors:
            like = near_anchors(
                log,
                anchors,
                found.digests,
                sources,
                sidecar_folder(log.location),
                roots=roots,
                workers=workers,
                progress=_counted(progress, "comparing with anchors"),
            )
            found, excluded = found.take(~like), excluded.also("near_anchor", int(like.sum()))
        units = np.ones(len(found), np.int64)
        if mix.unit == "tokens":
            units = count_tokens(
                found.digests,
                sources,
                sidecar_folder(log.location),
                workers=workers,
                progress=_counted(progress, "counting tokens"),
            )
        tailed, values = None, None
        if mix.tail is not None and table is not None:
            rated = rate(
                found.digests,
                sources,
                table,
                sidecar_folder(log.location),
                workers=workers,
                progress=progress,
            )
            tailed = tail_of(log, mix, mix.tail, found, policy, rated, table_said(table))
            values = tailed.values if "tail" in mix.strata else None
        divided = divide(log, mix.strata, found, policy, units, tail=values)
        keys = engine_keys(
            found.digests,
            mix.seed,
            sidecar_folder(log.location),
            workers=workers,
            progress=_counted(progress, "drawing"),
        )
        audits = audits_of(log, found.named)
    finally:
        log.database.rollback(log.connection)
    head = Head(checkpoint.log_name, checkpoint.size, checkpoint.root, note)
    tokenizer = TOKENIZER if mix.unit == "tokens" else None
    return Plan(head, found, units, divided, excluded, audits, tuple(sources), absent, tokenizer,
                tailed, keys)  # fmt: skip


def _sources(
    log: Log, found: Candidates, roots: Sequence[Path], absent: dict[bytes, LedgerError]
) -> list[Source]:
    """All inputs at hand of the datasets, each once."""
    parts = dict.fromkeys(part for item in found.named for part in item.parts)
    sources: dict[str, Source] = {}
    for part in parts:
        try:
            read = text_sources(log, part, roots, absent)
        except UnknownNameError:  # nothing was read into it from files: its texts are elsewhere
            continue
        for source in read:
            sources.setdefault(source.key, source)
    return list(sources.values())


def _counted(progress: Progress | None, what: str) -> Callable[[int, int, int], None] | None:
    if progress is None:
        return None
    hear = progress
    return lambda done, total, rows: hear(what, done, total, rows)
