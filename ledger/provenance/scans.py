"""What was looked for, at a glance: registered marks counted, and each dataset's last scans.

Only claims are read, and no key: whether a decoder of a mark is at hand is the registry's to know.
"""

from collections import Counter
from dataclasses import dataclass

from ledger.log.canonical import Entry, subject_of
from ledger.log.log import Log
from ledger.log.record import live
from ledger.provenance.gather import named_keys
from ledger.provenance.marks import mark_standing

__all__ = ["LastScan", "MarkCounts", "count_marks", "entries_of_kind", "last_scans"]

_FOUND = {"verdict": "like_ai_sample", "watermark": "detected"}  # outcomes, by the kind of scan


@dataclass(frozen=True)
class MarkCounts:
    """Marks by the status of their newest state that counts; those without one are in none."""

    active: int
    retired: int
    revoked: int

    @property
    def registered(self) -> int:
        return self.active + self.retired + self.revoked


@dataclass(frozen=True)
class LastScan:
    """The newest unwithdrawn scan of one kind of one dataset.

    `found` of the `documents` that the dataset had then came out as what was looked for; None for
    a kind of scan that this program does not know. `marks` is how many registered ones that was.
    """

    dataset: str
    scan: str
    entry: int
    at: int
    documents: int
    marks: int
    found: int | None


def entries_of_kind(log: Log, kind: str) -> list[tuple[int, Entry]]:
    """Every entry of a kind other than `origin`, with its index, ascending."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = ? ORDER BY idx", (kind,)
    ).fetchall()
    return [(int(index), log.entry(index)) for (index,) in rows]


def count_marks(log: Log) -> MarkCounts:
    """The registered marks as they stand."""
    providers = named_keys(entries_of_kind(log, "key"), "provider")
    found: Counter[str] = Counter()
    for subject in {entry.subject for _, entry in entries_of_kind(log, "scheme")}:
        standing = mark_standing(_about(log, subject), providers)
        if standing is not None:
            found[str(standing.body["status"])] += 1
    return MarkCounts(found["active"], found["retired"], found["revoked"])


def last_scans(log: Log, dataset: str | None = None) -> list[LastScan]:
    """The last scan of each kind, of `name@version` or of every dataset; by dataset and kind."""
    if dataset is None:
        subjects = {entry.subject for _, entry in entries_of_kind(log, "scan")}
    else:
        name, _, version = dataset.rpartition("@")
        subjects = {subject_of("dataset", name, version)}
    found = {}
    for subject in subjects:
        for index, entry in live(_about(log, subject)):
            if entry.kind == "scan":
                scan = _last_scan(index, entry)
                found[scan.dataset, scan.scan] = scan
    return [found[key] for key in sorted(found)]


def _last_scan(index: int, entry: Entry) -> LastScan:
    body = entry.body
    kind = str(body["scan"])
    return LastScan(
        dataset=str(body["dataset"]),
        scan=kind,
        entry=index,
        at=entry.at,
        documents=int(body["documents"]),
        marks=len(body["marks"]),
        found=int(body["outcomes"].get(_FOUND[kind], 0)) if kind in _FOUND else None,
    )


def _about(log: Log, subject: str) -> list[tuple[int, Entry]]:
    return [(index, log.entry(index)) for index in log.find(subject)]
