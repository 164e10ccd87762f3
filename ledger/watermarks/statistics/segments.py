"""Marked parts of documents: the segments whose log-likelihood ratio is largest.

Every unit gets the log-likelihood ratio of one alternative (a tilt of the null); a segment's score
is the sum, and the largest score of a document is found in one pass (the walk minus its running
minimum). Its p is `extremes`'s law. What lies left and right of a found segment is searched again
(Ruzzo and Tompa 1999 describe the result: all maximal scoring segments), and a segment with an
unmarked gap in it is two (Zhang, Berman, Wiehe and Miller 1999 do so with alignments).

Scores are whole numbers of 2^-24, rounded down: sums are exact, so that a document's result does
not depend on its neighbours, and all documents of a batch are one walk.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ledger.errors import InputError
from ledger.watermarks.statistics.extremes import Extremes, extremes
from ledger.watermarks.statistics.nulls import Null, Tilt
from ledger.watermarks.statistics.series import Reals
from ledger.watermarks.tokens import Ints, Scores, Values

__all__ = ["LOG_REPORT", "Segments", "find_segments"]

LOG_REPORT = math.log(1e-4)

_UNIT = 2.0**24
_CAP = 2.0**10  # a unit's largest score; more would say the same
_BLOCK = 1 << 14  # units that are walked together; what is computed of them stays in the cache
_ROUNDS = 64
_SHORTEST = 16  # units of a document in which parts are looked for
_FEWEST = 2  # units of a segment: one unit alone is a chance find whatever it scores

_Rows = tuple[Ints, Ints, Ints, Reals]  # of segments: document, first and last unit, score or ln p


@dataclass(frozen=True, eq=False)
class Segments:
    """`log_p` of each document: ln p of its best segment, corrected over places and tilts.

    The reported segments, by document and then place, disjoint: `first_unit` and `last_unit`
    (inclusive) are numbers of units within the document; `log_p_segment` is corrected also for
    how many better segments were taken before it.
    """

    log_p: Reals
    document: Ints
    first_unit: Ints
    last_unit: Ints
    log_p_segment: Reals


@lru_cache(maxsize=256)
def _alternatives(null: Null) -> tuple[tuple[Tilt, Extremes], ...]:
    return tuple((tilt, extremes(tilt.increments())) for tilt in null.tilts())


def find_segments(scores: Scores, null: Null, *, log_report: float = LOG_REPORT) -> Segments:
    """The best segment of every document, and all disjoint ones of p <= e^log_report.

    A document's segments are all of one tilt: the one by which they hold most evidence together.
    Documents of fewer than _SHORTEST units have no parts. Raises InputError for a value that is no
    finite number.
    """
    counts = scores.counts
    alternatives = _alternatives(null)
    correction = math.log(len(alternatives))
    log_ps = np.zeros((len(alternatives), len(counts)))
    for part in _blocks(counts):
        walks = _Walks(scores.values, scores.offsets[:-1][part], counts[part])
        for number, (tilt, law) in enumerate(alternatives):
            found = law.log_p(walks.best(tilt), counts[part]) + correction
            log_ps[number, part] = np.where(counts[part] >= _SHORTEST, np.minimum(found, 0.0), 0.0)
    log_p = log_ps.min(axis=0)
    found_by = []
    for number, (tilt, law) in enumerate(alternatives):
        documents = np.flatnonzero(log_ps[number] <= log_report)
        rows = _all_segments(scores, documents, tilt, law, log_report - correction)
        found_by.append(_reported(rows, law, counts, correction, log_report))
    evidence = np.array(
        [np.bincount(rows[0], -rows[3], minlength=len(counts)) for rows in found_by]
    )
    chosen = evidence.argmax(axis=0)
    kept = [
        tuple(column[chosen[rows[0]] == number] for column in rows)
        for number, rows in enumerate(found_by)
    ]
    document, first, last, segment = (
        np.concatenate([rows[column] for rows in kept]) for column in range(4)
    )
    order = np.lexsort((first, document))
    return Segments(
        log_p,
        document[order].astype(np.int64),
        first[order].astype(np.int64),
        last[order].astype(np.int64),
        segment[order].astype(np.float64),
    )


def _blocks(counts: Ints) -> list[slice]:
    """Documents in order, in blocks of about _BLOCK units."""
    number = np.cumsum(counts + 1) // _BLOCK
    cuts = np.flatnonzero(np.diff(number)) + 1
    edges = [0, *cuts.tolist(), len(counts)]
    return [slice(low, high) for low, high in pairwise(edges) if low < high]


def _reported(
    rows: _Rows, law: Extremes, counts: Ints, correction: float, log_report: float
) -> _Rows:
    """Segments with ln p for their score, those of ln p <= log_report, by document and strength."""
    document, first, last, score = rows
    order = np.lexsort((first, -score, document))
    document, first, last, score = document[order], first[order], last[order], score[order]
    rank = np.arange(len(document)) - np.searchsorted(document, document) + 1
    log_p = np.minimum(law.log_p(score, counts[document]) + correction + np.log(rank), 0.0)
    kept = log_p <= log_report
    return document[kept], first[kept], last[kept], log_p[kept]


def _all_segments(
    scores: Scores, documents: Ints, tilt: Tilt, law: Extremes, log_report: float
) -> _Rows:
    """Document, first and last unit, and score of every segment of p <= e^log_report.

    Round by round: the best of every stretch that is left, then what lies on both sides of it. A
    best segment that spans a gap which scores too low for marked text (by the law that a segment
    scores too high for unmarked) is no segment: what lies on both sides of the gap is searched.
    """
    starts, ends = np.zeros(len(documents), np.int64), scores.counts[documents]
    found: list[_Rows] = []
    for _ in range(_ROUNDS):
        origins, counts = scores.offsets[documents], scores.counts[documents]
        first, last, best = _Walks(scores.values, origins + starts, ends - starts).locate(tilt)
        kept = law.log_p(best, counts) <= log_report
        documents, origins, counts = documents[kept], origins[kept], counts[kept]
        low, high = starts[kept], ends[kept]
        first, last, best = low + first[kept], low + last[kept], best[kept]
        if not len(documents):
            break
        inner = _Walks(scores.values, origins + first, last + 1 - first)
        gap_first, gap_last, drop = inner.locate(tilt, -1)
        whole = drop < np.log(counts) - log_report
        found.append((documents[whole], first[whole], last[whole], best[whole]))
        cut = np.where(whole, first, first + gap_first)
        resume = np.where(whole, last, first + gap_last) + 1
        documents = np.concatenate([documents, documents])
        starts, ends = np.concatenate([low, resume]), np.concatenate([cut, high])
        long = ends - starts >= _FEWEST
        documents, starts, ends = documents[long], starts[long], ends[long]
    none = np.zeros(0, np.int64)
    found.append((none, none, none, np.zeros(0)))
    document, first, last = (np.concatenate([rows[at] for rows in found]) for at in range(3))
    return document, first, last, np.concatenate([rows[3] for rows in found])


class _Walks:
    """The walks of stretches of units, one after the other, each with a slot for its start.

    A start lies below everything before it, so that one running minimum serves all.
    """

    def __init__(self, values: Values, starts: Ints, lengths: Ints) -> None:
        self.lengths = lengths
        self.slots = np.cumsum(lengths + 1) - (lengths + 1)  # of the walks' starts
        size = int((lengths + 1).sum())
        source = np.repeat(starts - 1 - self.slots, lengths + 1) + np.arange(size)
        source[self.slots] = 0
        self.values = values[source] if len(values) else np.zeros(size, values.dtype)

    def _rise(self, tilt: Tilt, sign: int = 1) -> tuple[Ints, Ints, Ints]:
        """The walk, its running minimum, and what each place lies above that of _FEWEST before."""
        steps, steepest = _steps(tilt, self.values)
        if sign < 0:
            np.negative(steps, out=steps)
        steps[self.slots] = -_FEWEST * steepest
        steps[self.slots[1:]] -= self.lengths[:-1] * steepest
        walk = np.cumsum(steps)
        lowest = np.minimum.accumulate(walk)
        rise = steps  # no longer needed: its memory is
        rise[:_FEWEST] = -steepest
        np.subtract(walk[_FEWEST:], lowest[:-_FEWEST], out=rise[_FEWEST:])
        return walk, lowest, rise

    def best(self, tilt: Tilt) -> Reals:
        """The largest score of at least _FEWEST units; what stands for shorter walks is below 0."""
        if not len(self.slots):
            return np.zeros(0)
        _, _, rise = self._rise(tilt)
        return np.maximum.reduceat(rise, self.slots) / _UNIT

    def locate(self, tilt: Tilt, sign: int = 1) -> tuple[Ints, Ints, Reals]:
        """First and last unit (inclusive) and score of each walk's best; of equals the shortest.

        Of walks of at least _FEWEST units. With sign -1 the best is what falls most.
        """
        if not len(self.slots):
            none = np.zeros(0, np.int64)
            return none, none, np.zeros(0)
        walk, lowest, rise = self._rise(tilt, sign)
        best = np.maximum.reduceat(rise, self.slots)
        hits = np.flatnonzero(rise == np.repeat(best, self.lengths + 1))
        number = np.searchsorted(self.slots, hits, side="right") - 1
        _, earliest = np.unique(number, return_index=True)
        top = hits[earliest]
        places = np.where(walk == lowest, np.arange(len(walk)), 0)
        bottom = np.maximum.accumulate(places)[top - _FEWEST]
        return bottom - self.slots, top - self.slots - 1, best / _UNIT


def _steps(tilt: Tilt, values: Values) -> tuple[Ints, int]:
    """Each unit's log-likelihood ratio in 1 / _UNIT, rounded down; and a bound of their size."""
    whole = values.dtype.kind == "u"
    llr = tilt.llr(np.arange(int(values.max(initial=0)) + 1, dtype=np.uint16) if whole else values)
    steepest = max(float(llr.max(initial=0.0)), -float(llr.min(initial=0.0)))
    if not steepest < _CAP:
        if not np.isfinite(steepest):
            raise InputError("found a unit's value that is no finite number, expected one")
        llr, steepest = np.clip(llr, -_CAP, _CAP), _CAP
    steps = np.floor(llr * _UNIT).astype(np.int64)
    return steps[values] if whole else steps, math.ceil(steepest * _UNIT) + 1
