"""Series of positive terms, and the pieces of Loader's form of a probability: what tails are of.

A point probability is written by deviances (C. Loader, "Fast and accurate computation of binomial
probabilities", 2000), so that nothing large cancels at a count of a million. A tail is the first
point probability times a series whose terms are all positive and fall. A series is summed until no
term can change the sum, so that what a document gets does not depend on its neighbours.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.watermarks.tokens import Ints

__all__ = [
    "Reals",
    "complement",
    "deviance",
    "log_binomial",
    "log_poisson",
    "stirling_error",
    "sum_series",
    "tail_input",
]

Reals = npt.NDArray[np.float64]

_NO_MORE = 2.0**-55  # a term below this share of the sum changes no bit of it
_LOOK_EVERY = 8  # terms between two looks at what has converged
_SMALL = np.array(  # ln n! minus Stirling's formula, for n where the series below is too short
    [0.0]
    + [
        math.lgamma(n + 1) - (n + 0.5) * math.log(n) + n - 0.5 * math.log(2 * math.pi)
        for n in range(1, 16)
    ]
)


def tail_input(statistic: Reals, counts: Ints) -> tuple[Reals, Ints]:
    """Both as arrays of one shape. Raises InputError for a NaN or a negative count."""
    values, units = np.asarray(statistic, np.float64), np.asarray(counts, np.int64)
    if values.shape != units.shape or values.ndim != 1:
        raise InputError(
            f"found {values.shape} statistics and {units.shape} counts, expected one of each"
        )
    if np.isnan(values).any() or (units < 0).any():
        raise InputError("found a NaN statistic or a negative count, expected neither")
    return values, units


def complement(log_p: Reals) -> Reals:
    """ln(1 - p) of ln p."""
    with np.errstate(divide="ignore"):
        return np.where(log_p > -math.log(2), np.log(-np.expm1(log_p)), np.log1p(-np.exp(log_p)))


def stirling_error(n: Reals) -> Reals:
    """ln n! - ((n + 1/2) ln n - n + ln(2 pi) / 2) of whole n >= 1 (0 for 0)."""
    large = np.maximum(n, 16.0)
    square = 1.0 / (large * large)
    series = (
        1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))
    ) / large
    return np.where(n >= 16, series, _SMALL[np.minimum(n, 15).astype(np.int64)])


def deviance(x: Reals, mean: Reals) -> Reals:
    """x ln(x / mean) + mean - x, for x >= 0 and mean > 0, without cancellation near the mean."""
    ratio = (x - mean) / (x + mean)
    square = np.minimum(ratio * ratio, 0.04)
    total = np.zeros_like(square)
    for j in range(14, 0, -1):
        total = square * (total + 1 / (2 * j + 1))
    near = (x - mean) * ratio + 2 * x * ratio * total
    far = x * np.log(np.where(x > 0, x, mean) / mean) + mean - x
    return np.where(np.abs(ratio) < 0.2, near, far)


def log_binomial(x: Reals, n: Reals, p: Reals | float, q: Reals | float) -> Reals:
    """ln of C(n, x) p^x q^(n - x), for whole 0 <= x <= n and q = 1 - p (Loader 2000)."""
    inside = (x > 0) & (x < n)
    a, total = np.where(inside, x, 1.0), np.where(inside, n, 2.0)
    b = total - a
    body = (
        stirling_error(total)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, total * p)
        - deviance(b, total * q)
        + 0.5 * np.log(total / (2 * math.pi * a * b))
    )
    return np.where(inside, body, n * np.where(x > 0, _log_share(p, q), _log_share(q, p)))


def _log_share(p: Reals | float, q: Reals | float) -> Reals:
    """ln p from whichever of p and q = 1 - p is smaller, and so says p more exactly."""
    low = np.asarray(p) < 0.5
    return np.where(low, np.log(np.where(low, p, 1.0)), np.log1p(-np.where(low, 0.0, q)))


def log_poisson(x: Reals, mean: Reals) -> Reals:
    """ln of e^-mean mean^x / x! for whole x >= 0 and mean > 0 (Loader 2000)."""
    a = np.maximum(x, 1.0)
    body = -stirling_error(a) - deviance(a, mean) - 0.5 * np.log(2 * math.pi * a)
    return np.where(x > 0, body, -mean)


def sum_series(ratio: Callable[..., Reals], *arguments: Reals) -> Reals:
    """1 + r0 + r0 r1 + ..., where r_j = ratio(j, *arguments) >= 0 falls with j, below 1 in the end.

    One sum an element; elements leave the work when they have converged.
    """
    result = np.ones_like(arguments[0])
    left = np.arange(len(result))
    total, term = result.copy(), result.copy()
    j = 0
    while len(left):
        for _ in range(_LOOK_EVERY):
            term = term * ratio(float(j), *arguments)
            total = total + term
            j += 1
        going = term > _NO_MORE * total
        if np.count_nonzero(going) <= 0.75 * len(left) or not going.any():
            result[left[~going]] = total[~going]
            left, total, term = left[going], total[going], term[going]
            arguments = tuple(argument[going] for argument in arguments)
    return result
