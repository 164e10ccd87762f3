"""Datasets as the ledger knows them: their own words, members, inputs, evidence and overlap.

Reads one ledger at one moment. Counts come from the projection; what was declared, read and
checked comes from the entries themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.corpus.evidence import level
from ledger.databases import Connection
from ledger.log.canonical import Entry
from ledger.log.log import Log
from ledger.log.record import live
from ledger.provenance.disclosed import disclosed
from ledger.provenance.documents import find_dataset

__all__ = [
    "Dating",
    "InputRead",
    "Overlap",
    "ShownDataset",
    "Summary",
    "list_datasets",
    "overlap",
    "show_dataset",
]


@dataclass(frozen=True)
class Summary:
    """A dataset's members counted. `bytes` are of distinct documents, in UTF-8.

    `declared` is the entry of its newest unwithdrawn dataset claim; channel and licence are that
    claim's, None where there is none or it does not say.
    """

    dataset: str
    documents: int
    occurrences: int
    bytes: int
    channel: str | None
    license: str | None
    declared: int | None


@dataclass(frozen=True)
class InputRead:
    """One input that was read into a dataset. `path` is None where the vault withholds it."""

    entry: int
    digest: str
    path: str | None
    bytes: int
    rows: int
    rejected: int
    reader: str
    at: int


@dataclass(frozen=True)
class Dating:
    """A piece of evidence about one of a dataset's inputs. `existed_by` is in Unix seconds."""

    entry: int
    input: str
    type: str
    outcome: str
    level: int
    existed_by: int | None
    issuer: str | None

    @property
    def standing(self) -> str:
        """How much the date is worth, in words."""
        if self.outcome == "failed":
            return "check failed"
        if self.existed_by is None:
            return "no date"
        return f"date {self.outcome}"


@dataclass(frozen=True)
class Overlap:
    """Documents that two datasets share byte for byte."""

    dataset: str
    documents: int


@dataclass(frozen=True)
class ShownDataset:
    """Everything `dataset show` says. `fields` is the body of the newest dataset claim."""

    summary: Summary
    fields: Mapping[str, Any]
    inputs: tuple[InputRead, ...]
    evidence: tuple[Dating, ...]
    overlaps: tuple[Overlap, ...]


def list_datasets(log: Log) -> list[Summary]:
    """Every dataset the log names, by name and version; one without members counts nothing."""
    log.database.begin_read(log.connection)
    try:
        return [_summary(log, *row) for row in _rows(log.connection)]
    finally:
        log.database.rollback(log.connection)


def show_dataset(log: Log, dataset: str) -> ShownDataset:
    """What is known of `name@version`. Raises UnknownNameError, or InputError for another spelling.

    VerificationError for a path in the vault that does not open its commitment.
    """
    log.database.begin_read(log.connection)
    try:
        number = find_dataset(log.connection, dataset)
        rows = {row[0]: row for row in _rows(log.connection)}
        summary = _summary(log, *rows[number])
        fields = log.entry(summary.declared).body if summary.declared is not None else {}
        inputs = tuple(_inputs(log, dataset))
        digests = dict.fromkeys(item.digest for item in inputs)
        return ShownDataset(
            summary,
            fields,
            inputs,
            tuple(dating for digest in digests for dating in _evidence(log, digest)),
            tuple(_overlaps(log.connection, number)),
        )
    finally:
        log.database.rollback(log.connection)


def overlap(log: Log, dataset: str, other: str) -> int:
    """How many documents `dataset` shares with `other`, byte for byte. Raises as show_dataset."""
    return _shared(
        log.connection,
        find_dataset(log.connection, dataset),
        find_dataset(log.connection, other),
    )


def _rows(connection: Connection) -> list[tuple[int, str, str, int | None]]:
    rows: list[tuple[int, str, str, int | None]] = connection.execute(
        "SELECT id, name, version, declared FROM dataset ORDER BY name, version"
    ).fetchall()
    return rows


def _summary(log: Log, number: int, name: str, version: str, declared: int | None) -> Summary:
    documents, occurrences, size = log.connection.execute(
        "SELECT count(*), coalesce(sum(occurrences), 0), coalesce(sum(bytes), 0) "
        "FROM member WHERE dataset = ?",
        (number,),
    ).fetchone()
    body = log.entry(declared).body if declared is not None else {}
    return Summary(
        dataset=f"{name}@{version}",
        documents=documents,
        occurrences=occurrences,
        bytes=size,
        channel=body.get("channel"),
        license=body.get("license"),
        declared=declared,
    )


def _about(log: Log, subject: str) -> list[tuple[int, Entry]]:
    return live([(index, log.entry(index)) for index in log.find(subject)])


def _inputs(log: Log, dataset: str) -> Iterator[InputRead]:
    """The unwithdrawn operations that read something into the dataset, in the log's order."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'operation' ORDER BY idx"
    ).fetchall()
    for (index,) in rows:
        entry = log.entry(index)
        body = entry.body
        if body.get("dataset") != dataset or index not in dict(_about(log, entry.subject)):
            continue
        yield InputRead(
            entry=index,
            digest=entry.subject,
            path=disclosed(log, index, entry).get("path"),
            bytes=body["bytes"],
            rows=body["rows"],
            rejected=body["rejected"],
            reader=body["reader"],
            at=entry.at,
        )


def _evidence(log: Log, digest: str) -> Iterator[Dating]:
    for index, entry in _about(log, digest):
        if entry.kind == "evidence":
            body = entry.body
            yield Dating(
                entry=index,
                input=digest,
                type=body["type"],
                outcome=body["outcome"],
                level=level(body["type"], body["outcome"]),
                existed_by=body.get("existed_by"),
                issuer=body.get("issuer"),
            )


def _overlaps(connection: Connection, number: int) -> Iterator[Overlap]:
    for other, name, version, _ in _rows(connection):
        if other != number and (documents := _shared(connection, number, other)):
            yield Overlap(f"{name}@{version}", documents)


def _shared(connection: Connection, number: int, other: int) -> int:
    row = connection.execute(
        "SELECT count(*) FROM member AS m JOIN member AS o "
        "ON o.dataset = ? AND o.document = m.document WHERE m.dataset = ?",
        (other, number),
    ).fetchone()
    return int(row[0])
