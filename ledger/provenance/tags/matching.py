"""Which tags have found their document: exactly, in another rendering, or not yet."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.record import live
from ledger.provenance.authors import author_keys
from ledger.provenance.documents import find_dataset
from ledger.provenance.standing import standing_claims
from ledger.provenance.tags.spans import parse_spans

__all__ = ["Matched", "Standing", "matches", "summed"]

State = Literal["exact", "rendered", "waiting"]
_SLICE = 5_000


@dataclass(frozen=True)
class Standing:
    """A live tag that nothing supersedes, and what became of it. `lost_spans`: it stands in another
    rendering, where not all of its spans were found.
    """

    index: int
    entry: Entry
    state: State
    lost_spans: bool = False

    @property
    def claim_id(self) -> str:
        return self.entry.claim_id


@dataclass(frozen=True)
class Matched:
    """Counts over tags."""

    tags: int
    exact: int
    rendered: int
    waiting: int
    lost_spans: int

    @property
    def matched(self) -> int:
        return self.exact + self.rendered


def matches(log: Log, datasets: Sequence[str] = ()) -> list[Standing]:
    """Every tag that stands, in the log's order; matched by the documents of any of `datasets`,
    by those of any dataset at all where none is named. Raises UnknownNameError.
    """
    numbers = [find_dataset(log.connection, name) for name in datasets]
    claims, held = _claims(log, numbers)
    repeated: dict[str, list[Entry]] = {}
    for _, entry in claims:
        if "repeats" in entry.body and entry.subject in held:
            repeated.setdefault(str(entry.body["repeats"]), []).append(entry)
    found = []
    for index, entry in claims:
        if "repeats" in entry.body:
            continue
        elsewhere = repeated.get(entry.claim_id, [])
        state: State = "waiting"
        if entry.subject in held:
            state = "exact"
        elif elsewhere:
            state = "rendered"
        lost = any("spans" in entry.body and _spans_lost(log, entry, again) for again in elsewhere)
        found.append(Standing(index, entry, state, state == "rendered" and lost))
    return found


def summed(standings: Sequence[Standing]) -> Matched:
    """How many of each."""
    states = Counter(item.state for item in standings)
    return Matched(
        len(standings), states["exact"], states["rendered"], states["waiting"],
        sum(item.lost_spans for item in standings),
    )  # fmt: skip


def _spans_lost(log: Log, entry: Entry, again: Entry) -> bool:
    """Whether the repeated claim speaks of fewer spans than the one that it repeats. Where the
    vault withholds their lists, only that there is none is telling.
    """
    if "spans" not in again.body:
        return True
    lists = [
        log.vault.attachment(parse_digest(str(one.body["spans"])))
        if log.vault is not None
        else None
        for one in (entry, again)
    ]
    counts = [len(parse_spans(data)) for data in lists if data is not None]
    return len(counts) == 2 and counts[1] < counts[0]


def _claims(log: Log, numbers: Sequence[int]) -> tuple[list[tuple[int, Entry]], set[str]]:
    """Live authorship claims that no live one about the document supersedes; and which of their
    subjects are documents of a dataset.
    """
    rows = log.connection.execute(
        "SELECT DISTINCT subject FROM entry WHERE kind <> 'origin' AND kind = 'authorship' "
        "AND idx < ?",
        (log.size,),
    ).fetchall()
    subjects = [row[0] for row in rows]
    authors = author_keys(log) if subjects else {}
    claims: list[tuple[int, Entry]] = []
    held: set[str] = set()
    for start in range(0, len(subjects), _SLICE):
        part = subjects[start : start + _SLICE]
        query, index = log.find_all(np.frombuffer(b"".join(part), np.uint8).reshape(-1, 32))
        about: dict[int, list[int]] = {}
        for place, entry in sorted(zip(query.tolist(), index.tolist(), strict=True)):
            about.setdefault(place, []).append(entry)
        members = _members(log, [indices[0] for indices in about.values()], numbers)
        for indices in about.values():
            said = live([(n, log.entry(n)) for n in indices])
            tags = [entry for _, entry in said if entry.kind == "authorship"]
            claims += [(n, entry) for n, entry, _ in standing_claims(said, authors)]
            if indices[0] in members and tags:
                held.add(tags[0].subject)
    return sorted(claims, key=lambda item: item[0]), held


def _members(log: Log, documents: Sequence[int], numbers: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(documents), 500):
        part = documents[start : start + 500]
        where = f"document IN ({','.join('?' * len(part))})"
        if numbers:
            where += f" AND dataset IN ({','.join('?' * len(numbers))})"
        rows = log.connection.execute(
            f"SELECT DISTINCT document FROM member WHERE {where}", [*part, *numbers]
        )
        found.update(row[0] for row in rows)
    return found
