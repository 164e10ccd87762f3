"""Tokens × one mark → what the evidence comes to: per document a statistic, p-values and spans.

Pure and exact: no texts, no registry, no decision. A document is tested as a whole and for its
marked parts, and both tests share one error (`combine`), so a wholly and a partly marked document
are found by the same p.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.watermarks.schemes import Mark
from ledger.watermarks.statistics import (
    LEAST,
    WEIGHTS,
    Binomial,
    Null,
    combine,
    find_segments,
    log_sf_weighted,
)
from ledger.watermarks.tokens import Ints, Scores, Tokens

__all__ = ["SLICE", "Detections", "Spans", "detect", "join", "judge", "slices", "statistics_of"]

Reals = npt.NDArray[np.float64]

SLICE = 1 << 19
"""Tokens looked at together; what a scheme computes of them bounds the memory."""


@dataclass(frozen=True, eq=False)
class Spans:
    """n marked parts: tokens `start` to `end` (exclusive), by document and then start.

    `log_p` is the natural logarithm of each one's p, corrected for where in its document it may
    have lain. Spans of one document do not overlap.
    """

    document: Ints
    start: Ints
    end: Ints
    log_p: Reals

    def of(self, document: int) -> list[tuple[int, int, float]]:
        """(start, end, log_p) of one document's."""
        low, high = np.searchsorted(self.document, [document, document + 1]).tolist()
        rows = zip(self.start[low:high], self.end[low:high], self.log_p[low:high], strict=True)
        return [(int(start), int(end), float(log_p)) for start, end, log_p in rows]


@dataclass(frozen=True, eq=False)
class Detections:
    """What one mark's scheme makes of d documents; all p-values are natural logarithms.

    `counted` units came to `statistic`, the sum of their values. `log_p` is the document's p:
    whole and part test together, times the alignments that were tried; 0 where nothing was counted.
    """

    counted: Ints
    statistic: Reals
    log_p: Reals
    log_p_whole: Reals
    log_p_part: Reals
    spans: Spans

    @property
    def documents(self) -> int:
        return len(self.counted)


def detect(tokens: Tokens, mark: Mark, prepared: Any = None, *, parts: bool = True) -> Detections:
    """Test every document for one mark.

    `prepared` is what a mark of equal `shared` and `vocab_size` made of these very tokens; without
    it they are gone through in slices of about `SLICE` tokens. `parts` False leaves out the search
    for marked parts: `log_p_part` is then 0 and the whole test has the error to itself.
    """
    if prepared is not None:
        return judge(mark.score(tokens, prepared), mark, parts=parts)
    found = []
    for batch in slices(tokens):
        found.append(judge(mark.score(batch, mark.prepare(batch)), mark, parts=parts))
    return join(found)


def judge(scores: Scores, mark: Mark, *, parts: bool = True) -> Detections:
    """What scores come to under the mark's null distribution."""
    counted = scores.counts
    statistic = statistics_of(scores)
    whole = np.where(counted > 0, np.minimum(_whole(scores, statistic, mark.null), 0.0), 0.0)
    none = np.zeros(0, np.int64)
    if not parts:
        log_p = np.minimum(whole + np.log(scores.trials), 0.0)
        nowhere = Spans(none, none, none, np.zeros(0))
        return Detections(counted, statistic, log_p, whole, np.zeros(len(counted)), nowhere)
    segments = find_segments(scores, mark.null)
    part = np.where(counted > 0, segments.log_p, 0.0)
    log_p = np.where(counted > 0, combine(whole, part, scores.trials), 0.0)
    first = scores.offsets[segments.document] + segments.first_unit
    last = scores.offsets[segments.document] + segments.last_unit
    order = np.lexsort((first, segments.document))
    spans = Spans(
        document=segments.document[order].astype(np.int64),
        start=scores.positions[first[order]],
        end=scores.positions[last[order]] + 1,
        log_p=np.minimum(segments.log_p_segment[order] + np.log(scores.trials), 0.0),
    )
    return Detections(counted, statistic, log_p, whole, part, spans)


def _whole(scores: Scores, statistic: Reals, null: Null) -> Reals:
    """ln p of each document as a whole: of the sum of its values, by weight where those differ."""
    counted = scores.counts
    log_p = null.log_sf(statistic, counted)
    if scores.weights is None:
        return log_p
    if not isinstance(null, Binomial):
        raise InputError("found weights of units that are no independent coins, expected none")
    uneven = np.flatnonzero(scores.weights != LEAST)
    owner = np.searchsorted(scores.offsets, uneven, side="right") - 1
    documents, row = np.unique(owner, return_inverse=True)
    cell = row.reshape(-1) * len(WEIGHTS) + (scores.weights[uneven] - LEAST)
    shape = (len(documents), len(WEIGHTS))
    units = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    green = np.bincount(cell[scores.values[uneven] > 0], minlength=shape[0] * shape[1])
    green = green.reshape(shape)
    units[:, 0] = counted[documents] - units.sum(axis=1)
    green[:, 0] = statistic[documents].astype(np.int64) - green.sum(axis=1)
    log_p[documents] = log_sf_weighted(null, green, units)
    return log_p


def statistics_of(scores: Scores) -> Reals:
    """The sum of each document's values; integers exactly, reals in an order of their own alone."""
    counts = scores.counts
    sums = np.zeros(len(counts), np.float64)
    some = np.flatnonzero(counts > 0)
    if len(some):
        exact = np.issubdtype(scores.values.dtype, np.integer)
        values = scores.values.astype(np.int64 if exact else np.float64, copy=False)
        sums[some] = np.add.reduceat(values, scores.offsets[:-1][some])
    return sums


def slices(tokens: Tokens, size: int = SLICE) -> Iterator[Tokens]:
    """The documents in order, in batches of at most `size` tokens or one document."""
    at = 0
    while at < tokens.documents:
        limit = tokens.offsets[at] + size
        end = int(np.searchsorted(tokens.offsets, limit, side="right")) - 1
        end = max(end, at + 1)
        low, high = tokens.offsets[at], tokens.offsets[end]
        yield Tokens(tokens.ids[low:high], tokens.offsets[at : end + 1] - low)
        at = end


def join(found: Sequence[Detections]) -> Detections:
    """Detections of batches as those of one, in their order."""
    if not found:
        none, zero = np.zeros(0, np.int64), np.zeros(0)
        return Detections(none, zero, zero, zero, zero, Spans(none, none, none, zero))
    starts = np.cumsum([0, *(part.documents for part in found[:-1])])
    spans = Spans(
        np.concatenate([part.spans.document + at for part, at in zip(found, starts, strict=True)]),
        np.concatenate([part.spans.start for part in found]),
        np.concatenate([part.spans.end for part in found]),
        np.concatenate([part.spans.log_p for part in found]),
    )
    names = ("counted", "statistic", "log_p", "log_p_whole", "log_p_part")
    columns = {name: np.concatenate([getattr(part, name) for part in found]) for name in names}
    return Detections(**columns, spans=spans)
