"""The audit of training batches: of files, or of a dataset of the ledger, which is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ledger.claims import Audit, BatchAudit
from ledger.corpus.neardup.side import Digests, digest_rows, distinct, find_digests
from ledger.engines import Workers
from ledger.errors import InputError, RefusedError, printable
from ledger.log.canonical import encode, subject_of
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.overlap import Reference, dataset_reference, sidecar_folder
from ledger.verdicts.batches.batch import Batch, Scorer, Settings, rows_scored
from ledger.verdicts.batches.compare import Audited, Rules, judge
from ledger.verdicts.batches.known import Known, known_of_files, known_of_profile, nothing_known
from ledger.verdicts.batches.page import batch_data
from ledger.verdicts.batches.reading import Advance, FileTexts, batches_of, dataset_texts
from ledger.verdicts.batches.tokens import Tokenizer, WordTokenizer
from ledger.verdicts.batches.windows import WINDOW
from ledger.verdicts.calibration.find import find_profile, live_profile
from ledger.verdicts.core.model import Model, shipped
from ledger.verdicts.scanning.gather import Scored, gather_scores
from ledger.verdicts.scanning.mapping import classifying

__all__ = ["METHOD", "Asked", "Entry", "Report", "audit_dataset", "audit_files"]

METHOD = "headwater batches v1"

RESULTS_FORMAT = "headwater batch audit v1"
"""The attachment: {"batches": […], "format"}, canonical JSON; reals in millionths."""

_NAMED = 3
_MICRO = 1_000_000


@dataclass(frozen=True)
class Asked:
    """How batches are made and measured. `batch_documents` None: each input is one.

    `window` is the largest number of tokens that measures are taken over.
    """

    rules: Rules = field(default_factory=Rules)
    tokenizer: Tokenizer = field(default_factory=WordTokenizer)
    batch_documents: int | None = None
    window: int = WINDOW


@dataclass(frozen=True)
class Entry:
    """Where an audit stands in the ledger; `new` is False if it stood there before."""

    index: int
    new: bool


@dataclass(frozen=True)
class Report:
    """What an audit came to. `what` names what was audited; `entry` is None if nothing was
    recorded."""

    what: str
    audited: Audited
    asked: Asked
    known: Known
    detector: str
    weights: str
    rejected: int = 0
    first_reject: str | None = None
    dataset: str | None = None
    entry: Entry | None = None


def audit_files(
    paths: Sequence[Path],
    asked: Asked | None = None,
    *,
    human: Sequence[Path] = (),
    log: Log | None = None,
    calibration: str | None = None,
    source: str | None = None,
    model: Model | None = None,
    progress: Advance | None = None,
) -> Report:
    """Audit files and folders, each input a batch in the order of `paths`; nothing is recorded.

    Known human text is that below `human`, or a `calibration` of `log`, or there is none. Raises
    InputError for what cannot be read, for too little known text and for documents that are in
    both; what finding the calibration raises.
    """
    asked, using = asked or Asked(), model or shipped()
    score = _scorer(using)
    if human:
        known = known_of_files(human, score, using.training.sha256, asked.tokenizer, asked.window)
    elif calibration is not None and log is not None:
        profile = find_profile(log, calibration, at=log.clock(), weights=using.digest)
        known = known_of_profile(log, profile, asked.tokenizer, source)
    else:
        known = nothing_known()
    texts = FileTexts.of(paths)
    settings = _settings(asked, known, score, using)
    batches = batches_of(
        texts.tables(), settings, len(texts.inputs), asked.batch_documents, progress
    )
    return Report(
        what=str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1:,} more",
        audited=_judged(batches, known, asked),
        asked=asked,
        known=known,
        detector=f"{using.name} {using.version}",
        weights=using.digest,
        rejected=texts.rejected,
        first_reject=texts.first_reject,
    )


def audit_dataset(
    log: Log,
    dataset: str,
    asked: Asked | None = None,
    *,
    calibration: str | None = None,
    source: str | None = None,
    model: Model | None = None,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Advance | None = None,
) -> Report:
    """Audit `name@version` in the order in which it was read, and record it as one claim.

    `calibration` names the profile of known human text, the newest that counts by default; without
    any nothing is recorded. The same again records nothing new. Raises UnknownNameError, what
    finding the calibration, reading and recording raise, InputError as audit_files.
    """
    asked, using = asked or Asked(), model or shipped()
    ours = dataset_reference(log, dataset, roots)
    at = log.clock()
    profile = (
        live_profile(log, at=at, weights=using.digest)
        if calibration is None
        else find_profile(log, calibration, at=at, weights=using.digest)
    )
    if profile is None:
        known = nothing_known()
    else:
        known = known_of_profile(log, profile, asked.tokenizer, source)
    scored = gather_scores(
        ours, using, sidecar_folder(log.location), workers=workers, progress=progress
    )
    settings = _settings(asked, known, _looked_up(scored), using)
    batches = batches_of(
        dataset_texts(ours), settings, len(ours.sources), asked.batch_documents, progress
    )
    report = Report(
        what=dataset,
        audited=_judged(batches, known, asked),
        asked=asked,
        known=known,
        detector=f"{using.name} {using.version}",
        weights=using.digest,
        dataset=dataset,
    )
    if profile is None:
        return report
    entry = _recorded(log, dataset, ours, report, using, source)
    return replace(report, entry=entry)


def _settings(asked: Asked, known: Known, score: Scorer, model: Model) -> Settings:
    return Settings(
        tokenizer=asked.tokenizer,
        sizes=known.sizes(asked.window),
        score=score,
        rare={one.name: one.bands.rare for one in known.sources if one.bands is not None},
        known=known.documents,
        trained=model.training.sha256,
    )


def _judged(batches: Sequence[Batch], known: Known, asked: Asked) -> Audited:
    """Raises InputError for undated known documents in a batch: test and calibration in one."""
    digests = distinct(np.concatenate([batch.digests for batch in batches]))
    shared = digests[
        (find_digests(digests, known.documents) >= 0) & (find_digests(digests, known.dated) < 0)
    ]
    if len(shared):
        named = ", ".join(f"sha256:{row.tobytes().hex()}" for row in shared[:_NAMED])
        raise InputError(
            f"found {len(shared):,} documents of the batches in the known human text too, such as "
            f"{named}; expected none",
            hint="compare with other human text of the same kind",
        )
    return judge(batches, known.sources, asked.rules)


def _scorer(model: Model) -> Scorer:
    scan = classifying(model)
    return lambda table: rows_scored(scan.apply(table))


def _looked_up(scored: Scored) -> Scorer:
    """Scores that are there already, by digest."""

    def score(table: pa.Table) -> Scored:
        digests: Digests = digest_rows(table.column("sha256"))
        return scored.take(find_digests(digests, scored.digests))

    return score


def _recorded(
    log: Log, dataset: str, ours: Reference, report: Report, model: Model, source: str | None
) -> Entry:
    known, audited, asked = report.known, report.audited, report.asked
    if known.claim is None:
        raise RefusedError(f"{printable(dataset)}: no calibration, expected one to record")
    alpha_ppm = round(asked.rules.alpha * _MICRO)
    settings = {
        "alpha_ppm": alpha_ppm,
        "batch_documents": asked.batch_documents or 0,
        "rule": asked.rules.rule,
        "source": source or "",
        "tokenizer": asked.tokenizer.identity,
        "window": asked.window,
    }
    # by number: where the inputs lie now is no part of a result
    batches = [
        {**_micro(batch_data(one)), "batch": place} for place, one in enumerate(audited.judged)
    ]
    results = encode({"format": RESULTS_FORMAT, "batches": batches})
    first = None if audited.drift is None else audited.drift.first
    body = Audit(
        dataset=dataset,
        content_root=f"sha256:{ours.root.hex()}",
        audit="batches",
        method=METHOD,
        detector=model.name,
        detector_version=model.version,
        calibration=known.claim,
        parameters=f"sha256:{sha256(encode(settings)).hexdigest()}",
        results=f"sha256:{sha256(results).hexdigest()}",
        weights=model.digest,
        batches=BatchAudit(
            batches=len(audited.judged),
            documents=sum(one.batch.documents for one in audited.judged),
            held=len(audited.held),
            alpha_ppm=alpha_ppm,
            rule=asked.rules.rule,
            reasons=audited.reasons,
            drifted_at=first,
        ),
    )
    name, _, version = dataset.rpartition("@")
    claim = Claim("audit", subject_of("dataset", name, version), body)
    (done,) = record(log, [claim], attachments=[results])
    return Entry(done.index, done.new)


def _micro(value: Any) -> Any:
    """JSON values without fractions and nulls: reals in millionths, as canonical JSON asks for."""
    if isinstance(value, float):
        return round(_MICRO * value)
    if isinstance(value, dict):
        return {key: _micro(item) for key, item in value.items() if item is not None}
    return [_micro(item) for item in value] if isinstance(value, list) else value
