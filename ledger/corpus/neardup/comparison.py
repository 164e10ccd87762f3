"""One set of documents against another: what came back, by its closest match on the other side.

Every document is looked at by itself; none is judged by what resembles something that resembles it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.neardup.candidates import Indices, find_pairs
from ledger.corpus.neardup.exact import Compared, compare, gram_sets
from ledger.corpus.neardup.lookup import look_up
from ledger.corpus.neardup.normal import NORM_VERSION
from ledger.corpus.neardup.side import Side, distinct, find_digests, load_side
from ledger.corpus.neardup.sketch import SKETCHING
from ledger.corpus.neardup.sources import TextsGiven
from ledger.engines import Progress, Source, Workers, run, split

__all__ = ["METHOD", "PAIRS", "Counts", "Overlap", "near_of", "overlap"]

METHOD = f"word 5-grams of {NORM_VERSION}, exact Jaccard and containment"

PAIRS: pa.Schema = pa.schema(
    [
        pa.field("candidate", pa.binary(32), nullable=False),
        pa.field("reference", pa.binary(32), nullable=False),
        pa.field("method", pa.string(), nullable=False),  # exact, normalised, near
        pa.field("jaccard_ppm", pa.int64(), nullable=False),
        pa.field("containment_ppm", pa.int64(), nullable=False),  # of the candidate's grams
        pa.field("contained_ppm", pa.int64(), nullable=False),  # of the reference's grams
    ]
)

EXCERPT = 10  # distinct grams that a text needs to count as contained in another
_WHOLE, _NEAR, _HALF, _FAR = 1_000_000, 800_000, 500_000, 200_000
_STRIPE = 256 << 20
_EXACT, _NORMALISED, _CLOSE = 0, 1, 2
_METHODS = pa.array(["exact", "normalised", "near"])


@dataclass(frozen=True)
class Counts:
    """Distinct candidate documents by their closest match; exact ≤ normalised ≤ near_80 ≤ near_50.

    near_80 and near_50 have Jaccard similarity of 0.8 and 0.5 or more. `contained` are not in
    near_80, but at least 0.8 of the grams of one text lie in the other, which has 10 or more.
    `novel` stay below 0.2 with every reference.
    """

    documents: int
    against_documents: int
    exact: int
    normalised: int
    near_80: int
    near_50: int
    contained: int
    novel: int


@dataclass(frozen=True)
class Overlap:
    """`pairs` (PAIRS) holds every match of J ≥ 0.5 or containment ≥ 0.8, and each candidate's best,
    by candidate and then the closest first.

    `capped` candidates may have more matches than are listed: their passages stand in more than 32
    references, or more than 256 references resemble them. They are counted by the best one found.
    """

    counts: Counts
    pairs: pa.Table
    capped: int
    method: str = METHOD


def overlap(
    candidates: Sequence[Source],
    references: Sequence[Source],
    folder: Path,
    *,
    workers: Workers = None,
    progress: Progress | None = None,
    candidates_only: bytes | None = None,
    references_only: bytes | None = None,
) -> Overlap:
    """Compare every distinct candidate with all references.

    Tables of both have the columns `sha256` and `text`. Sketches stay in `folder` and are used
    again; they hold digests and hashes, no text. `…_only`, sorted digests concatenated, keeps a
    side to those. Raises what the sources and the engine raise.
    """
    parts = [stripe for source in candidates for stripe in split(source, _STRIPE)]
    others = [stripe for source in references for stripe in split(source, _STRIPE)]
    sketches = run(SKETCHING, [*parts, *others], folder, workers=workers, progress=progress)
    ours = load_side(sketches[: len(parts)], candidates_only)
    theirs = load_side(sketches[len(parts) :], references_only)
    found = list(find_pairs(ours, theirs))
    none = np.zeros(0, np.int64)
    left = np.concatenate([none, *(pairs.candidates for pairs in found)])
    right = np.concatenate([none, *(pairs.references for pairs in found)])
    capped = sum(len(pairs.capped) for pairs in found)
    sets = _Reader(parts, others, folder, workers, progress)
    return _overlap(ours, theirs, _matches(ours, theirs, left, right, sets), capped)


def near_of(
    text: str,
    references: Sequence[Source],
    folder: Path,
    *,
    workers: Workers = None,
    progress: Progress | None = None,
) -> pa.Table:
    """The pairs (PAIRS) of one text with `references`, closest first; none if nothing resembles it.

    References are sketched once and for all; with their sketches in `folder` a look takes one pass
    over those. Raises as overlap.
    """
    given = TextsGiven((text,))
    others = [stripe for source in references for stripe in split(source, _STRIPE)]
    sketches = run(SKETCHING, others, folder, workers=workers, progress=progress)
    (row,) = given.tables()
    ours, theirs = look_up(SKETCHING.apply(row), sketches)
    right = np.arange(len(theirs))
    sets = _Reader([given], others, folder, 1, None)
    found = _matches(ours, theirs, np.zeros(len(right), np.int64), right, sets)
    return _overlap(ours, theirs, found, 0).pairs


@dataclass(frozen=True, slots=True)
class _Reader:
    """Where both sides' texts are read again."""

    candidates: Sequence[Source]
    references: Sequence[Source]
    folder: Path
    workers: Workers
    progress: Progress | None

    def compare(self, ours: Side, theirs: Side, left: Indices, right: Indices) -> Compared:
        needed = _holding(ours, left, self.candidates) + _holding(theirs, right, self.references)
        wanted = distinct(
            np.concatenate([ours.digests[np.unique(left)], theirs.digests[np.unique(right)]])
        )
        sets = gram_sets(wanted, needed, self.folder, workers=self.workers, progress=self.progress)
        return compare(
            sets,
            find_digests(ours.digests[left], wanted),
            find_digests(theirs.digests[right], wanted),
        )


def _holding(side: Side, documents: Indices, sources: Sequence[Source]) -> list[Source]:
    """The sources in which documents lie; of one that can be read in part, that part."""
    edges = np.cumsum([0, *(sidecar.rows for sidecar in side.sidecars)])
    rows = np.unique(side.rows[documents])
    which = np.searchsorted(edges[1:], rows, "right")
    found = []
    for number in np.unique(which).tolist():
        source = sources[number]
        only = getattr(source, "only", None)
        found.append(source if only is None else only(rows[which == number] - edges[number]))
    return found


def _matches(ours: Side, theirs: Side, left: Indices, right: Indices, texts: _Reader) -> "_Matches":
    """Equal documents, and the pairs (left, right) compared."""
    twin = find_digests(ours.digests, theirs.digests)
    same = np.flatnonzero(twin >= 0)
    other = twin[left] != right
    left, right = left[other], right[other]
    equal = (ours.norms[left] == theirs.norms[right]).all(axis=1) & (ours.grams[left] > 0)
    found = [_equal(same, twin[same], _EXACT), _equal(left[equal], right[equal], _NORMALISED)]
    left, right = left[~equal], right[~equal]
    if len(left):
        found.append(_close(left, right, texts.compare(ours, theirs, left, right)))
    return _joined(found)


@dataclass(frozen=True, slots=True)
class _Matches:
    """k compared pairs; figures in millionths. `excerpt`: one lies in the other, at 0.8 or more."""

    candidate: Indices
    reference: Indices
    method: Indices
    jaccard: Indices
    containment: Indices
    contained: Indices
    excerpt: npt.NDArray[np.bool_]


def _equal(candidate: Indices, reference: Indices, method: int) -> _Matches:
    whole = np.full(len(candidate), _WHOLE)
    yes = np.ones(len(candidate), np.bool_)
    return _Matches(candidate, reference, np.full(len(candidate), method), whole, whole, whole, yes)


def _close(candidate: Indices, reference: Indices, found: Compared) -> _Matches:
    excerpt = (found.containment >= _NEAR) & (found.candidate >= EXCERPT)
    excerpt |= (found.contained >= _NEAR) & (found.reference >= EXCERPT)
    method = np.full(len(candidate), _CLOSE)
    return _Matches(
        candidate, reference, method, found.jaccard, found.containment, found.contained, excerpt
    )


def _joined(parts: Sequence[_Matches]) -> _Matches:
    """All matches, by candidate, then the closest first."""
    whole = _Matches(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in _Matches.__slots__)
    )
    best = np.maximum(whole.containment, whole.contained)
    order = np.lexsort((whole.reference, -best, -whole.jaccard, whole.method, whole.candidate))
    return _Matches(*(getattr(whole, name)[order] for name in _Matches.__slots__))


def _overlap(ours: Side, theirs: Side, found: _Matches, capped: int) -> Overlap:
    count = len(ours)
    closest = np.zeros(count, np.int64)
    np.maximum.at(closest, found.candidate, found.jaccard)
    method = np.full(count, _CLOSE)
    np.minimum.at(method, found.candidate, found.method)
    excerpt = np.zeros(count, np.bool_)
    excerpt[found.candidate[found.excerpt]] = True
    counts = Counts(
        documents=count,
        against_documents=len(theirs),
        exact=int((method == _EXACT).sum()),
        normalised=int((method <= _NORMALISED).sum()),
        near_80=int((closest >= _NEAR).sum()),
        near_50=int((closest >= _HALF).sum()),
        contained=int((excerpt & (closest < _NEAR)).sum()),
        novel=int((closest < _FAR).sum()),
    )
    first = np.diff(found.candidate, prepend=-1) > 0
    listed = first & (found.jaccard > 0) | (found.jaccard >= _HALF) | found.excerpt
    return Overlap(counts, _table(ours, theirs, found, np.flatnonzero(listed)), capped)


def _table(ours: Side, theirs: Side, found: _Matches, listed: Indices) -> pa.Table:
    method = _METHODS.take(pa.array(found.method[listed]))
    return pa.table(
        [
            _digests(ours.digests[found.candidate[listed]]),
            _digests(theirs.digests[found.reference[listed]]),
            method,
            *(pa.array(column[listed]) for column in
              (found.jaccard, found.containment, found.contained)),
        ],
        schema=PAIRS,
    )  # fmt: skip


def _digests(rows: npt.NDArray[np.uint8]) -> pa.Array:
    return pa.Array.from_buffers(pa.binary(32), len(rows), [None, pa.py_buffer(rows.tobytes())])
