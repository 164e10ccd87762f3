"""Datasets as the ledger knows them: their own words, members, inputs, evidence, scans, overlap.

Reads one ledger at one moment. Counts come from the projection; what was declared, read and
checked comes from the entries themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.databases import Connection
from ledger.log.log import Log
from ledger.provenance.documents import find_dataset
from ledger.provenance.evidence import Piece, evidence_of
from ledger.provenance.inputs import InputRead, inputs_of
from ledger.provenance.scans import LastScan, last_scans

__all__ = [
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
    evidence: tuple[Piece, ...]
    scans: tuple[LastScan, ...]
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
        inputs = tuple(inputs_of(log, dataset))
        return ShownDataset(
            summary,
            fields,
            inputs,
            tuple(piece for piece in evidence_of(log, dataset) if not piece.elsewhere),
            tuple(last_scans(log, dataset)),
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
