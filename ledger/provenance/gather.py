"""From entries to the fold's inputs: whose origins are live, what their files' evidence says.

Knows where entries come from only through `Source`; writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from ledger.errors import VerificationError
from ledger.log.canonical import Entry, parse_digest
from ledger.log.decode import Decoded, decode
from ledger.log.record import live
from ledger.log.runs import Digests, Indices
from ledger.provenance.classified import Profiles
from ledger.provenance.facts import NO_DATES, OWN_SYNTHETIC, Dates, dates_of
from ledger.provenance.fold import Claims, Folded, Ints, Origins, attribute_codes, fold
from ledger.provenance.marks import Marks
from ledger.provenance.models.registered import Models
from ledger.provenance.named import Authors, named_keys
from ledger.provenance.reviewed import review_flags
from ledger.provenance.standing import standing_claims

__all__ = [
    "DOCUMENT_KINDS",
    "Files",
    "Others",
    "Source",
    "file_ranges",
    "fold_documents",
    "named_keys",
    "origins_of",
]

DOCUMENT_KINDS = frozenset(
    {"origin", "authorship", "evidence", "review", "verdict", "watermark", "withdrawal"}
)


class Source(Protocol):
    """Entries by index, and the entries about a subject."""

    def entry_bytes(self, index: int) -> bytes: ...
    def entry(self, index: int) -> Entry: ...
    def find(self, digests: Digests) -> tuple[Indices, Indices]: ...


class Files:
    """Evidence of files, looked up once each: file digest -> dates."""

    def __init__(self, source: Source, extra: Mapping[bytes, Sequence[int]]) -> None:
        """`extra` names entries about a subject that `source.find` does not answer for yet."""
        self._source = source
        self._extra = extra
        self._dates: dict[bytes, Dates] = {}

    def dates(self, digests: Sequence[bytes]) -> list[Dates]:
        """The dates of each file's live evidence claims."""
        missing = [digest for digest in dict.fromkeys(digests) if digest not in self._dates]
        if missing:
            found: dict[bytes, list[int]] = {d: list(self._extra.get(d, ())) for d in missing}
            query, index = self._source.find(_matrix(missing))
            for q, i in zip(query.tolist(), index.tolist(), strict=True):
                found[missing[q]].append(i)
            for digest, indices in found.items():
                self._dates[digest] = self._fold(indices)
        return [self._dates[digest] for digest in digests]

    def _fold(self, indices: list[int]) -> Dates:
        if not indices:
            return NO_DATES
        entries = [(index, self._source.entry(index)) for index in sorted(set(indices))]
        return dates_of(entry for _, entry in live(entries))


def _matrix(digests: Sequence[bytes]) -> Digests:
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)


def origins_of(
    batch: Decoded, rows: Ints, documents: Ints, datasets: Mapping[str, int], files: Files
) -> Origins:
    """The origin rows `rows` (positions in batch.origins), with their documents."""
    columns = batch.origins.take(rows)
    codes, attributes = attribute_codes(columns)
    numbers = np.array([datasets.get(name, -1) for name in columns.values["dataset"]], np.int64)
    lying, place = np.unique(columns.codes["file"], return_inverse=True)
    digests = [parse_digest(columns.values["file"][code]) for code in lying.tolist()]
    file_dates = files.dates(digests)
    distinct = list(dict.fromkeys(file_dates))
    number = {dates: code for code, dates in enumerate(distinct)}
    by_file = np.array([2 * number[dates] for dates in file_dates], np.int64)
    channels = columns.values["channel"]
    own = channels.index(OWN_SYNTHETIC) if OWN_SYNTHETIC in channels else -2
    return Origins(
        document=documents,
        dataset=numbers[columns.codes["dataset"]] if len(numbers) else _none(),
        bytes=columns.bytes,
        collected_at=columns.collected_at,
        attributes=codes,
        standing=by_file[place] + (columns.codes["channel"] == own) if len(by_file) else _none(),
        attributes_table=attributes,
        site=columns.codes["site"],
        sites=columns.values["site"],
        standing_table=[(dates, synthetic) for dates in distinct for synthetic in (False, True)],
    )


@dataclass(frozen=True)
class Others:
    """What claims about a document rest on beside it: authors' keys, marks, calibrations, models.

    `kinds` are the kinds of the entries that it has to be given.
    """

    authors: Authors
    marks: Marks
    profiles: Profiles
    models: Models
    kinds: ClassVar[tuple[str, ...]] = ("key", "model")

    @classmethod
    def of(
        cls,
        source: Source,
        given: Sequence[tuple[int, Entry]],
        extra: Mapping[bytes, Sequence[int]],
    ) -> "Others":
        """`given` are all entries of `kinds`; `extra` as Files takes it."""
        keys = [(index, entry) for index, entry in given if entry.kind == "key"]
        models = [(index, entry) for index, entry in given if entry.kind == "model"]
        return cls(
            named_keys(_about(source, keys, extra)),
            Marks(source, named_keys(keys, "provider"), extra),
            Profiles(source, extra),
            Models(source, models, extra),
        )


def _about(
    source: Source, entries: Sequence[tuple[int, Entry]], extra: Mapping[bytes, Sequence[int]]
) -> list[tuple[int, Entry]]:
    """Every entry about the subjects of `entries`, withdrawals too."""
    digests = list(dict.fromkeys(parse_digest(entry.subject) for _, entry in entries))
    if not digests:
        return []
    indices = {index for index, _ in entries}
    indices.update(source.find(_matrix(digests))[1].tolist())
    indices.update(index for digest in digests for index in extra.get(digest, ()))
    return [(index, source.entry(index)) for index in sorted(indices)]


def file_ranges(batch: Decoded) -> tuple[list[str], list[int], list[int]]:
    """(file, its first entry here, its last) for each file that the batch's origins name."""
    codes = batch.origins.codes["file"]
    index = batch.indices[batch.origin_rows]
    order = np.argsort(codes, kind="stable")
    used, starts = np.unique(codes[order], return_index=True)
    low = np.minimum.reduceat(index[order], starts).tolist()
    high = np.maximum.reduceat(index[order], starts).tolist()
    return [batch.origins.values["file"][code] for code in used.tolist()], low, high


def _none() -> Ints:
    return np.empty(0, np.int64)


def fold_documents(
    documents: Mapping[bytes, Sequence[int]],
    source: Source,
    datasets: Mapping[str, int],
    files: Files,
    others: Others,
) -> Folded:
    """Fold documents from scratch. `documents`: digest -> all entries about it, ascending."""
    indices = sorted({index for about in documents.values() for index in about})
    batch = decode(indices, [source.entry_bytes(index) for index in indices])
    position = {index: row for row, index in enumerate(indices)}
    withdrawn: set[int] = set()
    claims: dict[int, Claims] = {}
    number = np.zeros(len(indices), np.int64)
    for digest, about in documents.items():
        rows = [position[index] for index in about]
        number[rows] = about[0]
        said = [
            (index, batch.others[row])
            for index, row in zip(about, rows, strict=True)
            if row in batch.others
        ]
        if not said:
            continue
        if any(entry.kind == "withdrawal" for _, entry in said):
            parsed = [(index, source.entry(index)) for index in about]
            alive = {index for index, _ in live(parsed)}
            withdrawn.update(index for index in about if index not in alive)
            said = [(index, entry) for index, entry in said if index in alive]
        if any(bytes(batch.subjects[row]) != digest for row in rows):
            raise VerificationError(f"entry {about[0]}: the look-up names another subject")
        tags = standing_claims(said, others.authors)
        claims[about[0]] = Claims(
            dates_of(entry for _, entry in said),
            tuple((entry, by_author) for _, entry, by_author in tags),
            others.marks.detections(entry for _, entry in said),
            others.profiles.sum_of(said) | review_flags(said, others.authors),
            others.models.generation_of([entry for _, entry, _ in tags]),
        )
    alive_rows = np.array(
        [n for n, row in enumerate(batch.origin_rows.tolist()) if indices[row] not in withdrawn],
        np.int64,
    )
    chosen = number[batch.origin_rows[alive_rows]] if len(alive_rows) else _none()
    return fold(origins_of(batch, alive_rows, chosen, datasets, files), claims)
