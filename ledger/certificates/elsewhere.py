"""What the datasets' own origins would say of the documents' dates, had no other brought any.

Evidence counts ledger-wide, so a certificate says how many of its documents another dataset dated:
one that is not the certified dataset, or none of those that a manifest selects from. Only documents
that lie in such a one too can differ; they are folded again from origins in the datasets' own and
from claims about the document itself.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ledger.log.decode import decode
from ledger.provenance.facts import DATE_FIELDS, PROFILE_FIELDS, Dates
from ledger.provenance.gather import Files, Others, fold_documents

if TYPE_CHECKING:
    from ledger.certificates.composition import View

__all__ = ["shared_dates"]

_SLICE = 500  # documents at a time; SQLite admits at least 999 parameters
_DATES = PROFILE_FIELDS.index(DATE_FIELDS[0])

Pair = tuple[Dates, Dates]


def shared_dates(view: "View") -> Mapping[Pair, list[int]]:
    """Documents, occurrences and bytes here of the documents that are in another dataset too.

    Keyed by (their dates, the dates that the view's own datasets alone give them).
    """
    found: defaultdict[Pair, list[int]] = defaultdict(lambda: [0, 0, 0])
    for pair, occurrences, size in _shared(view):
        amount = found[pair]
        for place, more in enumerate((1, occurrences, size)):
            amount[place] += more
    return found


def _shared(view: "View") -> Iterator[tuple[Pair, int, int]]:
    connection = view.connection
    names = connection.execute("SELECT id, name, version FROM dataset").fetchall()
    datasets = {f"{name}@{version}": int(number) for number, name, version in names}
    shared: set[int] = set()
    for name, other in datasets.items():
        if name not in view.datasets:
            rows = connection.execute(
                f"SELECT m.document FROM member o JOIN {view.table} m "
                "ON m.dataset = ? AND m.document = o.document WHERE o.dataset = ?",
                (view.dataset_id, other),
            )
            shared.update(row[0] for row in rows)
    documents = sorted(shared)
    files = Files(view.tables, {})
    for start in range(0, len(documents), _SLICE):
        yield from _compare(view, documents[start : start + _SLICE], datasets, files)


def _compare(
    view: "View", documents: list[int], datasets: dict[str, int], files: Files
) -> Iterator[tuple[Pair, int, int]]:
    marks = ",".join("?" * len(documents))
    dates = ", ".join(f"p.{name}" for name in DATE_FIELDS)
    rows = view.connection.execute(
        f"SELECT e.subject, m.occurrences, m.bytes, {dates} FROM {view.table} m "
        "JOIN entry e ON e.idx = m.document JOIN fact f ON f.document = m.document "
        f"JOIN profile p ON p.id = f.profile WHERE m.dataset = ? AND m.document IN ({marks})",
        (view.dataset_id, *documents),
    ).fetchall()
    about = _own_entries(view, [row[0] for row in rows])
    folded = fold_documents(about, view.tables, datasets, files, Others.of(view.tables, (), {}))
    profiles = dict(zip(folded.fact_document.tolist(), folded.fact_profile.tolist(), strict=True))
    for digest, occurrences, size, *known in rows:
        own = folded.profiles[profiles[about[digest][0]]][_DATES:]
        yield (tuple(known), own), occurrences, size  # type: ignore[misc]


def _own_entries(view: "View", digests: list[bytes]) -> dict[bytes, list[int]]:
    """Per document the entries about it, less the origins that name a foreign dataset."""
    matrix = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
    query, index = view.tables.find(matrix)
    indices = np.unique(index).tolist()
    batch = decode(indices, [view.tables.entry_bytes(i) for i in indices])
    names = batch.origins.values["dataset"]
    own = [code for code, name in enumerate(names) if name in view.datasets]
    here = np.isin(batch.origins.codes["dataset"], own)
    foreign = {indices[row] for row in batch.origin_rows[~here].tolist()}
    found: dict[bytes, list[int]] = {digest: [] for digest in digests}
    for position, entry in zip(query.tolist(), index.tolist(), strict=True):
        if entry not in foreign:
            found[digests[position]].append(entry)
    return {digest: sorted(about) for digest, about in found.items()}
