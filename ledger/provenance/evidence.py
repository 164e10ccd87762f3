"""The evidence a ledger holds about a dataset's inputs and about what lies in them. Only reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from ledger.corpus.evidence import level
from ledger.databases import Connection
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.record import live
from ledger.provenance.conditions import seconds
from ledger.provenance.documents import find_dataset
from ledger.provenance.facts import DATE_FIELDS
from ledger.provenance.inputs import inputs_of

__all__ = [
    "Dated",
    "Piece",
    "Proven",
    "dated_documents",
    "evidence_of",
    "list_evidence",
    "recorded_evidence",
]

Claims = list[tuple[int, Entry]]


@dataclass(frozen=True)
class Proven:
    """Claims of one type about one input that rest on one proof.

    `input` is the digest of the input that was looked at. `elsewhere`: it is no input of the
    dataset, but documents of the dataset lie in it too. `proof` digests the stored proof, if any.
    """

    input: str
    type: str
    proof: str | None
    claims: tuple[tuple[int, Entry], ...]
    elsewhere: bool = False


@dataclass(frozen=True)
class Piece:
    """A row of `dataset evidence list`: live claims that say the same of one input.

    `documents` counts claims about single documents or files, 0: it is about the whole input.
    `existed_by` is the latest of them. `elsewhere`: it was found about another dataset's input.
    """

    entry: int
    input: str
    path: str | None
    type: str
    level: int
    outcome: str
    binding: str
    existed_by: int | None
    issuer: str | None
    checker: str
    proof: str | None
    documents: int
    elsewhere: bool = False

    @property
    def standing(self) -> str:
        """How much the date is worth, in words."""
        if self.outcome == "failed":
            return "check failed"
        if self.existed_by is None:
            return "no date"
        return f"date {self.outcome}"


@dataclass(frozen=True)
class Dated:
    """A dataset's documents by the best evidence of each: level → how many.

    A document that a checked proof dates is not counted among the asserted.
    """

    documents: int
    checked: Mapping[int, int]
    asserted: Mapping[int, int]

    @property
    def undated(self) -> int:
        """Documents that nothing dates."""
        return self.documents - sum(self.checked.values()) - sum(self.asserted.values())


def recorded_evidence(log: Log, dataset: str) -> list[Proven]:
    """The live evidence claims about a dataset, by input, type and proof, in the log's order."""
    inputs = dict.fromkeys(item.digest for item in inputs_of(log, dataset))
    groups: dict[tuple[str, str, str | None], Claims] = {}
    for index, entry in _evidence(log):
        body = entry.body
        about = str(body.get("input", entry.subject))
        if about in inputs or _holds(log, dataset, entry.subject):
            key = (about, str(body["type"]), body.get("proof"))
            groups.setdefault(key, []).append((index, entry))
    return [Proven(*key, tuple(claims), key[0] not in inputs) for key, claims in groups.items()]


def list_evidence(log: Log, dataset: str) -> list[Piece]:
    """Every live piece of evidence about a dataset. Raises UnknownNameError, InputError."""
    log.database.begin_read(log.connection)
    try:
        find_dataset(log.connection, dataset)
        return evidence_of(log, dataset)
    finally:
        log.database.rollback(log.connection)


def evidence_of(log: Log, dataset: str) -> list[Piece]:
    """As list_evidence, of a dataset that is known, within the caller's transaction."""
    paths = {item.digest: item.path for item in inputs_of(log, dataset)}
    return [
        piece
        for proven in recorded_evidence(log, dataset)
        for piece in _pieces(proven, paths.get(proven.input))
    ]


def _pieces(proven: Proven, path: str | None) -> Iterator[Piece]:
    alike: dict[tuple[object, ...], Claims] = {}
    for index, entry in proven.claims:
        body = entry.body
        if entry.subject == proven.input:
            alike[index,] = [(index, entry)]
            continue
        said = (body.get(name) for name in ("outcome", "binding", "issuer", "checker"))
        alike.setdefault((*said, "existed_by" in body), []).append((index, entry))
    for claims in alike.values():
        single = claims[0][1].subject != proven.input
        first, body = claims[0][0], claims[0][1].body
        dates = [entry.body["existed_by"] for _, entry in claims if "existed_by" in entry.body]
        yield Piece(
            entry=first,
            input=proven.input,
            path=path,
            type=proven.type,
            level=level(proven.type, str(body["outcome"])),
            outcome=str(body["outcome"]),
            binding=str(body["binding"]),
            existed_by=max(dates, default=None),
            issuer=body.get("issuer"),
            checker=str(body["checker"]),
            proof=proven.proof,
            documents=len(claims) if single else 0,
            elsewhere=proven.elsewhere,
        )


def _evidence(log: Log) -> Iterator[tuple[int, Entry]]:
    """Every evidence claim of the log that nobody took back."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'evidence' ORDER BY idx"
    ).fetchall()
    withdrawn = {
        str(log.entry(index).subject)
        for (index,) in log.connection.execute(
            "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'withdrawal'"
        ).fetchall()
    }
    for (index,) in rows:
        entry = log.entry(index)
        if entry.subject in withdrawn:
            about = [(i, log.entry(i)) for i in log.find(entry.subject)]
            if not any(i == index for i, _ in live(about)):
                continue
        yield index, entry


def _holds(log: Log, dataset: str, subject: str) -> bool:
    """Whether the subject is a document of the dataset, or a file that some lie in."""
    for index in log.find(subject):
        entry = log.entry(index)
        if entry.kind == "origin" and entry.body["dataset"] == dataset:
            return True
    row = log.connection.execute(
        "SELECT first, last FROM file WHERE digest = ?", (parse_digest(subject),)
    ).fetchone()
    return row is not None and any(log.entry(i).body.get("dataset") == dataset for i in row)


def dated_documents(connection: Connection, dataset: str, before: date | None = None) -> Dated:
    """How many documents of `name@version` are dated, by what. Raises UnknownNameError.

    With `before`, only dates before the beginning of that day (UTC) count.
    """
    limit = seconds(before) if before is not None else None
    number = find_dataset(connection, dataset)
    rows = connection.execute(
        f"SELECT count(*), {', '.join(f'p.{name}' for name in DATE_FIELDS)} FROM member AS m "
        "JOIN fact AS f ON f.document = m.document JOIN profile AS p ON p.id = f.profile "
        "WHERE m.dataset = ? GROUP BY p.id",
        (number,),
    ).fetchall()
    total, counts = 0, ({}, {})  # type: tuple[int, tuple[dict[int, int], dict[int, int]]]
    for count, *dates in rows:
        total += count
        known = [
            place
            for place, moment in enumerate(dates)
            if moment is not None and (limit is None or moment < limit)
        ]
        checked = [place for place in known if place < 6]
        if known:
            standing, best = (0, max(checked)) if checked else (1, max(known) - 6)
            counts[standing][best] = counts[standing].get(best, 0) + count
    return Dated(total, dict(sorted(counts[0].items())), dict(sorted(counts[1].items())))
