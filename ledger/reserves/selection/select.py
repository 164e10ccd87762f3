"""Chooses a reserve's documents: who is in, by which evidence, and why the others are not.

A function of the live claims about the candidates, the datasets' own declarations and the rule:
never of entry numbers, of batches or of the order of recording.
"""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.evidence import level
from ledger.log.originrows import MISSING
from ledger.log.runs import keys_of
from ledger.provenance.facts import FLAGS, MIXED
from ledger.reserves.opening.members import DOCUMENTS_SCHEMA
from ledger.reserves.selection.dating import BINDINGS, URL_ONLY, Pairs, late, pair_up
from ledger.reserves.selection.digests import Digests, Ints, digest_column, matrix_of, positions
from ledger.reserves.selection.gather import (
    OWN_DATE,
    UNKNOWN,
    Candidates,
    Claim,
    Occurrences,
    candidates,
    gather,
)
from ledger.reserves.selection.rule import Rule, known_datasets, midnight
from ledger.reserves.selection.state import State

__all__ = ["REASONS", "Selection", "select"]

Mask = npt.NDArray[np.bool_]

REASONS: Mapping[str, str] = {
    "taken_down": "taken down",
    "declared_ai": "declared to be written or edited by AI",
    "marked": "carry a watermark of a model",
    "classified": "found like AI samples by a detector",
    "conflict": "claims about the author contradict each other",
    "not_attested": "no attested author",
    "edited_late": "edited after the cut-off, or when their writers had AI tools",
    "too_weak": "dated before the cut-off, but by weaker evidence than the rule asks",
    "only_asserted": "dated before the cut-off by nothing that was checked",
    "address_only": "dated by an address only, where other bytes may have stood",
    "too_late": "dated, but not before the cut-off",
    "undated": "no date at all",
    "matched": "the same as, or much like, a document held against",
}
"""Why a document is left out, in words; the first that applies is counted."""

_FLAGGED = {
    "declared_ai": FLAGS["declared_ai"],
    "marked": FLAGS["marked"] | FLAGS["marked_public"],
    "classified": FLAGS["classified_fdr"],
    "conflict": FLAGS["conflict"],
}
_ROWS = [name for name in DOCUMENTS_SCHEMA.names]


@dataclass(frozen=True)
class Selection:
    """The documents to seal, by digest. `documents` has a row each: DOCUMENTS_SCHEMA with its
    texts as dictionaries, which is how they fit in memory; `rows` gives them as they are written.

    `claim` is each row's evidence, an index into `claims`; -1: the source's own date, or none.
    `excluded` counts documents by reason, `repeated` the further occurrences of candidates.
    """

    documents: pa.Table
    claim: Ints
    claims: Sequence[Claim]
    excluded: Mapping[str, int]
    repeated: int

    def __len__(self) -> int:
        return int(self.documents.num_rows)

    @property
    def digests(self) -> Digests:
        """(n, 32), ascending."""
        return matrix_of(self.documents.column("sha256"))

    def rows(self, start: int, end: int) -> pa.Table:
        """The documents start … end-1 in DOCUMENTS_SCHEMA."""
        part = self.documents.slice(start, end - start).combine_chunks()
        return pa.Table.from_arrays([_plain(column) for column in part], schema=DOCUMENTS_SCHEMA)

    @property
    def lengths(self) -> Ints:
        """UTF-8 bytes of each text."""
        column: Ints = self.documents.column("bytes").to_numpy()
        return column

    def used_datasets(self) -> list[str]:
        """The datasets that the documents are in, by name."""
        names = pc.list_flatten(self.documents.column("datasets")).combine_chunks()
        return sorted(pc.unique(names).dictionary_decode().to_pylist())

    def without(self, matched: Mask) -> "Selection":
        """The selection less the rows that match what it is held against."""
        kept = ~matched
        excluded = dict(self.excluded)
        if matched.any():
            excluded["matched"] = int(matched.sum())
        return Selection(
            self.documents.filter(pa.array(kept)).combine_chunks(),
            self.claim[kept],
            self.claims,
            excluded,
            self.repeated,
        )

    def evidence(self) -> list[dict[str, Any]]:
        """What each row was decided by: a claim each, with how many documents it dates."""
        counts = Counter(self.claim[self.claim >= 0].tolist())
        used = sorted(counts)
        about = b"".join(bytes.fromhex(self.claims[place].about) for place in used)
        asked = np.frombuffer(about, np.uint8).reshape(-1, 32)
        texts = positions(self.digests, keys_of(self.digests), asked) >= 0
        return [
            _line(self.claims[place], counts[place], "document" if text else "file")
            for place, text in zip(used, texts.tolist(), strict=True)
        ]


def _line(claim: Claim, documents: int, kind: str) -> dict[str, Any]:
    line: dict[str, Any] = {
        "about": f"sha256:{claim.about}",
        "about_kind": kind,
        "binding": claim.binding,
        "checker": claim.checker,
        "documents": documents,
        "existed_by": claim.existed_by,
        "level": level(claim.type, claim.outcome),
        "outcome": claim.outcome,
        "type": claim.type,
    }
    if claim.issuer:
        line["issuer"] = claim.issuer
    if claim.proof:
        line["proof"] = claim.proof
    return line


def select(state: State, rule: Rule, *, keep: Container[str] = ()) -> Selection:
    """Choose by the ledger's state, within the caller's read transaction.

    `keep` are reasons of `_FLAGGED` that leave nothing out. What the rule holds documents against
    is not looked at: see `Selection.without`.
    """
    known = known_datasets(state)
    about = candidates(state, rule.datasets)
    found, said = gather(state, about)
    here = np.isin(found.dataset, [found.datasets.index(d) for d in _in(found, rule)])
    excluded = _Excluded(len(about))
    excluded.add("taken_down", about.taken_down)
    flags = _flags(state, about)
    for reason, bits in _FLAGGED.items():
        if reason not in keep:
            excluded.add(reason, flags & bits != 0)
    if rule.stage == "final":
        excluded.add("not_attested", flags & FLAGS["attested"] == 0)
        chosen = None
    else:
        tardy = late(found, rule, known)
        excluded.add("edited_late", ~_any(found.document[here & ~tardy], len(about)))
        pairs = pair_up(state, about, _take(found, ~tardy), said)
        chosen = _best(pairs, rule, len(about))
        _say_why(excluded, pairs, rule, chosen >= 0, len(about))
    kept = excluded.kept()
    columns = _attributes(_take(found, here), len(about), rule)
    if chosen is not None:
        columns |= _dated(pairs, chosen)
        claim = np.append(pairs.claim, -1)[chosen]
    else:
        claim = np.full(len(about), -1)
        none = np.ones(len(about), np.bool_)
        columns |= _no_dates(none)
        columns["binding"] = _coded(none - 1, BINDINGS, ~none)  # it is about these bytes
    columns |= {"sha256": digest_column(about.digests), "bytes": pa.array(about.bytes)}
    table = pa.table([columns[name] for name in _ROWS], names=_ROWS)
    return Selection(
        documents=table.filter(pa.array(kept)).combine_chunks(),
        claim=claim[kept],
        claims=() if chosen is None else pairs.claims,
        excluded=excluded.counts(),
        repeated=int(here.sum()) - len(about),
    )


def _in(found: Occurrences, rule: Rule) -> list[str]:
    return [name for name in rule.datasets if name in found.datasets]


def _take(found: Occurrences, rows: Mask) -> Occurrences:
    if rows.all():
        return found
    return replace(
        found,
        document=found.document[rows],
        file=found.file[rows],
        dataset=found.dataset[rows],
        language=found.language[rows],
        license=found.license[rows],
        claimed_at=found.claimed_at[rows],
        language_ppm=found.language_ppm[rows],
    )


class _Excluded:
    """One reason a document: the first that was added."""

    def __init__(self, count: int) -> None:
        self._reason = np.full(count, -1, np.int64)
        self._names: list[str] = []

    def add(self, reason: str, which: Mask) -> None:
        self._reason[which & (self._reason < 0)] = len(self._names)
        self._names.append(reason)

    def kept(self) -> Mask:
        return self._reason < 0

    def counts(self) -> dict[str, int]:
        found = np.bincount(self._reason[self._reason >= 0], minlength=len(self._names)).tolist()
        return {name: count for name, count in zip(self._names, found, strict=True) if count}


def _flags(state: State, about: Candidates) -> Ints:
    rows = state.connection.execute("SELECT id, flags FROM profile").fetchall()
    ids = np.array(sorted(rows), np.int64).reshape(-1, 2)
    flags: Ints = ids[np.searchsorted(ids[:, 0], about.profile), 1]
    return flags


def _any(rows: Ints, count: int) -> Mask:
    """Which of `count` documents are among the rows."""
    there: Mask = np.bincount(rows, minlength=count) > 0
    return there


def _admits(pairs: Pairs, rule: Rule) -> Mask:
    """Pairs strong enough for the rule, whatever their date."""
    enough = pairs.checked & (pairs.level >= rule.min_level)
    if rule.allow_asserted:
        enough |= pairs.level >= 1
    admitted: Mask = enough & (pairs.binding != URL_ONLY)
    return admitted


def _before(pairs: Pairs, rule: Rule) -> Mask:
    assert rule.before is not None  # a dated reserve has a cut-off
    early: Mask = pairs.existed_by < midnight(rule.before)
    return early


def _best(pairs: Pairs, rule: Rule, count: int) -> Ints:
    """Each document's deciding pair, -1 if none: the highest level, checked before asserted, the
    earliest date, the closest binding; what is still equal is decided by the claims' own order.
    """
    rows = np.flatnonzero(_admits(pairs, rule) & _before(pairs, rule))
    rank = -2 * pairs.level[rows] - pairs.checked[rows].astype(np.int8)
    order = np.lexsort(
        (
            pairs.claim[rows],
            pairs.binding[rows],
            pairs.existed_by[rows],
            rank,
            pairs.document[rows],
        )
    )
    rows = rows[order]
    document = pairs.document[rows]
    first = np.ones(len(rows), np.bool_)
    first[1:] = document[1:] != document[:-1]
    best = np.full(count, -1, np.int64)
    best[document[first]] = rows[first]
    return best


def _say_why(excluded: _Excluded, pairs: Pairs, rule: Rule, chosen: Mask, count: int) -> None:
    """Reasons of those without a deciding pair, by the best they have."""
    before, bound = _before(pairs, rule), pairs.binding != URL_ONLY
    for reason, which in (
        ("too_weak", pairs.checked & before & bound),
        ("only_asserted", ~pairs.checked & before & bound),
        ("address_only", before),
        ("too_late", ~before),
    ):
        excluded.add(reason, ~chosen & _any(pairs.document[which], count))
    excluded.add("undated", ~chosen)


# --- columns of documents.parquet


_DATED = ("existed_by", "level", "standing", "binding", "evidence")


def _plain(column: pa.ChunkedArray) -> pa.Array:
    array = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_list(array.type):
        ends = np.cumsum(array.value_lengths().to_numpy(zero_copy_only=False))
        offsets = np.concatenate([[0], ends]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), array.flatten().dictionary_decode())
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _no_dates(missing: Mask) -> dict[str, pa.Array]:
    count = len(missing)
    nothing = np.zeros(count, np.int64)
    return {
        "existed_by": pa.nulls(count, pa.int64()),
        "level": pa.nulls(count, pa.int8()),
        **{name: _coded(nothing, (), missing) for name in ("standing", "binding", "evidence")},
    }


def _dated(pairs: Pairs, chosen: Ints) -> dict[str, pa.Array]:
    missing = chosen < 0
    if not len(pairs.document):
        return _no_dates(missing)
    types = [claim.type for claim in pairs.claims] + [OWN_DATE]  # -1 is the last
    names = sorted(set(types))
    number = np.array([names.index(name) for name in types], np.int64)
    return {
        "existed_by": pa.array(pairs.existed_by[chosen], mask=missing),
        "level": pa.array(pairs.level[chosen], mask=missing),
        "standing": _coded(1 - pairs.checked[chosen].astype(np.int64), _STANDINGS, missing),
        "binding": _coded(pairs.binding[chosen].astype(np.int64), BINDINGS, missing),
        "evidence": _coded(number[pairs.claim[chosen]], names, missing),
    }


_STANDINGS = ("checked", "asserted")


def _coded(codes: Ints, values: Sequence[str], missing: Mask) -> pa.Array:
    numbers = pa.array(codes.astype(np.int32), mask=missing)
    return pa.DictionaryArray.from_arrays(numbers, pa.array(values, pa.string()))


def _attributes(found: Occurrences, count: int, rule: Rule) -> dict[str, pa.Array]:
    """Language, licence and datasets of each document, over its occurrences there."""
    starts = np.searchsorted(found.document, np.arange(count))
    ppm = np.where(found.language_ppm == UNKNOWN, _HIGH, found.language_ppm)
    least = np.minimum.reduceat(ppm, starts) if count else ppm
    language, several = _merged(found.language, starts, found.languages)
    unknown = several | (least == _HIGH)
    return {
        "language": language,
        "language_ppm": pa.array(least, mask=unknown),
        "license": _merged(found.license, starts, found.licenses)[0],
        "datasets": _datasets(found, count, rule),
    }


_HIGH = -MISSING - 1  # the greatest int64


def _merged(codes: Ints, starts: Ints, values: Sequence[str]) -> tuple[pa.Array, Mask]:
    """(one known value, or "mixed" where they differ; where no one value is known)."""
    if not len(starts):
        return _coded(starts, (), starts < 0), starts < 0
    low = np.minimum.reduceat(np.where(codes < 0, _HIGH, codes), starts)
    high = np.maximum.reduceat(codes, starts)
    mixed = (high >= 0) & (low != high)
    names = [*values, MIXED]
    merged = np.where(mixed, len(values), high)
    return _coded(merged, names, high < 0), mixed | (high < 0)


def _datasets(found: Occurrences, count: int, rule: Rule) -> pa.Array:
    rank = {name: place for place, name in enumerate(rule.datasets)}  # sorted by name
    place = np.array([rank.get(name, -1) for name in found.datasets], np.int64)
    pairs = np.sort(found.document * len(rank) + place[found.dataset])
    first = np.ones(len(pairs), np.bool_)
    first[1:] = pairs[1:] != pairs[:-1]
    document, dataset = np.divmod(pairs[first], len(rank))
    offsets = np.searchsorted(document, np.arange(count + 1)).astype(np.int32)
    values = _coded(dataset, rule.datasets, dataset < 0)
    return pa.ListArray.from_arrays(pa.array(offsets), values)
