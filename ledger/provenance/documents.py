"""Documents a page at a time, each with its label and basis. Lists; explains nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from ledger.databases import Connection
from ledger.errors import InputError, UnknownNameError, printable
from ledger.log.log import Log
from ledger.provenance.labels import labelled
from ledger.provenance.rules import LABELS, Policy

__all__ = ["Listed", "find_dataset", "list_documents"]


@dataclass(frozen=True)
class Listed:
    """A row of the list. Size and language are of one dataset's member, or None."""

    document: str
    entry: int
    label: str
    basis: str
    rule: str
    bytes: int | None
    occurrences: int | None
    language: str | None


def find_dataset(connection: Connection, dataset: str) -> int:
    """The id of `name@version`. Raises InputError for another spelling, UnknownNameError."""
    name, at, version = dataset.rpartition("@")
    if not (at and name and version):
        raise InputError(
            f"{printable(dataset)}: found no version, expected NAME@VERSION",
            hint="headwater dataset list",
        )
    row = connection.execute(
        "SELECT id FROM dataset WHERE name = ? AND version = ?", (name, version)
    ).fetchone()
    if row is None:
        rows = connection.execute("SELECT name, version FROM dataset").fetchall()
        raise UnknownNameError("dataset", dataset, [f"{n}@{v}" for n, v in rows])
    return int(row[0])


def list_documents(
    log: Log,
    policy: Policy,
    *,
    dataset: str | None = None,
    label: str | None = None,
    limit: int = 20,
    cutoff: date | None = None,
) -> list[Listed]:
    """The first `limit` documents in the order of the log. Raises UnknownNameError, InputError."""
    if label is not None and label not in LABELS:
        raise UnknownNameError("label", label, LABELS)
    chosen = [str(place) for place, rule in enumerate(policy.rules) if rule.label == label]
    if label is not None and not chosen:
        return []
    where = f"l.rule IN ({', '.join(chosen)})" if label is not None else "true"
    head = f"WITH {labelled(policy, cutoff)} "
    if dataset is None:
        rows = log.connection.execute(
            f"{head}SELECT f.document, l.rule, NULL, NULL, NULL FROM fact AS f "
            # CROSS JOIN keeps SQLite walking fact in order, so that LIMIT ends the walk
            f"CROSS JOIN labelled AS l WHERE l.profile = f.profile AND {where} "
            "ORDER BY f.document LIMIT ?",
            (limit,),
        ).fetchall()
    else:
        rows = log.connection.execute(
            f"{head}SELECT m.document, l.rule, m.bytes, m.occurrences, a.language "
            "FROM member AS m JOIN fact AS f ON f.document = m.document "
            "JOIN labelled AS l ON l.profile = f.profile "
            "JOIN attributes AS a ON a.id = m.attributes "
            f"WHERE m.dataset = ? AND {where} ORDER BY m.document LIMIT ?",
            (find_dataset(log.connection, dataset), limit),
        ).fetchall()
    return list(_listed(log, policy, rows))


def _listed(
    log: Log,
    policy: Policy,
    rows: Iterable[tuple[int, int, int | None, int | None, str | None]],
) -> Iterable[Listed]:
    for document, place, size, occurrences, language in rows:
        rule = policy.rules[place]
        subject = log.entry(document).subject
        yield Listed(
            subject, document, rule.label, rule.basis, rule.number, size, occurrences, language
        )
