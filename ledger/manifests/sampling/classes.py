"""Classes by quantile within a stratum, so that rare documents can be drawn more often.

Scores and weights are whole numbers, quantiles rational ones: the classes are the same on every
machine. By quantile and not by score: what merely looks rarest of all (bytes
read as text) weighs no more than the rest of its class. Documents of equal scores are in one class.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np

from ledger.errors import InputError
from ledger.manifests.sampling.rows import MOST_WEIGHT, Ints

__all__ = ["Classes", "Scores"]


@dataclass(frozen=True, eq=False)
class Scores:
    """How many documents have which score: distinct (`stratum`, `score`), ascending, and `count`.

    Sums: `gather` is associative and commutative.
    """

    stratum: Ints
    score: Ints
    count: Ints

    @classmethod
    def part(cls, stratum: Ints, score: Ints) -> "Scores":
        """Of n documents, n numbers each."""
        if stratum.shape != score.shape or score.dtype.kind not in "iu":
            raise ValueError(f"score is {score.dtype}{score.shape}, expected integers a document")
        ones = np.ones(len(stratum), np.int64)
        return cls.gather([cls(stratum.astype(np.int64), score.astype(np.int64), ones)])

    @classmethod
    def gather(cls, parts: "Iterable[Scores]") -> "Scores":
        """Of the documents of all parts."""
        held = list(parts)
        none = np.zeros(0, np.int64)
        stratum = np.concatenate([none, *(part.stratum for part in held)])
        score = np.concatenate([none, *(part.score for part in held)])
        count = np.concatenate([none, *(part.count for part in held)])
        order = np.lexsort((score, stratum))
        stratum, score, count = stratum[order], score[order], count[order]
        first = np.ones(len(order), np.bool_)
        first[1:] = (stratum[1:] != stratum[:-1]) | (score[1:] != score[:-1])
        starts = np.flatnonzero(first)
        if len(starts):
            count = np.add.reduceat(count, starts)
        return cls(stratum[starts], score[starts], count)


@dataclass(frozen=True, eq=False)
class Classes:
    """`cuts` int64[S, q], ascending in each stratum, and the weights of the q + 1 classes.

    A document's class is the number of its stratum's cuts below its score.
    """

    cuts: Ints
    weights: tuple[int, ...]

    @classmethod
    def of(
        cls, scores: Scores, strata: int, quantiles: Sequence[Fraction], weights: Sequence[int]
    ) -> "Classes":
        """Cut each stratum at its `quantiles`, strictly ascending between 0 and 1.

        A cut is the least score that at least this share of the stratum does not exceed. Raises
        InputError for quantiles and weights that are none, or not one weight more than quantiles.
        """
        _check(quantiles, weights)
        total = np.zeros(strata, np.int64)
        np.add.at(total, scores.stratum, scores.count)
        upto = scores.count.cumsum()
        before = np.concatenate([[0], total.cumsum()[:-1]]) if strata else total
        held = total > 0
        cuts = np.zeros((strata, len(quantiles)), np.int64)
        for place, quantile in enumerate(quantiles):
            ranks = [ceil(quantile * each) for each in total.tolist()]  # 1 where there is anybody
            cuts[held, place] = scores.score[np.searchsorted(upto, (before + ranks)[held])]
        return cls(cuts, tuple(weights))

    def number(self, stratum: Ints, score: Ints) -> Ints:
        """The class of each of n documents, 0 to q."""
        number: Ints = (self.cuts[stratum] < score[:, None]).sum(axis=1)
        return number

    def weight(self, stratum: Ints, score: Ints) -> Ints:
        """The weight of each of n documents."""
        return np.array(self.weights, np.int64)[self.number(stratum, score)]


def _check(quantiles: Sequence[Fraction], weights: Sequence[int]) -> None:
    bounds = [Fraction(0), *quantiles, Fraction(1)]
    if any(low >= high for low, high in pairwise(bounds)):
        raise InputError(
            f"quantiles {', '.join(map(str, quantiles))}, expected ascending ones between 0 and 1"
        )
    if len(weights) != len(quantiles) + 1:
        raise InputError(
            f"{len(weights)} weights, expected {len(quantiles) + 1}: one more than quantiles"
        )
    if not all(1 <= weight <= MOST_WEIGHT for weight in weights):
        raise InputError(
            f"weights {', '.join(map(str, weights))}, expected each from 1 to {MOST_WEIGHT}"
        )
