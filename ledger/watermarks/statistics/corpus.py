"""Tests of a whole corpus, which say nothing of any single document; and p-values as integers.

Documents share n-grams, so p-values of one key are dependent across documents: the
Benjamini-Hochberg procedure does not hold, its form for e-values does (Wang and Ramdas 2022,
under any dependence). The pooled test asks whether a key was used anywhere: each distinct unit
counts once in the whole corpus.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.watermarks.statistics.nulls import Null
from ledger.watermarks.statistics.series import Reals
from ledger.watermarks.tokens import Ints, Scores, Values

__all__ = [
    "MAX_MILLI",
    "Pool",
    "Pooled",
    "bonferroni",
    "calibrate_e",
    "correction_milli",
    "e_benjamini_hochberg",
    "exceedances",
    "neg_log10_p_milli",
    "pooled",
]

MAX_MILLI = 10**9
"""What `neg_log10_p_milli` gives of p = 0, an outcome that the null cannot have."""

_CHUNK = 1 << 20


def calibrate_e(log_p: Reals) -> Reals:
    """ln e of ln p, by e = (1 - p + p ln p) / (p (ln p)^2), and e = 1/2 at p = 1.

    The mixture over kappa in (0, 1) of the calibrators kappa p^(kappa - 1) (Vovk and Wang 2021).
    """
    x = -np.minimum(np.asarray(log_p, np.float64), 0.0)  # e = (e^x - 1 - x) / x^2
    near = np.minimum(x, 0.1)
    series = np.zeros_like(near)
    for factorial in (40320, 5040, 720, 120, 24, 6, 2):  # of (k + 2)!, the largest first
        series = series * near + 1 / factorial
    far = np.maximum(x, 0.1)
    with np.errstate(invalid="ignore"):
        exact = far - 2 * np.log(far) + np.log1p(-(1 + far) * np.exp(-far))
    return np.where(x < 0.1, np.log(series), np.where(np.isinf(x), np.inf, exact))


def e_benjamini_hochberg(
    log_e: Reals, alpha: float, hypotheses: int | None = None
) -> npt.NDArray[np.bool_]:
    """Which hypotheses are rejected at a false discovery rate of `alpha`, under any dependence.

    The k largest with k e_(k) >= n / alpha, for the largest such k. `hypotheses` is n where
    `log_e` leaves out some that were tested and whose e is below 1 / alpha. Raises InputError for
    an alpha outside 0 to 1, a NaN, or an n below what was given.
    """
    values = np.asarray(log_e, np.float64)
    total = len(values) if hypotheses is None else hypotheses
    if not 0 < alpha <= 1:
        raise InputError("false discovery rate: expected a number above 0, at most 1")
    if total < len(values) or np.isnan(values).any():
        raise InputError("found a NaN or fewer hypotheses than values, expected neither")
    # k is at most n, so no e below 1 / alpha is ever rejected: those are not sorted.
    candidates = np.flatnonzero(values >= -math.log(alpha))
    order = candidates[np.argsort(-values[candidates], kind="stable")]
    ranks = np.arange(1, len(order) + 1)
    reached = np.flatnonzero(
        np.log(ranks) + values[order] >= math.log(max(total, 1)) - math.log(alpha)
    )
    rejected = np.zeros(len(values), np.bool_)
    if len(reached):
        rejected[order[: reached[-1] + 1]] = True
    return rejected


def bonferroni(log_p: Reals, tests: int) -> Reals:
    """ln of min(1, tests * p)."""
    if tests < 1:
        raise InputError(f"found {tests} tests, expected at least 1")
    return np.asarray(np.minimum(np.asarray(log_p, np.float64) + math.log(tests), 0.0))


def neg_log10_p_milli(log_p: float) -> int:
    """-1000 log10 p, rounded down: never more evidence than there is. At most MAX_MILLI."""
    if math.isnan(log_p):
        raise InputError("found NaN for the logarithm of a p-value, expected a number")
    if log_p >= 0:
        return 0
    return math.floor(min(-log_p * (1000 / math.log(10)), float(MAX_MILLI)))


def correction_milli(keys: int) -> int:
    """1000 log10 of how many keys were looked for, rounded up: the least m, 10^m >= keys^1000."""
    if keys < 1:
        raise InputError(f"found {keys} keys, expected at least 1")
    power = keys**1000
    milli = max(math.floor(1000 * math.log10(keys)) - 1, 0)
    while 10**milli < power:
        milli += 1
    return milli


def exceedances(log10_p: Reals, levels: Sequence[float] = (-2, -3, -4, -5, -6)) -> list[int]:
    """How many documents have p at or below 10^level, for each level."""
    values = np.asarray(log10_p, np.float64)
    return [int(np.count_nonzero(values <= level)) for level in levels]


@dataclass(frozen=True)
class Pooled:
    """A corpus as one document: its distinct units, the sum of their values, and ln p."""

    counted: int
    statistic: float
    log_p: float


def pooled(scores: Scores, distinct_key: npt.NDArray[np.uint64], null: Null) -> Pooled:
    """The test of a corpus for one key. `distinct_key` says which unit each one is."""
    pool = Pool()
    pool.add(scores, distinct_key)
    return pool.test(null)


class Pool:
    """Distinct units of a corpus that comes in batches. The order of the batches is no matter."""

    def __init__(self) -> None:
        self._keys: npt.NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._values: Reals = np.zeros(0)

    def add(self, scores: Scores, distinct_key: npt.NDArray[np.uint64]) -> None:
        """Take a batch's units; those of equal key have equal values.

        Raises InputError for a number of keys that is not that of the units, and for scores that
        are the best of several alignments, which no one null describes.
        """
        if scores.trials != 1:
            raise InputError("found scores that are the best of several, expected those of one")
        if len(distinct_key) != len(scores.values):
            raise InputError(
                f"found {len(distinct_key)} keys for {len(scores.values)} units, expected one each"
            )
        for at in range(0, len(distinct_key), _CHUNK):
            self._merge(distinct_key[at : at + _CHUNK], scores.values[at : at + _CHUNK])

    def _merge(self, keys: npt.NDArray[np.uint64], values: Values) -> None:
        joined = np.concatenate([self._keys, keys.astype(np.uint64)])
        self._keys, first = np.unique(joined, return_index=True)
        self._values = np.concatenate([self._values, values.astype(np.float64)])[first]

    @property
    def counts(self) -> Ints:
        """How many distinct units there are, as an array of one."""
        return np.array([len(self._keys)], np.int64)

    def test(self, null: Null) -> Pooled:
        """ln p of all distinct units; summed in the order of their keys."""
        statistic = float(self._values.sum())
        log_p = float(null.log_sf(np.array([statistic]), self.counts)[0])
        return Pooled(len(self._keys), statistic, log_p)
