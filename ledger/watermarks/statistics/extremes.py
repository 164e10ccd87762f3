"""How high the best segment of unmarked text scores: the Karlin-Altschul constant.

For increments X with E[e^X] = 1 and E[X] < 0, the largest sum M of n units' consecutive ones has
P(M >= x) -> 1 - exp(-K n e^-x) (Karlin and Altschul 1990; Karlin and Dembo 1992), where

    K = e^(-2 (a + b)) / E[X e^X]
    a = sum over k >= 1 of P(S_k >= 0) / k
    b = sum over k >= 1 of E[e^S_k; S_k < 0] / k

for sums S_k of k increments. All S_k enter through -ln(1 - f) = sum over k of f^k / k, where f is
the transform of one increment (Spitzer's identity): one Fourier transform gives both sums, taken
of increments weighted by e^(X / 2), so that f stays below 1 and what wraps around is negligible.
Increments that lie between the points of the transform are split between both neighbours so that
p and p e^X stay as they are. A walk that keeps to a lattice of span d has d / (1 - e^-d) times K.

In few units, and for low scores, more is needed than the limit. The walk starts anew each time it
falls below all before, e^a units apart on average (a renewal at the first unit besides), and from
there reaches x before it falls again with probability e^-x (C + q e^-x) or less, C = K e^a, where
q = E[e^X; X > 0]: by the tilted law it must rise at once, and either never falls or has been at x
and come back. So the expected number of such excursions is K (n + e^a) e^-x (1 + q e^-x / C).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.watermarks.statistics.nulls import Increments
from ledger.watermarks.statistics.series import Reals
from ledger.watermarks.tokens import Ints

__all__ = ["Extremes", "extremes"]

_FINEST = 2.0**-9
_LARGEST = 2**20
_REACH = 64.0  # e^(-64 / 2): what lies further than this from 0 is forgotten
_DIVISORS = 8  # a walk of span / 9 is as good as none: the factor is below 1.11 for every tilt
_DRIFT = 0.02  # of a span for each unit
_COARSEST = 3.0  # points of the transform that the smallest falling increment must span


@dataclass(frozen=True)
class Extremes:
    """What the law of the best segment needs of one log-likelihood ratio's increments.

    `constant` is K, `apart` e^a and `rise` q of the module's account.
    """

    constant: float
    apart: float
    rise: float

    def log_p(self, score: Reals, units: Ints) -> Reals:
        """ln P(the best segment of so many units scores as much); 0 for a score of 0 or less.

        Never above the provable bound units * e^-score where that is below 1.
        """
        x = np.maximum(score, 0.0)
        low = np.log1p(self.rise / (self.constant * max(self.apart, 1e-300)) * np.exp(-x))
        length = np.maximum(units, 1).astype(np.float64)
        expected = math.log(self.constant) + np.log(length + self.apart) - x + low
        expected = np.minimum(expected, np.log(length) - x)
        large = np.clip(expected, -30.0, 30.0)
        exact = np.where(expected < -30, expected, np.log(-np.expm1(-np.exp(large))))
        return np.asarray(np.where(score > 0, exact, 0.0), np.float64)


_PROVABLE = Extremes(1.0, 0.0, 0.0)


def extremes(law: Increments) -> Extremes:
    """Of a log-likelihood ratio; the provable bound n e^-x alone where increments are too small
    or too rare for the transform.
    """
    falls = -law.llr[law.llr < 0]
    if not len(falls):
        return _PROVABLE
    fall = float((law.probability[law.llr < 0] @ falls) / law.probability[law.llr < 0].sum())
    span = min(_FINEST, fall / 32)
    size = 2 ** math.ceil(math.log2(2 * _REACH / span))
    if size > _LARGEST:
        size = _LARGEST
        span = 2 * _REACH / size
        if fall < _COARSEST * span:
            return _PROVABLE
    raised = law.probability * np.exp(law.llr)
    gain = float(raised @ law.llr)
    if not gain > 0:
        return _PROVABLE
    transform: npt.NDArray[np.complex128] = np.fft.rfft(_ring(law, span, size))
    sums = np.fft.irfft(-np.log1p(-transform), size)
    place = np.arange(size)
    place = np.where(place < size // 2, place, place - size) * span
    weighted = sums * np.exp(-np.abs(place) / 2)
    above, below = float(weighted[place >= 0].sum()), float(weighted[place < 0].sum())
    constant = math.exp(-2 * (above + below)) / gain * _lattice_factor(law)
    return Extremes(min(constant, 1.0), math.exp(above), float(raised[law.llr > 0].sum()))


def _ring(law: Increments, span: float, size: int) -> npt.NDArray[np.float64]:
    """Increments weighted by e^(X / 2), on a ring of points."""
    below = np.floor(law.llr / span)
    # Masses a and b at both neighbours with a + b = p and a e^low + b e^high = p e^X.
    part = np.expm1(law.llr - below * span) / math.expm1(span)
    ring = np.zeros(size)
    for place, mass in ((below, law.probability * (1 - part)), (below + 1, law.probability * part)):
        np.add.at(ring, place.astype(np.int64) % size, mass * np.exp(place * span / 2))
    return ring


def _lattice_factor(law: Increments) -> float:
    """What K gains if the walk itself keeps to a lattice, or nearly for as long as a segment is.

    Increments that differ by multiples of `span` and are r / d of it modulo it keep to one of span
    `span / d`; the largest factor of those that nearly fit is on the safe side for all.
    """
    if not law.span:
        return 1.0
    part = float(law.llr[0]) / law.span
    fitting = [d for d in range(1, _DIVISORS + 1) if abs(d * part - round(d * part)) < _DRIFT * d]
    if not fitting:
        return 1.0
    coarse = law.span / fitting[0]
    return coarse / -math.expm1(-coarse)
