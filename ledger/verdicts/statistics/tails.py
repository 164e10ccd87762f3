"""Tails of the two laws that intervals and tests here are made with, and the check of what goes in.

scipy's `stdtr` and `stdtrit` are accurate far into the tail; Python's own normal quantile is.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError

__all__ = ["Ints", "Reals", "finite", "normal_quantile", "student_quantile", "student_upper"]

Reals = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NORMAL = NormalDist()


def finite(values: Reals | Sequence[float], what: str, least: int = 0) -> Reals:
    """`values` as a vector. Raises InputError for a NaN, an infinity or fewer than `least`."""
    found = np.asarray(values, np.float64)
    if found.ndim != 1:
        raise InputError(f"{what}: found {found.ndim} dimensions, expected one")
    if len(found) < least:
        raise InputError(f"{what}: found {len(found):,}, expected at least {least:,}")
    if not np.isfinite(found).all():
        place = int(np.flatnonzero(~np.isfinite(found))[0])
        raise InputError(f"{what}: found {found[place]} at {place}, expected finite numbers")
    return found


def normal_quantile(level: float) -> float:
    """The z with P(Z <= z) = `level`. Raises InputError outside 0 < level < 1."""
    if not 0 < level < 1:
        raise InputError(f"level {level:g}, expected a number between 0 and 1")
    return _NORMAL.inv_cdf(level)


def student_quantile(level: float, freedom: float) -> float:
    """The t with P(T <= t) = `level` at `freedom` degrees, which may be a fraction."""
    if not 0 < level < 1 or not freedom > 0:
        raise InputError(
            f"level {level:g} at {freedom:g} degrees of freedom, expected 0 to 1 and above 0"
        )
    from scipy import special  # takes a tenth of a second: whoever ranks and counts need not wait

    return float(special.stdtrit(freedom, level))


def student_upper(t: float, freedom: float) -> float:
    """P(T >= t) at `freedom` degrees."""
    from scipy import special

    return float(special.stdtr(freedom, -t))
