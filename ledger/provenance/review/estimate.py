"""A share from documents that were drawn with known chances. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError

__all__ = ["Share", "horvitz_thompson"]

_Z = 1.959964  # of 95 %


@dataclass(frozen=True)
class Share:
    """An estimated share with a 95 % interval; `documents` were decided on."""

    point: float
    low: float
    high: float
    documents: int


def horvitz_thompson(
    ai: npt.NDArray[np.bool_] | Sequence[bool],
    chance: npt.NDArray[np.float64] | Sequence[float],
    population: int,
    stratum: npt.NDArray[np.int64] | Sequence[int],
) -> Share:
    """The share of AI text in a population of which these documents were drawn.

    Each stands for 1 / chance documents (Horvitz and Thompson 1952), so that the estimate is right
    on average however unequal the chances are. The interval is Wald's with the variance of simple
    random draws within each `stratum`, of which documents have one chance; two documents more, one
    of either kind, stand in for what few decisions that all agree do not show. Raises InputError
    for chances that are none, more chances than one in a stratum, and an empty population.
    """
    truth, drawn = np.asarray(ai, np.float64), np.asarray(chance, np.float64)
    codes = np.asarray(stratum, np.int64)
    if population < 1 or not len(truth) == len(drawn) == len(codes):
        raise InputError("found no population, expected one, and a chance and stratum a decision")
    if not ((drawn > 0) & (drawn <= 1)).all():
        raise InputError("found a chance that is none, expected more than 0 and at most 1")
    point = float((truth / drawn).sum()) / population
    variance = 0.0
    for code in sorted(set(codes.tolist())):
        rows = codes == code
        chances = drawn[rows]
        if (chances != chances[0]).any():
            raise InputError(f"stratum {code}: found several chances, expected one")
        n, pi = int(rows.sum()), float(chances[0])
        p = (float(truth[rows].sum()) + 1) / (n + 2)
        variance += (n / pi / population) ** 2 * (1 - pi) * p * (1 - p) / n
    half = _Z * math.sqrt(variance)
    inside = min(max(point, 0.0), 1.0)
    return Share(point, max(inside - half, 0.0), min(inside + half, 1.0), len(truth))
