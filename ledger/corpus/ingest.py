"""Files in, claims in the log. Two phases: stage every input, then append.

Nothing is recorded before every input was read to its end and every piece of evidence was looked
at. Appending takes the write lock per batch; a run that is killed is finished by running it again,
because an origin already recorded (same document, dataset and locator) is not recorded twice.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from ledger.claims import Dataset, Operation
from ledger.corpus.atomic import storage_error
from ledger.corpus.dataset import Description, describe
from ledger.corpus.dating import (
    evidence_claims,
    evidence_tables,
    record_in_batches,
    refuse_unused,
)
from ledger.corpus.evidence import Evidence, Reading, check, level
from ledger.corpus.inputs import Input, expand, left_over
from ledger.corpus.origins import OriginContext, digest_matrix, origin_entries, scopes_of
from ledger.corpus.readers import DEFAULTS, ReadOptions, Snapshot, check_settings
from ledger.corpus.staging import Staged, StagedInput, read_options, stage, write_rejects
from ledger.errors import InputError, RefusedError, VerificationError, printable
from ledger.log.canonical import subject_of
from ledger.log.log import Log
from ledger.log.record import Claim, live
from ledger.log.vault import Disclosure, Vault, commit, scope_of

__all__ = ["Ingested", "Noted", "ingest"]

Progress = Callable[[str, int, int, int], None]
"""Hears (what is going on, done, in all, documents so far)."""


@dataclass(frozen=True)
class Noted:
    """A piece of evidence as recorded: about which input, in words, at which level."""

    path: str
    detail: str
    outcome: str
    level: int


@dataclass(frozen=True)
class Ingested:
    """What one run recorded. `first` … `size` are the log's sizes before and after.

    `passed` counts what is no document by design and `left_over` the files nobody reads, by ending.
    """

    dataset: str
    inputs: int
    documents: int
    recorded: int
    already: int
    rejected: int
    bytes: int
    first: int
    size: int
    evidence: tuple[Noted, ...]
    passed: Mapping[str, int]
    left_over: Mapping[str, int]


def ingest(
    log: Log,
    paths: Sequence[Path],
    *,
    dataset: str | None = None,
    describe_with: Path | None = None,
    format: str | None = None,
    rejects: Path | None = None,
    options: ReadOptions = DEFAULTS,
    ai_tools_since: date | None = None,
    progress: Progress | None = None,
) -> Ingested:
    """Record every document of `paths` as a member of a dataset.

    `ai_tools_since` is the organisation's own boundary: from then on its writers had AI tools.
    Raises MalformedError at the first bad row (nothing is recorded) unless `rejects` names a file
    for them; InputError, VerificationError for evidence that contradicts an input, StorageError,
    BusyError.
    """
    vault = log.vault
    if vault is None:
        raise RefusedError(f"{log.location}: opened for reading only")
    description = describe(
        dataset, paths, describe_with, ai_tools_since=ai_tools_since, options=options.settings
    )
    _same_channel(log, description)
    options = read_options(description, options)
    check_settings(options)
    inputs = expand(paths, format, options)
    description, options = _settled(description, options, inputs)
    refuse_unused(description, inputs, options)
    found = _evidence(inputs, description, options, _phase(progress, "checking evidence"))
    folder = Path(f"{log.location}.staging")
    staged = stage(
        inputs,
        description,
        options,
        folder,
        _phase(progress, "reading"),
        keep_rejects=rejects is not None,
    )
    if rejects is not None:
        write_rejects(rejects, staged.rejects())
    first = log.size
    noted = _announce(log, vault, description, staged, found)
    recorded = already = size_bytes = 0
    for item in staged.inputs:
        for rows in _tables(item, description):
            fresh = _fresh(log, rows, description.dataset, item.digest)
            already += rows.num_rows - fresh.num_rows
            recorded += fresh.num_rows
            size_bytes += pc.sum(rows.column("bytes")).as_py() or 0
            if fresh.num_rows:
                _append(log, vault, fresh, description, item)
            if progress is not None:
                done = recorded + already
                progress("recording", done, staged.rows, done)
    _tidy(folder)
    return Ingested(
        dataset=description.dataset,
        inputs=len(staged.inputs),
        documents=staged.rows,
        recorded=recorded,
        already=already,
        rejected=staged.rejected,
        bytes=size_bytes,
        first=first,
        size=log.size,
        evidence=tuple(noted),
        passed=staged.passed,
        left_over=left_over(paths, inputs, options),
    )


def _phase(progress: Progress | None, what: str) -> Callable[[int, int, int], None] | None:
    if progress is None:
        return None
    hear = progress
    return lambda done, total, documents: hear(what, done, total, documents)


def _settled(
    description: Description, options: ReadOptions, inputs: Sequence[Input]
) -> tuple[Description, ReadOptions]:
    """Options that will read the same again, where all inputs agree on them; they are recorded."""
    found = [
        item.reader.settle(item.path, options)
        for item in inputs
        if isinstance(item.reader, Snapshot)
    ]
    if not found or any(settings != found[0] for settings in found):
        return description, options
    settings = {**options.settings, **found[0]}
    return description.model_copy(update={"options": settings}), replace(options, settings=settings)


def _same_channel(log: Log, description: Description) -> None:
    """A dataset keeps the channel it was first declared with: its members share it."""
    subject = subject_of("dataset", description.name, description.version)
    entries = [(index, log.entry(index)) for index in log.find(subject)]
    for index, entry in live(entries):
        if entry.kind == "dataset" and entry.body.get("channel") != description.channel:
            raise InputError(
                f"{description.dataset}: channel {description.channel}, but entry {index} declares "
                f"{entry.body.get('channel')}",
                hint="give the new data a version of its own",
            )


def _evidence(
    inputs: Sequence[Input],
    description: Description,
    options: ReadOptions,
    progress: Callable[[int, int, int], None] | None,
) -> list[list[tuple[Evidence, str]]]:
    """Have every evidence table about each input checked; a contradiction stops the run."""
    found: list[list[tuple[Evidence, str]]] = []
    done, total = 0, sum(item.size for item in inputs)
    for item in inputs:
        about = []
        for source, only in evidence_tables(description, item, options):
            reading = Reading(item.reader.name, options, only)
            evidence = check(source.type, item.path, source.settings, description.base, reading)
            if evidence.outcome == "failed":
                raise VerificationError(f"{printable(item.path)}: {evidence.detail}")
            about.append((evidence, str(item.path)))
        found.append(about)
        done += item.size
        if progress is not None and description.evidence:
            progress(done, total, 0)
    return found


def _announce(
    log: Log,
    vault: Vault,
    description: Description,
    staged: Staged,
    evidence: Sequence[Sequence[tuple[Evidence, str]]],
) -> list[Noted]:
    """Record the dataset, one operation per input, and the evidence about inputs."""
    body = Dataset.model_validate(description.public())
    subject = subject_of("dataset", description.name, description.version)
    claims = [Claim("dataset", subject, body)]
    attachments: list[bytes] = []
    noted: list[Noted] = []
    scopes = [scope_of("file", item.digest) for item in staged.inputs]
    keys = vault.ensure_keys(scopes)
    for item, scope, about in zip(staged.inputs, scopes, evidence, strict=True):
        claims.append(_operation(item, description.dataset, scope, keys[scope]))
        for piece, path in about:
            claims += evidence_claims(item.digest, piece)
            if piece.response is not None:
                attachments.append(piece.response)
            noted.append(Noted(path, piece.detail, piece.outcome, level(piece.type, piece.outcome)))
    record_in_batches(log, claims, attachments)
    return noted


def _operation(item: StagedInput, dataset: str, scope: bytes, key: bytes) -> Claim:
    path = str(item.path.absolute())
    place = (item.digest, 0, 0)
    body = Operation(
        dataset=dataset,
        bytes=item.size,
        rows=item.rows,
        rejected=item.rejected,
        reader=item.reader,
        reader_version=item.reader_version,
        map=f"sha256:{item.map_digest.hex()}",
        extractors=list(item.extractors) or None,
        language_detector=item.language_detector,
        path=f"sha256:{commit(key, 'path', item.digest, place, path).hex()}",
    )
    return Claim(
        "operation", f"sha256:{item.digest.hex()}", body, Disclosure(scope, {"path": path})
    )


def _tables(item: StagedInput, description: Description) -> Iterator[pa.Table]:
    """The staged rows a batch at a time, the rights holder filled in where the file names none."""
    for batch in item.batches():
        rows = pa.Table.from_batches([batch])
        if description.rights_holder is not None:
            column = pc.fill_null(rows.column("rights_holder"), description.rights_holder)
            place = rows.schema.get_field_index("rights_holder")
            rows = rows.set_column(place, "rights_holder", column)
        yield rows


def _append(
    log: Log, vault: Vault, rows: pa.Table, description: Description, item: StagedInput
) -> None:
    context = OriginContext(
        description.dataset, description.channel, description.license, item.digest, log.clock()
    )
    keys = vault.ensure_keys(scopes_of(rows, item.digest))
    entries, disclosures = origin_entries(rows, context, keys)
    log.append(entries, disclosures)


def _fresh(log: Log, rows: pa.Table, dataset: str, file: bytes) -> pa.Table:
    """The rows whose (document, dataset, locator) no live origin has, each once."""
    digests = digest_matrix(rows.column("sha256"))
    query, index = log.find_all(digests)
    if not len(query):
        return rows
    about: dict[int, list[int]] = {}
    for row, entry in zip(query.tolist(), index.tolist(), strict=True):
        about.setdefault(row, []).append(entry)
    keep = np.ones(rows.num_rows, np.bool_)
    lying = rows.column("file").to_pylist()
    ordinals, parts = rows.column("row").to_pylist(), rows.column("part").to_pylist()
    for row, entries in about.items():
        locator = {
            "file": f"sha256:{(lying[row] or file).hex()}",
            "part": parts[row],
            "row": ordinals[row],
        }
        keep[row] = not _recorded(log, entries, dataset, locator)
    return rows.filter(pa.array(keep))


def _recorded(log: Log, indices: list[int], dataset: str, locator: dict[str, object]) -> bool:
    same = []
    for index in indices:
        entry = orjson.loads(log.store.entry(index))
        if entry["kind"] == "withdrawal":
            everything = [(i, log.entry(i)) for i in indices]
            return any(
                e.kind == "origin" and e.body["dataset"] == dataset and e.body["locator"] == locator
                for _, e in live(everything)
            )
        if entry["kind"] == "origin":
            same.append(entry["body"])
    return any(body["dataset"] == dataset and body["locator"] == locator for body in same)


def _tidy(folder: Path) -> None:
    """Drop the staging folder: everything in it is in the log now."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise storage_error(folder, error) from error
