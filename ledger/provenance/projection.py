"""The provenance projection in SQL: keeps dataset, file, fact, profile, member and attributes.

A document that this batch mentions for the first time, and only by origins, is folded from the
batch. Every other document the batch touches is folded again from all its entries and replaced,
so the tables are a function of the log and not of its batches.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ledger.databases import Connection
from ledger.log.canonical import Entry, parse_digest
from ledger.log.decode import Decoded, decode
from ledger.log.projection import Reader
from ledger.log.record import live
from ledger.log.store import Store
from ledger.provenance.check import ProvenanceCheck
from ledger.provenance.classified import profile_named
from ledger.provenance.facts import ATTRIBUTE_FIELDS, PROFILE_FIELDS
from ledger.provenance.fold import Folded, Ints, fold
from ledger.provenance.gather import (
    DOCUMENT_KINDS,
    Files,
    Others,
    file_ranges,
    fold_documents,
    origins_of,
)
from ledger.provenance.groups import group_subjects
from ledger.provenance.marks import marks_named
from ledger.provenance.models.registered import names_of, said_to_write

__all__ = ["ProvenanceProjection"]

_TABLES = ("dataset", "file", "fact", "profile", "member", "attributes")
Mask = npt.NDArray[np.bool_]
_SLICE = 5_000  # documents folded again at a time


class ProvenanceProjection:
    """What people ask of the log: members of datasets, and the inputs of labels."""

    name = "provenance"
    schema_digest = "e6839668acdff05e"  # of the DDL in tables.py; a test compares
    tables = _TABLES

    def ddl(self) -> list[str]:
        from ledger.log.schema import ddl
        from ledger.log.tables import PROJECTION
        from ledger.provenance import tables  # noqa: F401 - registers the tables with PROJECTION

        return ddl(PROJECTION, set(_TABLES))

    def apply(self, connection: Connection, batch: Decoded, reader: Reader) -> None:
        _Application(connection, batch, reader).run()

    def settle(self, connection: Connection, batch: Decoded) -> None:
        """Nothing is left to do."""

    def check(self, connection: Connection, store: Store, size: int) -> ProvenanceCheck:
        return ProvenanceCheck(connection, store, size)


class _Application:
    """One batch. Holds what its steps share; lives only while it runs."""

    def __init__(self, connection: Connection, batch: Decoded, reader: Reader) -> None:
        self.connection = connection
        self.batch = batch
        self.reader = reader
        self.groups = group_subjects(batch)
        self.extra: dict[bytes, list[int]] = {
            batch.subjects[row].tobytes(): batch.indices[rows].tolist()
            for row, rows in self.groups.repeated.items()
        }
        for row in batch.others:
            digest = batch.subjects[row].tobytes()
            self.extra.setdefault(digest, [int(batch.indices[row])])
        self.files = Files(reader, self.extra)

    def run(self) -> None:
        datasets = self._datasets()
        self._files()
        first_rows = self.groups.first_rows
        prior = self._prior(first_rows)
        kinds = self.batch.kinds
        plain = np.zeros(len(self.batch), np.bool_)
        plain[self.batch.origin_rows] = True
        again: dict[bytes, list[int]] = {}
        direct = plain[first_rows]
        for position, earlier in prior.items():
            row = int(first_rows[position])
            rows = self.groups.rows(row)
            direct[position] = False
            if any(kinds[r] in DOCUMENT_KINDS for r in rows):
                again[self._digest(row)] = [*earlier, *(int(self.batch.indices[r]) for r in rows)]
        for row, rows in self.groups.repeated.items():
            position = int(np.searchsorted(first_rows, row))
            if position not in prior and not all(plain[r] for r in rows):
                direct[position] = False
                if any(kinds[r] in DOCUMENT_KINDS for r in rows):
                    again[self._digest(row)] = [int(self.batch.indices[r]) for r in rows]
        for row, entry in self.batch.others.items():
            digest = self._digest(row)
            if (
                entry.kind in ("authorship", "evidence", "review", "verdict", "watermark")
                and digest not in again
            ):
                again[digest] = [int(self.batch.indices[row])]
        self._reach_through_files(again)
        self._reach_through(again, "scheme", "watermark", marks_named)
        self._reach_through(again, "verdict_calibration", "verdict", profile_named)
        self._reach_through_models(again)
        is_direct = np.zeros(len(self.batch), np.bool_)
        is_direct[first_rows] = direct
        for digest in again:
            for index in again[digest]:
                row = index - int(self.batch.indices[0])
                if row >= 0:
                    is_direct[self.groups.first_of[row]] = False
        self._insert_direct(is_direct, datasets)
        self._replace(again, datasets)

    def _digest(self, row: int) -> bytes:
        digest: bytes = self.batch.subjects[row].tobytes()
        return digest

    def _prior(self, rows: Ints) -> dict[int, list[int]]:
        """Position in `rows` -> earlier entries about the same subject, where there are any."""
        found: dict[int, list[int]] = {}
        query, index = self.reader.find(self.batch.subjects[rows])
        for position, entry in zip(query.tolist(), index.tolist(), strict=True):
            found.setdefault(position, []).append(entry)
        return found

    def _about(self, digest: bytes) -> list[tuple[int, Entry]]:
        """Every entry about a subject, this batch's included."""
        matrix = np.frombuffer(digest, np.uint8).reshape(1, 32)
        earlier = self.reader.find(matrix)[1].tolist()
        indices = sorted({*earlier, *self.extra.get(digest, ())})
        return [(index, self.reader.entry(index)) for index in indices]

    # --- datasets and files

    def _datasets(self) -> dict[str, int]:
        """Ids of the datasets by `name@version`; rows for those named here for the first time."""
        rows = self.connection.execute("SELECT id, name, version FROM dataset").fetchall()
        known = {f"{name}@{version}": number for number, name, version in rows}
        first: dict[str, int] = {}
        if len(self.batch.origin_rows):
            names = self.batch.origins.values["dataset"]
            used, where = np.unique(self.batch.origins.codes["dataset"], return_index=True)
            for code, position in zip(used.tolist(), where.tolist(), strict=True):
                first[names[code]] = int(self.batch.indices[self.batch.origin_rows[position]])
        declared: dict[str, bytes] = {}
        for row, entry in self.batch.others.items():
            if entry.kind == "dataset":
                name = f"{entry.body['name']}@{entry.body['version']}"
                first[name] = min(first.get(name, 1 << 62), int(self.batch.indices[row]))
                declared[name] = self._digest(row)
            elif entry.kind == "withdrawal":
                for _, about in self._about(self._digest(row)):
                    if about.kind == "dataset":
                        name = f"{about.body['name']}@{about.body['version']}"
                        declared[name] = self._digest(row)
        for name, index in sorted(first.items(), key=lambda item: item[1]):
            if name not in known:
                known[name] = index
                self.connection.execute(
                    "INSERT INTO dataset VALUES (?, ?, ?, NULL)", (index, *name.rsplit("@", 1))
                )
        for name, digest in declared.items():
            newest = [i for i, entry in live(self._about(digest)) if entry.kind == "dataset"]
            self.connection.execute(
                "UPDATE dataset SET declared = ? WHERE id = ?",
                (newest[-1] if newest else None, known[name]),
            )
        return known

    def _files(self) -> None:
        """Widen each named file's range of entries."""
        if not len(self.batch.origin_rows):
            return
        texts, low, high = file_ranges(self.batch)
        digests = [parse_digest(text) for text in texts]
        self.connection.executemany(
            "INSERT INTO file VALUES (?, ?, ?) ON CONFLICT (digest) DO UPDATE SET "
            "first = min(first, excluded.first), last = max(last, excluded.last)",
            zip(digests, low, high, strict=True),
        )

    def _reach_through_files(self, again: dict[bytes, list[int]]) -> None:
        """Add the documents whose file gained or lost evidence in this batch."""
        for row, entry in self.batch.others.items():
            if entry.kind not in ("evidence", "withdrawal"):
                continue
            digest = self._digest(row)
            span = self.connection.execute(
                "SELECT first, last FROM file WHERE digest = ?", (digest,)
            ).fetchone()
            if span is None:
                continue
            subjects = [d for d in self._documents_in(digest, *span) if d not in again]
            for subject, about in self._about_all(list(dict.fromkeys(subjects))):
                again[subject] = about

    def _reach_through(
        self,
        again: dict[bytes, list[int]],
        kind: str,
        naming: str,
        named: Callable[[Entry], str | None],
    ) -> None:
        """Add the documents about which a claim of kind `naming` names a subject of kind `kind`
        whose standing this batch changed: a mark, or a calibration.
        """
        changed = self._changed(kind)
        if changed:
            self._reach(again, naming, lambda entry: named(entry) in changed)

    def _reach_through_models(self, again: dict[bytes, list[int]]) -> None:
        """Add the documents that any model is said to have written, of whatever name a model ever
        had here, if this batch changed one: what is tuned from it changes with it.
        """
        if self._changed("model"):
            models = self._of_kinds(("model",))
            names = {name for _, entry in models for name in names_of(entry.body)}
            self._reach(again, "authorship", lambda entry: said_to_write(entry) in names)

    def _changed(self, kind: str) -> set[str]:
        """The subjects about which this batch makes or withdraws a claim of a kind."""
        return {
            entry.subject
            for row, entry in self.batch.others.items()
            if entry.kind == kind
            or (
                entry.kind == "withdrawal"
                and any(about.kind == kind for _, about in self._about(self._digest(row)))
            )
        }

    def _reach(
        self, again: dict[bytes, list[int]], naming: str, chosen: Callable[[Entry], bool]
    ) -> None:
        """Add the documents about which an earlier claim of kind `naming` is chosen."""
        here = {int(self.batch.indices[row]) for row in self.batch.others}
        entries = [entry for index, entry in self._of_kinds((naming,)) if index not in here]
        theirs = [parse_digest(entry.subject) for entry in entries if chosen(entry)]
        for subject, about in self._about_all([d for d in dict.fromkeys(theirs) if d not in again]):
            again[subject] = about

    def _about_all(self, digests: Sequence[bytes]) -> Iterator[tuple[bytes, list[int]]]:
        """(digest, every entry about it, this batch's included, ascending) for each."""
        for start in range(0, len(digests), _SLICE):
            part = digests[start : start + _SLICE]
            found: dict[bytes, list[int]] = {digest: [] for digest in part}
            query, index = self.reader.find(np.frombuffer(b"".join(part), np.uint8).reshape(-1, 32))
            for number, entry in zip(query.tolist(), index.tolist(), strict=True):
                found[part[number]].append(entry)
            for row, subject in enumerate(self._subjects_here()):
                if subject in found:
                    found[subject].append(int(self.batch.indices[row]))
            yield from found.items()

    def _subjects_here(self) -> list[bytes]:
        flat = self.batch.subjects.tobytes()
        return [flat[i : i + 32] for i in range(0, len(flat), 32)]

    def _documents_in(self, digest: bytes, first: int, last: int) -> Iterator[bytes]:
        text = f"sha256:{digest.hex()}"
        for start, entries in self.reader.chunks(first, last + 1):
            part = decode(range(start, start + len(entries)), entries)
            names = part.origins.values["file"]
            if text in names:
                rows = part.origin_rows[part.origins.codes["file"] == names.index(text)]
                for row in rows.tolist():
                    yield part.subjects[row].tobytes()

    # --- rows

    def _insert_direct(self, is_direct: Mask, datasets: Mapping[str, int]) -> None:
        rows = self.batch.origin_rows
        chosen = np.flatnonzero(is_direct[self.groups.first_of[rows]])
        if len(chosen):
            documents = self.batch.indices[self.groups.first_of[rows[chosen]]]
            origins = origins_of(self.batch, chosen, documents, datasets, self.files)
            self._write(fold(origins, {}), Counter(), Counter())

    def _replace(self, again: Mapping[bytes, Sequence[int]], datasets: Mapping[str, int]) -> None:
        if not again:
            return
        others = Others.of(self.reader, self._of_kinds(Others.kinds), self.extra)
        items = list(again.items())
        for start in range(0, len(items), _SLICE):
            part = dict(items[start : start + _SLICE])
            folded = fold_documents(part, self.reader, datasets, self.files, others)
            profiles, attributes = self._delete([about[0] for about in part.values()])
            self._write(folded, profiles, attributes)

    def _of_kinds(self, kinds: Sequence[str]) -> list[tuple[int, Entry]]:
        """Every entry of these kinds, this batch's included."""
        rows = self.connection.execute(
            "SELECT idx FROM entry WHERE kind <> 'origin' "
            f"AND kind IN ({','.join('?' * len(kinds))})",
            tuple(kinds),
        ).fetchall()
        here = {
            int(self.batch.indices[row])
            for row, entry in self.batch.others.items()
            if entry.kind in kinds
        }
        return [
            (index, self.reader.entry(index)) for index in sorted({row[0] for row in rows} | here)
        ]

    def _delete(self, documents: list[int]) -> tuple[Counter[int], Counter[int]]:
        profiles: Counter[int] = Counter()
        attributes: Counter[int] = Counter()
        ids = [row[0] for row in self.connection.execute("SELECT id FROM dataset").fetchall()]
        for start in range(0, len(documents), 500):
            part = documents[start : start + 500]
            marks = ",".join("?" * len(part))
            for profile, count in self.connection.execute(
                f"SELECT profile, count(*) FROM fact WHERE document IN ({marks}) GROUP BY profile",
                part,
            ):
                profiles[profile] -= count
            self.connection.execute(f"DELETE FROM fact WHERE document IN ({marks})", part)
            for dataset in ids:
                where = f"WHERE dataset = ? AND document IN ({marks})"
                for code, count in self.connection.execute(
                    f"SELECT attributes, count(*) FROM member {where} GROUP BY attributes",
                    [dataset, *part],
                ):
                    attributes[code] -= count
                self.connection.execute(f"DELETE FROM member {where}", [dataset, *part])
        return profiles, attributes

    def _write(self, folded: Folded, profiles: Counter[int], attributes: Counter[int]) -> None:
        if len(folded.fact_document):
            self.reader.insert("fact", (folded.fact_document, folded.fact_profile))
        if len(folded.member_document):
            columns = (
                folded.member_dataset,
                folded.member_document,
                folded.member_occurrences,
                folded.member_bytes,
                folded.member_collected_at,
                folded.member_attributes,
                folded.member_site,
            )
            self.reader.insert("member", columns)
        _count(profiles, folded.fact_profile)
        _count(attributes, folded.member_attributes)
        self._recount("profile", "documents", PROFILE_FIELDS, profiles, folded.profiles)
        self._recount("attributes", "members", ATTRIBUTE_FIELDS, attributes, folded.attributes)

    def _recount(
        self,
        table: str,
        counter: str,
        fields: Sequence[str],
        changes: Mapping[int, int],
        values: Mapping[int, Sequence[object]],
    ) -> None:
        """Add each id's change to its row's count; make rows that are new, drop empty ones."""
        names = ", ".join(("id", counter, *fields))
        marks = ", ".join("?" * (len(fields) + 2))
        self.connection.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT (id) "
            f"DO UPDATE SET {counter} = {counter} + excluded.{counter}",
            [(n, change, *values[n]) for n, change in changes.items() if n in values],
        )
        gone = [(change, number) for number, change in changes.items() if number not in values]
        self.connection.executemany(
            f"UPDATE {table} SET {counter} = {counter} + ? WHERE id = ?", gone
        )
        if min(changes.values(), default=0) < 0:
            self.connection.execute(f"DELETE FROM {table} WHERE {counter} = 0")


def _count(counter: Counter[int], values: Ints) -> None:
    ids, counts = np.unique(values, return_counts=True)
    for number, count in zip(ids.tolist(), counts.tolist(), strict=True):
        counter[number] += count
