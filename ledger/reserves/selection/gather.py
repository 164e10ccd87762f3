"""What the log says of a reserve's candidates, read once from its first entry to its last.

Occurrences are origin claims, of any dataset: evidence counts wherever it was recorded. Evidence
is kept as distinct records with the subjects they are about; nothing here decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ledger.log.canonical import parse_digest
from ledger.log.decode import decode
from ledger.log.originrows import MISSING, OriginColumns
from ledger.log.runs import keys_of
from ledger.provenance.documents import find_dataset
from ledger.reserves.selection.digests import Digests, Ints, order_of, positions
from ledger.reserves.selection.state import State

__all__ = [
    "OWN_DATE",
    "UNKNOWN",
    "Candidates",
    "Claim",
    "Occurrences",
    "Said",
    "candidates",
    "gather",
]

Mask = npt.NDArray[np.bool_]

UNKNOWN = MISSING
OWN_DATE = "claimed_at"
"""The type of evidence that a source's own date of a text is; no claim may take its name."""

_FETCH = 10_000


@dataclass(frozen=True)
class Candidates:
    """The distinct members of some datasets, by digest, with bytes of text and profile.

    `taken_down` marks those that must not be used any more.
    """

    digests: Digests
    bytes: Ints
    profile: Ints
    taken_down: Mask

    def __len__(self) -> int:
        return len(self.digests)


class Claim(NamedTuple):
    """A piece of evidence as recorded, about a file or a document (its digest in hex)."""

    about: str
    type: str
    binding: str
    outcome: str
    existed_by: int
    issuer: str
    checker: str
    proof: str


@dataclass(frozen=True)
class Occurrences:
    """Live origin claims of candidates: parallel arrays.

    `document` is the row in the candidates; `file`, `dataset`, `language` and `license` index
    their tables, -1 unknown; dates are Unix seconds, UNKNOWN where the source gives none.
    """

    document: Ints
    file: Ints
    dataset: Ints
    language: Ints
    license: Ints
    claimed_at: Ints
    language_ppm: Ints
    files: Sequence[bytes]
    datasets: Sequence[str]
    languages: Sequence[str]
    licenses: Sequence[str]


@dataclass(frozen=True)
class Said:
    """Evidence that names a date, by the 32-byte digest it is about."""

    claims: Mapping[bytes, Sequence[Claim]] = field(default_factory=dict)


def candidates(state: State, datasets: Sequence[str]) -> Candidates:
    """The members of `datasets`. Raises UnknownNameError for a dataset that is none."""
    numbers = [find_dataset(state.connection, dataset) for dataset in datasets]
    marks = ",".join("?" * len(numbers))
    rows = state.connection.execute(
        "SELECT m.document, m.bytes, f.profile, e.subject FROM member m "
        "JOIN fact f ON f.document = m.document JOIN entry e ON e.idx = m.document "
        f"WHERE m.dataset IN ({marks})",
        numbers,
    )
    digests: list[bytes] = []
    values: list[Ints] = [np.empty((0, 3), np.int64)]
    while part := rows.fetchmany(_FETCH):
        *numbers_of, subjects = zip(*part, strict=True)
        digests.append(b"".join(subjects))
        values.append(np.array(numbers_of, np.int64).T)
    table = np.concatenate(values)
    matrix = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
    del digests, values
    if len(numbers) > 1:
        _, first = np.unique(table[:, 0], return_index=True)
        table, matrix = table[first], matrix[first]
    order = order_of(matrix)
    table, matrix = table[order], np.ascontiguousarray(matrix[order])
    return Candidates(matrix, table[:, 1].copy(), table[:, 2].copy(), _down(state, matrix))


def _down(state: State, digests: Digests) -> Mask:
    """Which documents a live takedown is about."""
    down = np.zeros(len(digests), np.bool_)
    subjects = sorted({subject for _, subject in state.of_kind("takedown")})
    asked = np.frombuffer(b"".join(subjects), np.uint8).reshape(-1, 32)
    places = positions(digests, keys_of(digests), asked).tolist()
    for place, subject in zip(places, subjects, strict=True):
        if place >= 0:
            down[place] = any(entry.kind == "takedown" for _, entry in state.about(subject))
    return down


class _Codes:
    """Texts as numbers, in order of their first coming."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def add(self, texts: Sequence[str]) -> Ints:
        """The number of each text, and -1 at the end: so that code -1 stays -1."""
        known = self.numbers
        return np.array([*(known.setdefault(text, len(known)) for text in texts), -1], np.int64)


_CODED = ("file", "dataset", "language", "license")


class _Columns:
    """Growing columns of occurrences. Small numbers are kept small until they are put in order."""

    def __init__(self) -> None:
        self._codes = {name: _Codes() for name in _CODED}
        names = ("index", "document", "claimed_at", "language_ppm", *_CODED)
        self._parts: dict[str, list[Ints]] = {name: [np.empty(0, np.int64)] for name in names}

    def add(self, index: Ints, document: Ints, found: OriginColumns) -> None:
        parts = self._parts
        parts["index"].append(index)
        parts["document"].append(document.astype(np.int32))
        parts["claimed_at"].append(found.claimed_at)
        parts["language_ppm"].append(found.language_ppm)
        for name in _CODED:
            numbers = self._codes[name].add(found.values[name])[found.codes[name]]
            parts[name].append(numbers.astype(np.int32))

    def finish(self, dead: set[int]) -> Occurrences:
        """What was added, less the `dead`, by document. Empties itself on the way."""
        rows = np.flatnonzero(~np.isin(self._whole("index"), np.array(sorted(dead), np.int64)))
        document = self._whole("document")[rows]
        order = np.argsort(document, kind="stable")
        rows, document = rows[order], document[order]
        return Occurrences(
            document=document,
            file=self._whole("file")[rows],
            dataset=self._whole("dataset")[rows],
            language=self._whole("language")[rows],
            license=self._whole("license")[rows],
            claimed_at=self._whole("claimed_at")[rows],
            language_ppm=self._whole("language_ppm")[rows],
            files=[parse_digest(text) for text in self._codes["file"].numbers],
            datasets=list(self._codes["dataset"].numbers),
            languages=list(self._codes["language"].numbers),
            licenses=list(self._codes["license"].numbers),
        )

    def _whole(self, name: str) -> Ints:
        return np.concatenate(self._parts.pop(name)).astype(np.int64, copy=False)


def gather(state: State, about: Candidates) -> tuple[Occurrences, Said]:
    """Occurrences of the candidates, and all evidence there is."""
    keys = keys_of(about.digests)
    columns = _Columns()
    evidence: list[tuple[int, bytes, Claim]] = []
    disputed: set[bytes] = set()
    for first, entries in state.chunks():
        batch = decode(range(first, first + len(entries)), entries)
        for row, entry in batch.others.items():
            subject = batch.subjects[row].tobytes()
            if entry.kind == "withdrawal":
                disputed.add(subject)
            elif entry.kind == "evidence" and "existed_by" in entry.body:
                evidence.append((first + row, subject, _claim(subject, entry.body)))
        place = positions(about.digests, keys, batch.subjects[batch.origin_rows])
        rows = np.flatnonzero(place >= 0)
        if len(rows):
            index = batch.indices[batch.origin_rows[rows]]
            columns.add(index, place[rows], batch.origins.take(rows))
    dead = _dead(state, disputed)
    return columns.finish(dead), _said(evidence, dead)


def _claim(subject: bytes, body: Mapping[str, Any]) -> Claim:
    return Claim(
        about=subject.hex(),
        type=str(body["type"]),
        binding=str(body["binding"]),
        outcome=str(body["outcome"]),
        existed_by=int(body["existed_by"]),
        issuer=str(body.get("issuer", "")),
        checker=str(body["checker"]),
        proof=str(body.get("proof", "")),
    )


def _dead(state: State, subjects: Iterable[bytes]) -> set[int]:
    """Entries about these subjects that their actor took back."""
    dead: set[int] = set()
    for subject in subjects:
        dead.update(set(state.find(subject)) - {index for index, _ in state.about(subject)})
    return dead


def _said(evidence: Sequence[tuple[int, bytes, Claim]], dead: set[int]) -> Said:
    claims: dict[bytes, set[Claim]] = {}
    for index, subject, claim in evidence:
        counts = claim.outcome in ("checked", "asserted") and claim.type != OWN_DATE
        if counts and index not in dead:
            claims.setdefault(subject, set()).add(claim)
    return Said({subject: sorted(about) for subject, about in claims.items()})
