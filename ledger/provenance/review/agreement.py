"""How far people who decided independently agree: two coefficients with intervals, and a share.

Krippendorff's alpha (nominal; Krippendorff 2004, chapter 11) takes any number of raters and missing
decisions, and falls to nothing where nearly all documents are of one kind; Gwet's AC1 (Gwet 2014,
chapter 2, with his treatment of missing decisions) does not. Neither says who is right.

Pure. The counts are whole numbers until the last division and the generator of the resamples is one
whose stream is fixed, so that anybody who has the claims computes the same figures.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["CATEGORIES", "Agreement", "Coefficient", "agreement"]

CATEGORIES = ("human", "ai", "mixed")
"""What is compared; who is unsure has not decided."""

RESAMPLES = 1_000
LEAST = 10
"""Documents with two decisions, from which an interval is given."""

_SEED = 0
_LOW, _HIGH = 0.025, 0.975

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Coefficient:
    """A coefficient, None where it is not defined, with a 95 % interval, None for few documents and
    where most resamples leave it undefined.
    """

    point: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Agreement:
    """`documents` have a decision, `compared` two or more; `pairs` of decisions about one document
    there are, of which `agreeing` are equal.
    """

    documents: int
    compared: int
    pairs: int
    agreeing: int
    alpha: Coefficient
    ac1: Coefficient

    @property
    def percent(self) -> float | None:
        """The share of equal pairs, None without any."""
        return self.agreeing / self.pairs if self.pairs else None


def agreement(ratings: Iterable[Sequence[str]]) -> Agreement:
    """The agreement of independent decisions, those of one document together.

    Decisions that are none of CATEGORIES are missing. Documents are resampled, not decisions.
    """
    found = Counter(
        tuple(sum(one == name for one in given) for name in CATEGORIES) for given in ratings
    )
    found.pop((0,) * len(CATEGORIES), None)
    if not found:
        nothing = Coefficient(None, None, None)
        return Agreement(0, 0, 0, 0, nothing, nothing)
    patterns = np.array(sorted(found), np.int64)
    counts = np.array([found[tuple(row)] for row in patterns.tolist()], np.int64)
    raters = patterns.sum(axis=1)
    same = (patterns * (patterns - 1) // 2).sum(axis=1)
    weights = np.concatenate([counts[None, :], _resampled(counts)])
    compared = int(counts[raters >= 2].sum())
    if compared < LEAST:
        weights = weights[:1]
    return Agreement(
        documents=int(counts.sum()),
        compared=compared,
        pairs=int(counts @ (raters * (raters - 1) // 2)),
        agreeing=int(counts @ same),
        alpha=_coefficient(_alpha(patterns, weights)),
        ac1=_coefficient(_ac1(patterns, weights)),
    )


def _resampled(counts: Ints) -> Ints:
    """How often each pattern comes in each of RESAMPLES draws of as many documents: (B, p)."""
    random = np.random.RandomState(_SEED)  # its stream never changes between releases
    size, places = int(counts.sum()), np.repeat(np.arange(len(counts)), counts)
    return np.stack(
        [
            np.bincount(places[random.randint(0, size, size)], minlength=len(counts))
            for _ in range(RESAMPLES)
        ]
    ).astype(np.int64)


def _alpha(patterns: Ints, weights: Ints) -> Reals:
    """1 - (n - 1) sum o_ck / sum n_c n_k over c != k, per row of weights; nan if all are alike.

    Of a document with m decisions every ordered pair counts 1 / (m - 1); documents with one
    decision count for nothing.
    """
    raters = patterns.sum(axis=1)
    apart, totals = np.zeros(len(weights)), np.zeros((len(weights), len(CATEGORIES)), np.int64)
    for m in sorted(set(raters[raters >= 2].tolist())):
        rows = raters == m
        unequal = m * m - (patterns[rows] ** 2).sum(axis=1)  # ordered pairs of unequal decisions
        apart += (weights[:, rows] @ unequal) / (m - 1)
        totals += weights[:, rows] @ patterns[rows]
    n = totals.sum(axis=1)
    expected = n * n - (totals**2).sum(axis=1)
    return _divided(expected - (n - 1) * apart, expected)


def _ac1(patterns: Ints, weights: Ints) -> Reals:
    """(pa - pe) / (1 - pe) per row of weights; nan where no document has two decisions.

    pa is the mean share of equal pairs over documents with two decisions or more; pe = sum of
    p (1 - p) / (q - 1), p being the mean share of a category over all documents, q how many
    categories there are.
    """
    raters = patterns.sum(axis=1)
    used = max(int((patterns.sum(axis=0) > 0).sum()), 2)
    equal = np.zeros(len(weights))
    shares = np.zeros((len(weights), len(CATEGORIES)))
    for m in sorted(set(raters.tolist())):
        rows = raters == m
        shares += (weights[:, rows] @ patterns[rows]) / m
        if m >= 2:
            pairs = (patterns[rows] * (patterns[rows] - 1)).sum(axis=1)
            equal += (weights[:, rows] @ pairs) / (m * (m - 1))
    compared = weights[:, raters >= 2].sum(axis=1)
    p = shares / weights.sum(axis=1)[:, None]
    by_chance = (p * (1 - p)).sum(axis=1) / (used - 1)
    observed = _divided(equal, compared)
    return _divided(observed - by_chance, 1 - by_chance)


def _divided(above: Reals, below: npt.NDArray[np.generic]) -> Reals:
    """Row by row; nan where there is nothing to divide by."""
    found = np.full(len(above), np.nan)
    np.divide(above, below, out=found, where=below != 0)
    return found


def _coefficient(values: Reals) -> Coefficient:
    """The first value, and what 95 % of the others lie in."""
    point = None if np.isnan(values[0]) else float(values[0])
    others = np.sort(values[1:][~np.isnan(values[1:])])
    if point is None or 2 * len(others) < RESAMPLES:
        return Coefficient(point, None, None)
    last = len(others) - 1
    return Coefficient(point, float(others[int(_LOW * last)]), float(others[int(_HIGH * last)]))
