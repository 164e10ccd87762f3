"""The queue of documents to read, worked out from the ledger each time: it has no table of its own.

What claims contradict, what a batch was held for, what a detector is unsure of, and a random draw.
Ascending by how far a document has come (disputed first, then those with one decision), then by why
it is asked about, then by a key that says nothing of the document.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np

from ledger.errors import InputError, printable
from ledger.log.canonical import parse_digest
from ledger.log.log import Log
from ledger.provenance.documents import find_dataset
from ledger.provenance.facts import FLAGS
from ledger.provenance.labels import labelled
from ledger.provenance.review.drawing import Draw, Stratum, draw
from ledger.provenance.review.held import held_tasks
from ledger.provenance.review.recorded import Reviewed, draws_of, reviews_in
from ledger.provenance.review.tasks import MODES, PPB, Progress, Task
from ledger.provenance.rules import Policy

__all__ = ["SAMPLE", "Queue", "Queued", "among", "build_queue", "dataset_draw"]

SAMPLE = 100
"""Documents of a draw, where nobody says otherwise."""

MOST = 1_000
"""Documents asked about for one reason, drawn by their keys where there are more."""

_VERDICTS = 20_000  # the newest claims of detectors that are looked at
_FETCH, _ASKED = 10_000, 500
_TAG = b"headwater/review-queue/v1\n"
_RANK = {"disputed": 0, "open": 1, "settled": 2}


@dataclass(frozen=True)
class Queued:
    """A task, and how far people have come with its document."""

    task: Task
    progress: Progress


@dataclass(frozen=True)
class Queue:
    """All tasks of a dataset in their order, the settled ones last.

    `drawn` is the random draw, `kept` whether decisions of it are recorded.
    """

    dataset: str
    queued: tuple[Queued, ...]
    drawn: Draw
    kept: bool
    reviewed: tuple[Reviewed, ...]

    @property
    def waiting(self) -> list[Queued]:
        """Those that are not settled."""
        return [one for one in self.queued if one.progress.status != "settled"]

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """Why → status → documents."""
        found: dict[str, dict[str, int]] = {}
        for mode in MODES:
            statuses = Counter(o.progress.status for o in self.queued if o.task.mode == mode)
            if statuses:
                found[mode] = {name: statuses[name] for name in _RANK}
        return found

    def of(self, document: str) -> Task | None:
        """The task about a document."""
        return next((one.task for one in self.queued if one.task.document == document), None)


def build_queue(
    log: Log,
    dataset: str,
    policy: Policy,
    *,
    sample: int | None = None,
    seed: int | None = None,
    roots: Sequence[Path] = (),
) -> Queue:
    """The queue of `name@version` as the ledger stands.

    The random draw goes on with the newest one that decisions are recorded of, if it is the one
    that `sample` and `seed` mean; else a new one is drawn. A document is asked about once, for the
    first of: the draw, a conflict, a held batch, a detector's doubt. Raises UnknownNameError or
    InputError for the dataset, and what reading it raises.
    """
    number = find_dataset(log.connection, dataset)
    reviewed = reviews_in(log, lambda some: among(log, number, some))
    attachment = (lambda digest: None) if log.vault is None else log.vault.attachment
    recorded = draws_of(reviewed, dataset, attachment)
    drawn = next((one for one in recorded if one.asks_for(sample, seed)), None)
    kept = drawn is not None
    if drawn is None:
        drawn = dataset_draw(log, dataset, policy, SAMPLE if sample is None else sample, seed or 0)
    found = [
        *drawn.tasks.values(),
        *_flagged(log, number, "conflict", FLAGS["conflict"], 0),
        *held_tasks(log, dataset, roots),
        *_flagged(log, number, "uncertain", FLAGS["classified"], FLAGS["classified_fdr"]),
        *_unsure(log, number),
    ]
    here = among(log, number, [parse_digest(task.document) for task in found])
    tasks: dict[str, Task] = {}
    for task in found:
        if parse_digest(task.document) in here:
            tasks.setdefault(task.document, task)
    progress = {one.document: one.progress for one in reviewed}
    for document in progress:
        tasks.setdefault(document, Task(document, "complaint"))
    nothing = Progress("open", 0, None)
    queued = [Queued(task, progress.get(task.document, nothing)) for task in tasks.values()]
    return Queue(dataset, tuple(sorted(queued, key=_order)), drawn, kept, tuple(reviewed))


def _order(one: Queued) -> tuple[int, int, int, bytes]:
    digest = parse_digest(one.task.document)
    seed = one.task.draw or ""
    key = sha256(_TAG + seed.encode() + digest).digest()
    return (
        _RANK[one.progress.status], -one.progress.decided, MODES.index(one.task.mode), key
    )  # fmt: skip


def dataset_draw(log: Log, dataset: str, policy: Policy, sample: int, seed: int) -> Draw:
    """A new draw from the documents of a dataset, in strata by the rule that labels them.

    Raises InputError as drawing.draw.
    """
    rows = log.connection.execute(
        f"WITH {labelled(policy)} SELECT e.subject, m.document, l.rule FROM member AS m "
        "JOIN entry AS e ON e.idx = m.document JOIN fact AS f ON f.document = m.document "
        "JOIN labelled AS l ON l.profile = f.profile WHERE m.dataset = ? ORDER BY e.subject",
        (find_dataset(log.connection, dataset),),
    )
    digests: list[np.ndarray[tuple[int, int], np.dtype[np.uint8]]] = []
    first: list[int] = []
    codes: list[int] = []
    while part := rows.fetchmany(_FETCH):
        subjects, documents, rules = zip(*part, strict=True)
        digests.append(np.frombuffer(b"".join(subjects), np.uint8).reshape(-1, 32))
        first += documents
        codes += rules
    if not codes:
        raise InputError(f"{printable(dataset)}: found no documents, expected at least one")
    names = [f"{rule.label} {rule.basis} {rule.number}" for rule in policy.rules]
    every = np.array(codes, np.int64)
    sizes = np.bincount(every, minlength=len(names))
    strata = draw(np.concatenate(digests), every, names, sample, seed)
    return Draw(
        dataset=dataset,
        size=log.size,
        policy=policy.digest,
        cutoff=policy.cutoff.isoformat(),
        sample=sample,
        seed=seed,
        strata=tuple(
            Stratum(
                name,
                int(sizes[names.index(name)]),
                tuple(log.entry(first[place]).subject for place in places.tolist()),
            )
            for name, places in strata
        ),
    )


# --- why a document is asked about


def among(log: Log, number: int, digests: Sequence[bytes]) -> set[bytes]:
    """Those of some digests that are documents of the dataset in row `number`."""
    distinct = sorted(set(digests))
    if not distinct:
        return set()
    query, index = log.find_all(np.frombuffer(b"".join(distinct), np.uint8).reshape(-1, 32))
    first: dict[int, int] = {}
    for place, entry in zip(query.tolist(), index.tolist(), strict=True):
        first[place] = min(entry, first.get(place, entry))
    documents = {entry: distinct[place] for place, entry in first.items()}
    found: set[bytes] = set()
    for start in range(0, len(documents), _ASKED):
        part = list(documents)[start : start + _ASKED]
        marks = ",".join("?" * len(part))
        rows = log.connection.execute(
            f"SELECT document FROM member WHERE dataset = ? AND document IN ({marks})",
            (number, *part),
        )
        found.update(documents[document] for (document,) in rows)
    return found


def _flagged(log: Log, number: int, mode: str, flag: int, without: int) -> list[Task]:
    """The members whose facts have one flag and not another."""
    rows = log.connection.execute(
        "SELECT m.document FROM member AS m JOIN fact AS f ON f.document = m.document "
        "JOIN profile AS p ON p.id = f.profile "
        f"WHERE m.dataset = ? AND (p.flags & {flag}) <> 0 AND (p.flags & {without}) = 0",
        (number,),
    ).fetchall()
    return _some([log.entry(int(first)).subject for (first,) in rows], mode)


def _unsure(log: Log, number: int) -> list[Task]:
    """The members of which a detector says that it does not know."""
    rows = log.connection.execute(
        "SELECT idx, subject FROM entry WHERE kind <> 'origin' AND kind = 'verdict' "
        "ORDER BY idx DESC LIMIT ?",
        (_VERDICTS,),
    ).fetchall()
    here = among(log, number, [bytes(subject) for _, subject in rows])
    found: set[str] = set()
    for index, subject in rows:
        if bytes(subject) in here:
            entry = log.entry(int(index))
            if entry.body["outcome"] == "uncertain":
                found.add(entry.subject)
    return _some(found, "uncertain")


def _some(documents: Iterable[str], mode: str) -> list[Task]:
    """All of them, or MOST by their keys, each then with its chance."""
    found = sorted(documents, key=lambda one: sha256(_TAG + parse_digest(one)).digest())
    chance = None if len(found) <= MOST else PPB * MOST // len(found)
    return [Task(document, mode, None, chance) for document in found[:MOST]]
