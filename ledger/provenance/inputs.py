"""What was read into a dataset: its operations that nobody took back."""

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.log.canonical import Entry
from ledger.log.log import Log
from ledger.log.record import live
from ledger.provenance.disclosed import disclosed

__all__ = ["InputRead", "inputs_of"]


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


def inputs_of(log: Log, dataset: str) -> Iterator[InputRead]:
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


def _about(log: Log, subject: str) -> list[tuple[int, Entry]]:
    return live([(index, log.entry(index)) for index in log.find(subject)])
