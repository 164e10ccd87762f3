"""Which pairs are worth comparing: found by equal normal forms, equal bands and shared samples.

Bands (32 of 4 bins) meet with probability 1 - (1 - J⁴)³² for Jaccard similarity J: above 0.9999
at 0.8, 0.87 at 0.5. Samples meet wherever one shared gram was sampled, and a quarter are: of 16
shared grams all are missed once in 100 times, of 32 once in 10,000.

A bucket, the documents with one band or one sampled gram, may be large: a licence header is in
every file. Of the references in a bucket the first LARGEST by digest are looked at, the same ones
in every bucket, so that a document made of such passages still meets its match among them. Whose
list may be short for that reason is told: nothing is dropped in silence.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.corpus.neardup.side import Side, Sieve, first_words
from ledger.corpus.neardup.sketch import BANDS

__all__ = ["MOST", "WEAK", "Indices", "Pairs", "find_pairs", "promising"]

LARGEST = 32  # references of one bucket
MOST = 256  # references one candidate is compared with
WEAK = 4  # of those that share little with it
_BLOCK = 65_536  # candidates at a time
_SAMPLES = 32_000_000  # sampled grams of one side in memory at a time
_AT_ONCE = 1 << 22  # pairs sorted at a time

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs (candidate, reference) of a block of candidates, ascending and distinct.

    `capped` are candidates that may have more matches than were looked at.
    """

    candidates: Indices
    references: Indices
    capped: Indices


def find_pairs(candidates: Side, references: Side) -> Iterator[Pairs]:
    """Pairs in blocks of candidates, ascending. Equal documents need not be among them."""
    width = len(references)
    if not len(candidates) or not width:
        return
    alike, over = _by_buckets(candidates, references)
    total = int(candidates.sampled.sum() + references.sampled.sum())
    parts = max(1, -(-total // _SAMPLES))
    for start in range(0, len(candidates), _BLOCK):
        block = slice(start, min(start + _BLOCK, len(candidates)))
        shared = _Shared(candidates, references)
        for part in range(parts):
            ours = candidates.samples(block, None, part, parts)
            theirs = references.samples(slice(0, width), Sieve(ours[0]), part, parts)
            shared.add(ours, theirs)
        chosen, short = shared.choose()
        low, high = np.searchsorted(alike, [block.start * width, block.stop * width])
        chosen = np.union1d(chosen, alike[low:high])
        short = np.union1d(short, over[(over >= block.start) & (over < block.stop)])
        yield Pairs(chosen // width, chosen % width, short)


def _by_buckets(candidates: Side, references: Side) -> tuple[Indices, Indices]:
    """Pairs with one normal form or one band, as `candidate * width + reference`; whose are capped.

    That a normal form begins as another does is enough here: pairs are compared exactly.
    """
    ours, theirs = np.flatnonzero(candidates.grams > 0), np.flatnonzero(references.grams > 0)
    width = len(references)
    codes, capped = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    pending = 0
    for number in range(-1, BANDS):
        if number < 0:
            mine, other = first_words(candidates.norms), first_words(references.norms)
        else:
            mine, other = candidates.band(number), references.band(number)
        there = theirs[Sieve(mine[ours]).passes(other[theirs])]
        order = there[np.argsort(other[there], kind="stable")]
        where, which, over = _join(mine[ours], other[order])
        codes.append(ours[where] * width + order[which])
        capped.append(ours[over])
        pending += len(where)
        if pending > _AT_ONCE or number == BANDS - 1:
            merged = np.unique(np.concatenate(codes))
            rank = _rank(merged // width)
            capped.append(merged[rank >= MOST] // width)
            codes, pending = [merged[rank < MOST]], 0
    return codes[0], np.unique(np.concatenate(capped))


def promising(
    shared: Indices, mine: Indices, other: Indices
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Which pairs to compare, by the grams they share of two samples: (strong, weak, score).

    With n the smaller sample, a pair that reaches J = 0.5 or a containment of 0.8 is expected to
    share two thirds of n or more; three standard deviations below that a pair is still strong.
    Weak ones may reach J = 0.2, and hardly more.
    """
    least = np.minimum(mine, other)
    strong = (shared > 0) & (shared >= (2 * least - np.sqrt(18 * least)) / 3)
    similar = shared / np.maximum(mine + other - shared, 1)
    weak = ~strong & (similar >= 0.1)
    return strong, weak, np.where(strong, shared / np.maximum(least, 1), similar)


class _Shared:
    """Counts the sampled grams that the candidates of a block share with each reference."""

    def __init__(self, candidates: Side, references: Side) -> None:
        self._width = len(references)
        self._ours, self._theirs = candidates.sampled, references.sampled
        self._hubs = np.zeros(len(candidates), np.int64)
        self._codes, self._counts = np.zeros(0, np.int64), np.zeros(0, np.int64)

    def add(
        self,
        ours: tuple[npt.NDArray[np.uint32], Indices],
        theirs: tuple[npt.NDArray[np.uint32], Indices],
    ) -> None:
        """Add a part of the samples, both sorted by gram."""
        (gram, owner), (other, reference) = ours, theirs
        step = max(1, _AT_ONCE // LARGEST)
        for start in range(0, len(gram), step):
            mine = owner[start : start + step]
            where, which, over = _join(gram[start : start + step], other)
            self._hubs += np.bincount(mine[over], minlength=len(self._hubs))
            codes, counts = np.unique(
                mine[where] * self._width + reference[which], return_counts=True
            )
            self._merge(codes, counts)

    def _merge(self, codes: Indices, counts: Indices) -> None:
        if not len(self._codes):
            self._codes, self._counts = codes, counts
            return
        merged, place = np.unique(np.concatenate([self._codes, codes]), return_inverse=True)
        total = np.zeros(len(merged), np.int64)
        np.add.at(total, place, np.concatenate([self._counts, counts]))
        self._codes, self._counts = merged, total

    def choose(self) -> tuple[Indices, Indices]:
        """The pairs to compare and the candidates that are capped."""
        ours, theirs = self._codes // self._width, self._codes % self._width
        strong, weak, score = promising(self._counts, self._ours[ours], self._theirs[theirs])
        order = np.lexsort((theirs, -score, ours))
        firm, loose = order[strong[order]], order[weak[order]]
        kept_firm = _rank(ours[firm]) < MOST
        kept_loose = loose[_rank(ours[loose]) < WEAK]
        chosen = np.sort(self._codes[np.concatenate([firm[kept_firm], kept_loose])])
        crowded = np.flatnonzero(3 * self._hubs > self._ours)
        return chosen, np.unique(np.concatenate([ours[firm[~kept_firm]], crowded]))


def _join(
    keys: npt.NDArray[np.unsignedinteger], among: npt.NDArray[np.unsignedinteger]
) -> tuple[Indices, Indices, Indices]:
    """Places (in keys, in sorted `among`) of equal ones, LARGEST a key; keys cut off."""
    low = np.searchsorted(among, keys, side="left")
    found = np.searchsorted(among, keys, side="right") - low
    over = np.flatnonzero(found > LARGEST)
    found = np.minimum(found, LARGEST)
    where = np.repeat(np.arange(len(keys)), found)
    start = np.cumsum(found) - found
    return where, np.arange(len(where)) - (start - low)[where], over


def _rank(owners: Indices) -> Indices:
    """The place of each item among those of its owner, from 0; owners are ascending."""
    if not len(owners):
        return np.zeros(0, np.int64)
    fresh = np.flatnonzero(np.diff(owners, prepend=owners[0] - 1))
    return np.arange(len(owners)) - np.repeat(fresh, np.diff(np.append(fresh, len(owners))))
