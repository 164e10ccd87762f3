"""Which documents of a set are taken for human: by whose word, or by which evidence of their age.

Nothing here looks at a text. What a detector said of a document never decides: leaving out what it
called AI-like would hide its false alarms.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from ledger.corpus.neardup.side import Digests, find_digests
from ledger.errors import InputError, printable
from ledger.log.content_root import content_root
from ledger.log.log import Log
from ledger.provenance.documents import find_dataset
from ledger.provenance.facts import FLAGS, MIXED
from ledger.provenance.overlap import (
    Reference,
    cache_folder,
    dataset_reference,
    sidecar_folder,
)
from ledger.reserves.opening.open import is_reserve
from ledger.reserves.sealed import find_reserve, statement_of
from ledger.reserves.selection.gather import Candidates, candidates
from ledger.reserves.selection.rule import known_datasets, make_rule
from ledger.reserves.selection.select import REASONS, select
from ledger.reserves.selection.state import State
from ledger.reserves.texts import no_reserve, reserve_texts

__all__ = [
    "RESERVE",
    "Chosen",
    "Dated",
    "ai_text",
    "human_text",
    "only",
    "reason_words",
    "topics_of",
]

RESERVE = "reserve:"

_FLAGGED = {
    "declared_ai": FLAGS["declared_ai"],
    "marked": FLAGS["marked"] | FLAGS["marked_public"],
    "conflict": FLAGS["conflict"],
}
_FETCH = 10_000


@dataclass(frozen=True)
class Dated:
    """Only documents that evidence dates before a day, as reserves ask for it.

    `asserted`: dates that nobody checked count, too.
    """

    before: str
    asserted: bool = False


@dataclass(frozen=True)
class Chosen:
    """A set of documents, and where its sidecars lie.

    `left_out` counts documents by reason (see reason_words). `before` is the cut-off of a dated
    slice, `reserve_root` the content root of the seal they are from. `suspected` documents were
    left out of that seal because a detector had found them AI-like.
    """

    reference: Reference
    folder: Path
    left_out: Mapping[str, int]
    reserve_root: bytes | None = None
    before: date | None = None
    asserted: bool = False
    suspected: int = 0


def human_text(
    log: Log, named: str, *, dated: Dated | None = None, roots: Sequence[Path] = ()
) -> Chosen:
    """The documents of `reserve:NAME[@VERSION]`, of the folder of a seal, or of a dataset.

    Of a dataset without `dated`, the caller says that people wrote it; what is declared otherwise,
    or bears a mark, is left out. Raises UnknownNameError, InputError for a dataset of the owner's
    models, for a folder that is no reserve, for `dated` with a reserve or with a day to come; as
    reserve_texts and dataset_reference.
    """
    folder = Path(named)
    if named.startswith(RESERVE) or (folder.is_dir() and is_reserve(folder)):
        if dated is not None:
            raise InputError(
                f"{printable(named)}: found a date to choose by, expected none with a reserve",
                hint="a reserve's documents are dated already; --before is for datasets",
            )
        return _reserve(log, named.removeprefix(RESERVE), roots)
    known = known_datasets(log)
    if named not in known and folder.is_dir():
        raise no_reserve(named)
    if named in known and known[named].own_synthetic:
        raise InputError(
            f"{printable(named)}: its owner's models wrote it, expected human text",
            hint="--synthetic takes AI text",
        )
    reference = dataset_reference(log, named, roots)
    with _reading(log) as state:
        if dated is None:
            kept, left_out = _unflagged(state, candidates(state, [named]))
            return Chosen(only(reference, kept), sidecar_folder(log.location), left_out)
        rule = make_rule(
            log,
            "calibration",
            datasets=[named],
            before=dated.before,
            allow_asserted=dated.asserted,
        )
        _refuse_to_come(log, rule.before)
        selection = select(state, rule, keep=("classified",))
    return Chosen(
        only(reference, selection.digests),
        sidecar_folder(log.location),
        selection.excluded,
        before=rule.before,
        asserted=dated.asserted,
    )


def _refuse_to_come(log: Log, before: date | None) -> None:
    """A day that has not come makes everything old."""
    today = datetime.fromtimestamp(log.clock(), UTC).date()
    if before is not None and before > today:
        raise InputError(
            f"--before {before.isoformat()}: found a day to come, expected one that has passed",
            hint="text is known as human where it is older than the tools that could have made it",
        )


def ai_text(log: Log, dataset: str, roots: Sequence[Path] = ()) -> Chosen:
    """The documents of a dataset that its owner says models wrote. Raises as dataset_reference."""
    return Chosen(dataset_reference(log, dataset, roots), sidecar_folder(log.location), {})


def reason_words(reason: str) -> str:
    """Why documents were left out, in words."""
    return REASONS[reason]


def topics_of(log: Log, digests: Digests, dataset: str | None = None) -> list[str | None]:
    """The topic of each of some documents (sorted), in one dataset or wherever it is.

    None where it has not exactly one. Raises UnknownNameError, InputError for the dataset.
    """
    only = "" if dataset is None else f"WHERE m.dataset = {find_dataset(log.connection, dataset)}"
    rows = log.connection.execute(
        "SELECT e.subject, a.topic FROM member AS m JOIN entry AS e ON e.idx = m.document "
        f"JOIN attributes AS a ON a.id = m.attributes {only}"
    )
    topics: list[set[str]] = [set() for _ in digests]
    while part := rows.fetchmany(_FETCH):
        subjects = b"".join(subject for subject, _ in part)
        places = find_digests(np.frombuffer(subjects, np.uint8).reshape(-1, 32), digests)
        for place, (_, topic) in zip(places.tolist(), part, strict=True):
            if place >= 0 and topic is not None:
                topics[place].add(topic)
    alone = (known.pop() if len(known) == 1 else None for known in topics)
    return [None if topic == MIXED else topic for topic in alone]


def _reserve(log: Log, named: str, roots: Sequence[Path]) -> Chosen:
    reference = reserve_texts(log, named, roots)
    if reference.members is None:  # in a folder, which may be of another ledger
        return Chosen(reference, cache_folder(), {}, reserve_root=reference.root)
    folder, suspected = sidecar_folder(log.location), _suspected(log, named)
    return Chosen(reference, folder, {}, reserve_root=reference.root, suspected=suspected)


def _suspected(log: Log, named: str) -> int:
    name, _, version = named.partition("@")
    found = statement_of(log, *find_reserve(log, name, int(version) if version else None))
    if found is None:  # withheld; reserve_texts has refused
        return 0
    excluded = found[0].contamination["excluded"]
    return sum(item["documents"] for item in excluded if item["reason"] == "classified")


@contextmanager
def _reading(log: Log) -> Iterator[State]:
    log.database.begin_read(log.connection)
    try:
        yield State.of(log, log.size)
    finally:
        log.database.rollback(log.connection)


def _unflagged(state: State, about: Candidates) -> tuple[Digests, dict[str, int]]:
    """(the documents that nothing speaks against, how many were left out by reason)."""
    rows = state.connection.execute("SELECT id, flags FROM profile ORDER BY id").fetchall()
    table = np.array(rows, np.int64).reshape(-1, 2)
    flags = table[np.searchsorted(table[:, 0], about.profile), 1]
    kept = np.ones(len(about), np.bool_)
    left_out = {}
    reasons = {"taken_down": about.taken_down}
    reasons |= {reason: flags & bits != 0 for reason, bits in _FLAGGED.items()}
    for reason, which in reasons.items():
        left_out[reason] = int((kept & which).sum())
        kept &= ~which
    return about.digests[kept], {reason: count for reason, count in left_out.items() if count}


def only(reference: Reference, digests: Digests) -> Reference:
    """Some of the documents of a set, by their sorted digests."""
    rows = [row.tobytes() for row in digests]
    return replace(reference, root=content_root(rows), documents=len(rows), members=b"".join(rows))
