"""Proves the provenance projection equal to what the log says, in one pass and bounded memory.

A document with one entry is folded from that entry as it passes; its rows are compared at once.
Documents with several entries are known from the sorted runs (which EntryCheck proves equal to
the entries) and are folded again from all of them at the end, a slice at a time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from ledger.databases import Connection
from ledger.log.canonical import parse_digest
from ledger.log.decode import Decoded
from ledger.log.record import live
from ledger.log.rowcheck import differ
from ledger.log.runs import keys_of
from ledger.log.store import Store
from ledger.provenance.facts import ATTRIBUTE_FIELDS, PROFILE_FIELDS
from ledger.provenance.fold import UNKNOWN, Folded, Ints, fold
from ledger.provenance.gather import (
    DOCUMENT_KINDS,
    Files,
    Others,
    file_ranges,
    fold_documents,
    origins_of,
)
from ledger.provenance.repeated import Mask, Stored, contains, gather, repeated_keys
from ledger.provenance.stray import stray_document, stray_file

__all__ = ["ProvenanceCheck"]

Row = tuple[Any, ...]
_UNKNOWN = "\x1e"
_MEMBER = "dataset, document, occurrences, bytes, collected_at, attributes, site"
_SLICE = 20_000  # documents with several entries, folded at a time


class ProvenanceCheck:
    """Feed it every batch in order, then finish."""

    def __init__(self, connection: Connection, store: Store, size: int) -> None:
        self._connection = connection
        self._store, self._size = store, size
        self._source = Stored(connection, store, size)
        self._files = Files(self._source, {})
        rows = connection.execute("SELECT id, name, version FROM dataset").fetchall()
        self._datasets = {f"{name}@{version}": number for number, name, version in rows}
        self._first_named: dict[str, int] = {}
        self._repeated = repeated_keys(connection, size)
        self._profiles: Counter[int] = Counter()
        self._attributes: Counter[int] = Counter()
        self._profile_values: dict[int, Sequence[object]] = {}
        self._attribute_values: dict[int, Sequence[object]] = {}
        self._facts = self._members = 0
        self._file_firsts = self._file_lasts = 0
        self._lonely: list[tuple[bytes, int]] = []

    def fetch(self, connection: Connection, first: int, end: int) -> dict[int, tuple[Any, ...]]:
        """Summaries of the facts (under 0) and of each dataset's members in a range of documents.

        Documents are unique, so a count that fills its range names every one of them.
        """
        span = "WHERE document >= ? AND document < ?"
        found = {
            0: connection.execute(
                "SELECT count(*), min(document), max(document), min(profile), max(profile) "
                f"FROM fact {span}",
                (first, end),
            ).fetchone()
        }
        for dataset in self._datasets.values():
            found[dataset] = connection.execute(
                "SELECT count(*), min(document), max(document), min(occurrences), "
                "max(occurrences), group_concat(bytes), "
                "group_concat(ifnull(collected_at, 'null')), group_concat(attributes), "
                "group_concat(ifnull(site, char(30)), char(31)), count(site) "
                f"FROM member {span} AND dataset = ?",
                (first, end, dataset),
            ).fetchone()
        return found

    def feed(self, batch: Decoded, fetched: dict[int, tuple[Any, ...]]) -> None:
        self._name_datasets(batch)
        self._check_files(batch)
        keys = keys_of(batch.subjects)
        many = contains(self._repeated, keys)
        rows = batch.origin_rows
        single = np.flatnonzero(~many[rows])
        for row, entry in batch.others.items():
            if not many[row] and entry.kind == "authorship":
                self._lonely.append((batch.subjects[row].tobytes(), int(batch.indices[row])))
        documents = batch.indices[rows[single]]
        folded = fold(origins_of(batch, single, documents, self._datasets, self._files), {})
        if fetched[0] != _summary(folded.fact_document, folded.fact_profile):
            self._compare_facts(batch, folded, many)
        for dataset in self._datasets.values():
            rows_of = np.flatnonzero(folded.member_dataset == dataset)
            if fetched[dataset] != _member_summary(folded, rows_of):
                self._compare_members(batch, folded, many, dataset)
        self._tally(folded)

    def _tally(self, folded: Folded) -> None:
        for counter, ids in (
            (self._profiles, folded.fact_profile),
            (self._attributes, folded.member_attributes),
        ):
            distinct, counts = np.unique(ids, return_counts=True)
            for number, count in zip(distinct.tolist(), counts.tolist(), strict=True):
                counter[number] += count
        self._profile_values.update(folded.profiles)
        self._attribute_values.update(folded.attributes)
        self._facts += len(folded.fact_document)
        self._members += len(folded.member_document)

    # --- one pass

    def _name_datasets(self, batch: Decoded) -> None:
        for name, index in _first_mentions(batch):
            if name in self._first_named:
                continue
            self._first_named[name] = index
            if self._datasets.get(name) != index:
                raise differ("dataset", name, f"id {self._datasets.get(name)}", f"id {index}")

    def _check_files(self, batch: Decoded) -> None:
        """Each file's range must hold this batch's; its ends are counted once each."""
        if not len(batch.origin_rows):
            return
        for text, least, most in zip(*file_ranges(batch), strict=True):
            row = self._connection.execute(
                "SELECT first, last FROM file WHERE digest = ?", (parse_digest(text),)
            ).fetchone()
            if row is None or row[0] > least or row[1] < most:
                raise differ("file", text, row, f"a range with {least}–{most}")
            self._file_firsts += row[0] == least
            self._file_lasts += row[1] == most

    def _compare_facts(self, batch: Decoded, folded: Folded, many: Mask) -> None:
        first, end = int(batch.indices[0]), int(batch.indices[-1]) + 1
        rows = self._connection.execute(
            "SELECT document, profile FROM fact WHERE document >= ? AND document < ? "
            "ORDER BY document",
            (first, end),
        ).fetchall()
        lonely = {index for _, index in self._lonely}
        mine = [row for row in rows if not many[row[0] - first] and row[0] not in lonely]
        _same("fact", mine, _fact_rows(folded), 1)

    def _compare_members(self, batch: Decoded, folded: Folded, many: Mask, dataset: int) -> None:
        first, end = int(batch.indices[0]), int(batch.indices[-1]) + 1
        expected = _member_rows(folded)
        rows = self._connection.execute(
            f"SELECT {_MEMBER} "
            "FROM member WHERE dataset = ? AND document >= ? AND document < ? "
            "ORDER BY document",
            (dataset, first, end),
        ).fetchall()
        mine = [row for row in rows if not many[row[1] - first]]
        _same("member", mine, [row for row in expected if row[0] == dataset], 2)

    # --- what one pass cannot decide

    def finish(self, size: int) -> None:
        self._check_datasets()
        self._check_repeated()
        total = self._connection.execute("SELECT count(*) FROM file").fetchone()[0]
        if total != self._file_firsts or total != self._file_lasts:
            raise stray_file(self._connection, self._store, size)
        for table, count in (("fact", self._facts), ("member", self._members)):
            stored = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            if stored != count:
                raise stray_document(
                    self._connection, table, size, self._repetitions(), self._documents()
                )
        self._check_values(
            "profile", "documents", PROFILE_FIELDS, self._profiles, self._profile_values
        )
        self._check_values(
            "attributes", "members", ATTRIBUTE_FIELDS, self._attributes, self._attribute_values
        )

    def _check_datasets(self) -> None:
        rows = self._connection.execute(
            "SELECT id, name, version, declared FROM dataset"
        ).fetchall()
        stored: dict[str, tuple[int, int | None]] = {}
        for number, name, version, declared in rows:
            named = f"{name}@{version}"
            if named in stored:
                raise differ("dataset", f"{stored[named][0]} and {number}", named, "one row")
            stored[named] = number, declared
        newest: dict[str, int] = {}
        for indices in self._source.about.values():
            about = [(index, self._source.entry(index)) for index in indices]
            for index, entry in live(about):
                if entry.kind == "dataset":
                    newest[f"{entry.body['name']}@{entry.body['version']}"] = index
        expected = {n: (index, newest.get(n)) for n, index in self._first_named.items()}
        for name in sorted(stored.keys() | expected.keys()):
            if stored.get(name) != expected.get(name):
                raise differ("dataset", name, stored.get(name), expected.get(name))

    def _check_repeated(self) -> None:
        given = [
            (index, self._source.entry(index))
            for index, kind in self._source.others.items()
            if kind in Others.kinds
        ]
        others = Others.of(self._source, given, {})
        for part in self._documents():
            folded = fold_documents(part, self._source, self._datasets, self._files, others)
            documents = [about[0] for about in part.values()]
            facts, members = [], []
            for start in range(0, len(documents), 500):
                some = documents[start : start + 500]
                places = ",".join("?" * len(some))
                facts += self._connection.execute(
                    f"SELECT document, profile FROM fact WHERE document IN ({places})", some
                ).fetchall()
                for dataset in self._datasets.values():
                    members += self._connection.execute(
                        f"SELECT {_MEMBER} FROM member "
                        f"WHERE dataset = ? AND document IN ({places})",
                        [dataset, *some],
                    ).fetchall()
            _same("fact", sorted(facts), _fact_rows(folded), 1)
            _same("member", sorted(members, key=lambda row: row[:2]), _member_rows(folded), 2)
            self._tally(folded)

    def _documents(self) -> Iterator[dict[bytes, list[int]]]:
        """Documents to fold from all their entries, in slices: digest -> entries, ascending."""
        yield_now: dict[bytes, list[int]] = {d: [index] for d, index in self._lonely}
        if yield_now:
            yield yield_now
        for about in self._repetitions():
            part = {d: indices for d, indices in about.items() if self._is_document(indices)}
            if part:
                yield part

    def _repetitions(self) -> Iterator[dict[bytes, list[int]]]:
        for start in range(0, len(self._repeated), _SLICE):
            yield gather(self._connection, self._size, self._repeated[start : start + _SLICE])

    def _is_document(self, indices: list[int]) -> bool:
        kinds = {self._source.others.get(index, "origin") for index in indices}
        return bool(kinds & DOCUMENT_KINDS)

    def _check_values(
        self,
        table: str,
        counter: str,
        fields: Sequence[str],
        counts: Mapping[int, int],
        values: Mapping[int, Sequence[object]],
    ) -> None:
        names = ", ".join(("id", counter, *fields))
        rows = self._connection.execute(f"SELECT {names} FROM {table} ORDER BY id").fetchall()
        stored = {row[0]: tuple(row[1:]) for row in rows}
        for number in sorted(stored.keys() | counts.keys()):
            expected = (counts[number], *values[number]) if number in counts else None
            if stored.get(number) != expected:
                raise differ(table, number, stored.get(number), expected)


def _first_mentions(batch: Decoded) -> list[tuple[str, int]]:
    """(dataset, first entry of this batch that names it), by index."""
    found: dict[str, int] = {}
    if len(batch.origin_rows):
        names = batch.origins.values["dataset"]
        used, where = np.unique(batch.origins.codes["dataset"], return_index=True)
        for code, row in zip(used.tolist(), where.tolist(), strict=True):
            found[names[code]] = int(batch.indices[batch.origin_rows[row]])
    for row, entry in batch.others.items():
        if entry.kind == "dataset":
            name = f"{entry.body['name']}@{entry.body['version']}"
            found[name] = min(found.get(name, 1 << 62), int(batch.indices[row]))
    return sorted(found.items(), key=lambda item: item[1])


def _summary(documents: Ints, values: Ints) -> tuple[int, ...] | None:
    """What `fetch` finds if these are all rows of their range; None if a summary cannot tell."""
    count = len(documents)
    if count == 0 or documents[-1] - documents[0] != count - 1 or values.min() != values.max():
        return None
    least = int(values[0])
    return count, int(documents[0]), int(documents[-1]), least, least


def _member_summary(folded: Folded, rows: Ints) -> tuple[Any, ...] | None:
    if not len(rows):
        return (0, *[None] * 8, 0)
    head = _summary(folded.member_document[rows], folded.member_occurrences[rows])
    if head is None:
        return None
    collected = folded.member_collected_at[rows]
    return (
        *head,
        _listed(folded.member_bytes[rows]),
        _listed(collected, absent=bool((collected == UNKNOWN).any())),
        _listed(folded.member_attributes[rows]),
        "\x1f".join(_sites(folded, rows)),
        int((folded.member_site.codes[rows] >= 0).sum()),
    )


def _sites(folded: Folded, rows: Ints) -> list[str]:
    """Each row's site; where unknown, a control character, which no site holds."""
    names = [*folded.member_site.values, "\x1e"]  # -1 indexes the last
    return [names[code] for code in folded.member_site.codes[rows].tolist()]


def _listed(values: Ints, absent: bool = False) -> str:
    """Integers as SQL's group_concat spells them."""
    if absent:
        spelled = orjson.dumps([None if value == UNKNOWN else value for value in values.tolist()])
    else:
        spelled = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    return spelled[1:-1].decode()


def _member_rows(folded: Folded) -> list[Row]:
    every = np.arange(len(folded.member_document))
    collected = [None if at == UNKNOWN else at for at in folded.member_collected_at.tolist()]
    return list(
        zip(
            folded.member_dataset.tolist(),
            folded.member_document.tolist(),
            folded.member_occurrences.tolist(),
            folded.member_bytes.tolist(),
            collected,
            folded.member_attributes.tolist(),
            [None if site == _UNKNOWN else site for site in _sites(folded, every)],
            strict=True,
        )
    )


def _fact_rows(folded: Folded) -> list[Row]:
    return list(zip(folded.fact_document.tolist(), folded.fact_profile.tolist(), strict=True))


def _same(table: str, found: Sequence[Row], expected: Sequence[Row], keys: int) -> None:
    """Raise for the first row that differs; rows are told apart by their first `keys` columns."""
    if list(found) == list(expected):
        return
    stored = {row[:keys]: row for row in found}
    wanted = {row[:keys]: row for row in expected}
    for key in sorted(stored.keys() | wanted.keys()):
        if stored.get(key) != wanted.get(key):
            raise differ(table, "/".join(map(str, key)), stored.get(key), wanted.get(key))
    raise differ(table, "*", f"{len(found)} rows", f"{len(expected)} rows")
