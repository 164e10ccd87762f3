"""A sample of a corpus that depends on nothing but the corpus, and what is learned from it.

The sample is the documents of smallest digest, as many as the budget of tokens takes: whichever
files, order, batches or workers, it is the same. Nobody looked at colours to choose it, so a test
on it is valid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.neardup.side import distinct, find_digests
from ledger.engines import Sidecar
from ledger.watermarks.detector import judge
from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokenization import read_digests, read_tokens
from ledger.watermarks.tokens import MAX_ID, Ids, Scores, Tokens

__all__ = ["BUDGET", "Corpus", "common_grams", "hot_tokens", "pooled", "survey", "take_sample"]

Digests = npt.NDArray[np.uint8]

BUDGET = 1 << 18
"""Tokens of the sample."""

_FEW, _NEW = 256, 1.5
_APART = 64  # separators between documents: longer than any context


@dataclass(frozen=True, eq=False)
class Corpus:
    """The distinct documents of some sidecars of token ids: sorted digests, lengths in tokens."""

    digests: Digests
    lengths: npt.NDArray[np.int64]

    @property
    def tokens(self) -> int:
        return int(self.lengths.sum())


def survey(sidecars: Sequence[Sidecar], members: bytes | None) -> Corpus:
    """The documents among `members` (sorted digests, concatenated; None for all)."""
    digests, lengths = [np.zeros((0, 32), np.uint8)], [np.zeros(0, np.int64)]
    for sidecar in sidecars:
        for table in sidecar.tables(["sha256", "ids"]):
            digests.append(read_digests(table))
            lengths.append(read_tokens(table).lengths)
    every, size = np.concatenate(digests), np.concatenate(lengths)
    chosen = distinct(every)
    if members is not None:
        among = np.frombuffer(members, np.uint8).reshape(-1, 32)
        chosen = chosen[find_digests(chosen, among) >= 0]
    place = find_digests(every, chosen)
    found = np.zeros(len(chosen), np.int64)
    found[place[place >= 0]] = size[place >= 0]  # equal texts have equal tokens
    return Corpus(chosen, found)


def take_sample(sidecars: Sequence[Sidecar], corpus: Corpus, budget: int = BUDGET) -> Tokens:
    """The ids of the sampled documents, by digest; the last one is cut where the budget ends."""
    before = np.concatenate([[0], np.cumsum(corpus.lengths)])[:-1]
    chosen = corpus.digests[: int(np.searchsorted(before, budget))]
    kept: dict[int, Ids] = {}
    for table in _tables(sidecars):
        place = find_digests(read_digests(table), chosen)
        if not (place >= 0).any():
            continue
        tokens = read_tokens(table)
        for row in np.flatnonzero(place >= 0).tolist():
            number = int(place[row])
            if number not in kept:
                ids = tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]]
                kept[number] = ids[: budget - int(before[number])].copy()
    documents = [kept[number] for number in sorted(kept)]
    offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    return Tokens(np.concatenate([np.zeros(0, np.uint32), *documents]), offsets)


def hot_tokens(sample: Tokens, count: int) -> Ids:
    """The tokens that the most documents of a sample hold, ascending; ties by the lower id."""
    pairs = np.unique(
        (sample.document_of().astype(np.uint64) << np.uint64(32)) | sample.ids.astype(np.uint64)
    )
    ids, documents = np.unique(pairs & np.uint64(MAX_ID), return_counts=True)
    chosen = np.lexsort((ids, -documents))[:count]
    return np.sort(ids[chosen]).astype(np.uint32)


def common_grams(sample: Tokens, length: int, count: int) -> list[tuple[tuple[int, ...], int]]:
    """(ids, documents) of the runs of `length` tokens that the most documents of a sample hold.

    The most common first, ties by the ids; only those that lie in two documents or more.
    """
    starts = np.arange(max(len(sample.ids) - length + 1, 0))
    owner = sample.document_of()
    starts = starts[owner[starts] == owner[starts + length - 1]]
    grams = np.stack([owner[starts].astype(np.int64), *(
        sample.ids[starts + place].astype(np.int64) for place in range(length)
    )], axis=1)  # fmt: skip
    each = np.unique(grams, axis=0)[:, 1:]
    found, documents = np.unique(each, axis=0, return_counts=True)
    order = np.argsort(-documents, kind="stable")[:count]
    order = order[documents[order] > 1]
    pairs = zip(found[order].tolist(), documents[order].tolist(), strict=True)
    return [(tuple(ids), number) for ids, number in pairs]


def pooled(sample: Tokens, mark: Mark) -> tuple[int, float]:
    """(units, ln p) of a whole sample as one text, in which each unit counts once.

    Finds a key that marks a small part of a corpus long before any single document shows it; says
    nothing of any document. The documents stand one after the other with ids between them that no
    vocabulary holds, so the mark's own rule against counting twice holds over all of them.
    """
    gap = np.full(_APART, MAX_ID, np.uint32)
    parts = [np.zeros(0, np.uint32)]
    for low, high in zip(sample.offsets[:-1].tolist(), sample.offsets[1:].tolist(), strict=True):
        parts += [sample.ids[low:high], gap]
    ids = np.concatenate(parts)
    one = Tokens(ids, np.array([0, len(ids)], np.int64))
    found = judge(_unsaturated(mark.score(one, mark.prepare(one)), len(ids)), mark, parts=False)
    return int(found.counted[0]), float(found.log_p[0])


def _unsaturated(scores: Scores, tokens: int) -> Scores:
    """The longest beginning, halved from the whole, whose second half still brought new units.

    A scheme of few states (65,536, or 8,191) meets all of them in a large text, and all together
    they say nothing. How many units are new is seen without looking at a colour.
    """
    units = len(scores.values)
    while units > _FEW:
        half = int(np.searchsorted(scores.positions, tokens // 2))
        if units >= _NEW * half:
            break
        units, tokens = half, tokens // 2
    offsets = np.array([0, units], np.int64)
    return Scores(offsets, scores.positions[:units], scores.values[:units], scores.trials)


def _tables(sidecars: Sequence[Sidecar]) -> Iterator[pa.Table]:
    for sidecar in sidecars:
        yield from sidecar.tables(["sha256", "ids"])
