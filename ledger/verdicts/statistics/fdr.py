"""Which documents of a run may be called found, if the share of false ones is to stay small."""

from collections.abc import Sequence

import numpy as np

from ledger.errors import InputError
from ledger.verdicts.statistics.tails import Reals, finite

__all__ = ["adjusted"]


def adjusted(p: Reals | Sequence[float]) -> Reals:
    """float64[n]: the least level at which each is found by Benjamini and Hochberg (1995).

    All of a run's p-values belong in `p`, found or not. Conformal p-values of one calibration are
    positively dependent in the way that the procedure allows (Bates, Candès, Lei, Romano and Sesia,
    2023). Raises InputError for what is no p-value.
    """
    values = finite(p, "p-values")
    if ((values < 0) | (values > 1)).any():
        raise InputError("found a p-value outside 0 to 1, expected none")
    count = len(values)
    order = np.argsort(-values, kind="stable")
    scaled = values[order] * count / np.arange(count, 0, -1)
    result = np.empty(count)
    result[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return result
