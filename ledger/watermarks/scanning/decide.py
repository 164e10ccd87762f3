"""From the rows of a scan to its decisions: integers in, integers out, nothing read but sidecars.

α is per document and shared by the marks looked for (Bonferroni); all arithmetic is the policy's
own, in thousandths of -log10 p (`provenance.marks`), so that a scan and a label never disagree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.neardup.side import find_digests
from ledger.engines import Sidecar
from ledger.errors import InputError
from ledger.provenance.marks import BUCKETS, correction_milli
from ledger.watermarks.scanning.sample import Corpus
from ledger.watermarks.schemes import Mark
from ledger.watermarks.statistics import PART_SHARE, calibrate_e, e_benjamini_hochberg
from ledger.watermarks.tokenization import read_digests

__all__ = [
    "MAX_MARKS",
    "UNREACHABLE",
    "Decisions",
    "Pairs",
    "Tally",
    "decide",
    "least_units",
    "results_of",
]

Ints = npt.NDArray[np.int64]

MAX_MARKS = 40
"""Marks a scan: what an entry has room for."""

UNREACHABLE = 2**53 - 1
"""More units than any document has, and the largest number that an entry can say."""

_UNDECIDABLE, _BELOW, _DETECTED = 0, 1, 2
_OUTCOMES = ("undecidable", "below_alpha", "detected")


@dataclass(frozen=True, eq=False)
class Pairs:
    """Listed pairs of document and mark, by document and then mark.

    `document` numbers the corpus, `mark` all marks of the scan. Pair i has the spans
    `span_offsets[i]:span_offsets[i + 1]`.
    """

    document: Ints
    mark: Ints
    tokens: Ints
    micro: Ints
    statistic: Ints
    counted: Ints
    span_offsets: Ints
    span_start: Ints
    span_end: Ints
    span_micro: Ints

    def __len__(self) -> int:
        return len(self.document)

    def spans(self, pair: int) -> list[tuple[int, int, int]]:
        """(start, end, -log10 p in millionths) of one pair, in tokens."""
        low, high = int(self.span_offsets[pair]), int(self.span_offsets[pair + 1])
        parts = self.span_start[low:high], self.span_end[low:high], self.span_micro[low:high]
        return list(zip(*(part.tolist() for part in parts), strict=True))


@dataclass(frozen=True)
class Tally:
    """Distinct documents of one mark: found, too short to decide, kept by e-BH."""

    detected: int
    undecidable: int
    least: int
    fdr: int


@dataclass(frozen=True, eq=False)
class Decisions:
    """What a scan decided. `outcome` is each document's strongest, an index into OUTCOMES.

    `pairs` are all that were listed; `claimed` the places of those whose corrected -log10 p reaches
    5, the weakest that any policy takes for a sign; `detected` says which of the pairs reach α.
    """

    corpus: Corpus
    pairs: Pairs
    claimed: Ints
    detected: npt.NDArray[np.bool_]
    tallies: tuple[Tally, ...]
    outcome: npt.NDArray[np.uint8]

    @cached_property
    def outcomes(self) -> dict[str, int]:
        """Documents by their strongest outcome."""
        counts = np.bincount(self.outcome, minlength=len(_OUTCOMES)).tolist()
        return {name: count for name, count in zip(_OUTCOMES, counts, strict=True) if count}


def least_units(mark: Mark, alpha_milli: int, keys: int) -> int:
    """Units that a document needs at least to be decided at α among `keys` marks.

    UNREACHABLE where no length would do.
    """
    log_alpha = -(alpha_milli + correction_milli(keys)) * np.log(10) / 1000
    log_trials = np.log(getattr(mark, "trials", 1))
    least = mark.null.minimum(float(log_alpha + np.log1p(-PART_SHARE) - log_trials))
    return min(int(least), UNREACHABLE)


def decide(
    corpus: Corpus,
    groups: Sequence[tuple[Sequence[Sidecar], Sequence[int]]],
    *,
    alpha_milli: int,
    fdr_milli: int,
) -> Decisions:
    """Decide for all distinct documents of `corpus` and all marks.

    A group is the sidecars of the marks of one tokenizer and those marks' least units; marks are
    numbered through the groups. Raises InputError for more than MAX_MARKS.
    """
    least = np.array([units for _, minimum in groups for units in minimum], np.int64)
    keys = len(least)
    if not 1 <= keys <= MAX_MARKS:
        raise InputError(
            f"{keys} marks, expected 1 to {MAX_MARKS} a scan",
            hint="name some of them with --watermark and run the command for the rest again",
        )
    parts = [_none()]
    undecidable = np.zeros(keys, np.int64)
    undecided = np.zeros(len(corpus.digests), np.int64)
    first = 0
    for sidecars, minimum in groups:
        seen = np.zeros(len(corpus.digests), np.bool_)
        for table in (table for sidecar in sidecars for table in sidecar.tables()):
            rows, documents = _fresh(table, corpus, seen)
            counted = _matrix(table, len(minimum))[rows]
            short = counted < np.array(minimum, np.int64)
            undecidable[first : first + len(minimum)] += short.sum(axis=0)
            undecided[documents] += short.sum(axis=1)
            parts.append(_pairs(table, rows, documents, first, counted))
        first += len(minimum)
    pairs = _sorted(parts)
    corrected = pairs.micro // 1000 - correction_milli(keys)
    detected = corrected >= alpha_milli
    outcome = np.where(undecided == keys, _UNDECIDABLE, _BELOW).astype(np.uint8)
    outcome[pairs.document[detected]] = _DETECTED
    kept = _controlled(pairs, keys * len(corpus.digests), fdr_milli)
    tallies = tuple(
        Tally(
            detected=int(detected[pairs.mark == number].sum()),
            undecidable=int(undecidable[number]),
            least=int(least[number]),
            fdr=int(kept[pairs.mark == number].sum()),
        )
        for number in range(keys)
    )
    claimed = np.flatnonzero(corrected >= BUCKETS[0])
    return Decisions(corpus, pairs, claimed, detected, tallies, outcome)


def results_of(corpus: Corpus, sidecars: Sequence[Sidecar]) -> tuple[Ints, Ints]:
    """(units, -log10 p in millionths) of every document for the only mark of some sidecars.

    Values below what is listed are 0.
    """
    counted, micro = (
        np.zeros(len(corpus.digests), np.int64),
        np.zeros(len(corpus.digests), np.int64),
    )
    seen = np.zeros(len(corpus.digests), np.bool_)
    for table in (table for sidecar in sidecars for table in sidecar.tables()):
        rows, documents = _fresh(table, corpus, seen)
        units = _matrix(table, 1)[rows]
        counted[documents] = units[:, 0]
        pairs = _pairs(table, rows, documents, 0, units)
        micro[pairs.document] = pairs.micro
    return counted, micro


def _controlled(pairs: Pairs, total: int, fdr_milli: int) -> npt.NDArray[np.bool_]:
    """Which pairs e-BH keeps; pairs that are not listed have e-values it never keeps."""
    log_e = calibrate_e(pairs.micro * (-np.log(10) / 1e6))
    return e_benjamini_hochberg(log_e, 10 ** (-fdr_milli / 1000), hypotheses=total)


def _fresh(table: pa.Table, corpus: Corpus, seen: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """(rows, documents) of a table's members that no earlier row was; marks them seen."""
    place = find_digests(read_digests(table), corpus.digests)
    documents, rows = np.unique(place, return_index=True)
    new = (documents >= 0) & ~seen[documents]
    documents, rows = documents[new], rows[new]
    seen[documents] = True
    return rows, documents


def _matrix(table: pa.Table, marks: int) -> Ints:
    return _values(table, "counted")[1].reshape(-1, marks)


def _values(table: pa.Table, name: str) -> tuple[Ints, Ints]:
    """(offsets, values) of a list column."""
    lists = table.column(name).combine_chunks()
    offsets = lists.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0], lists.flatten().to_numpy().astype(np.int64)


def _pairs(table: pa.Table, rows: Ints, documents: Ints, first: int, counted: Ints) -> Pairs:
    offsets, mark = _values(table, "marks")
    span_counts = _values(table, "spans")[1]
    span_offsets = np.concatenate([[0], np.cumsum(span_counts)]).astype(np.int64)
    lengths = np.diff(offsets)[rows]
    chosen = _ranges(offsets[rows], lengths)  # places in the table's pairs
    chosen_spans = _ranges(span_offsets[chosen], span_counts[chosen])
    owner = np.repeat(np.arange(len(rows)), lengths)
    return Pairs(
        document=np.repeat(documents, lengths),
        mark=mark[chosen] + first,
        tokens=table.column("tokens").to_numpy()[rows][owner],
        micro=_values(table, "neg_log10_p_micro")[1][chosen],
        statistic=_values(table, "statistic_micro")[1][chosen],
        counted=counted[owner, mark[chosen]],
        span_offsets=np.concatenate([[0], np.cumsum(span_counts[chosen])]).astype(np.int64),
        span_start=_values(table, "span_start")[1][chosen_spans],
        span_end=_values(table, "span_end")[1][chosen_spans],
        span_micro=_values(table, "span_neg_log10_p_micro")[1][chosen_spans],
    )


def _none() -> Pairs:
    none = np.zeros(0, np.int64)
    return Pairs(none, none, none, none, none, none, np.zeros(1, np.int64), none, none, none)


def _sorted(parts: Sequence[Pairs]) -> Pairs:
    """All pairs, by document and mark, with their spans."""
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS}
    counts = np.concatenate([np.diff(part.span_offsets) for part in parts])
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    order = np.lexsort((joined["mark"], joined["document"]))
    spans = _ranges(starts[order], counts[order])
    for name in _COLUMNS:
        joined[name] = joined[name][spans if name.startswith("span_") else order]
    offsets = np.concatenate([[0], np.cumsum(counts[order])]).astype(np.int64)
    return Pairs(**joined, span_offsets=offsets)


_COLUMNS = (
    "document", "mark", "tokens", "micro", "statistic", "counted",
    "span_start", "span_end", "span_micro",
)  # fmt: skip


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """start, start + 1, … for each of some ranges, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    within = np.arange(total, dtype=np.int64) - np.repeat(ends - lengths, lengths)
    return np.repeat(starts, lengths) + within


def each_document(pairs: Pairs, places: Ints) -> Iterator[tuple[int, list[int]]]:
    """(document, its places) of some pairs, ascending."""
    documents = pairs.document[places]
    for document in np.unique(documents).tolist():
        low, high = np.searchsorted(documents, [document, document + 1]).tolist()
        yield document, places[low:high].tolist()
