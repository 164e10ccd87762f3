"""Green units that weigh by how often a text says them: the null of what repeats itself.

A unit that occurs n times has one colour all the same, so it is one coin. But what the colour of a
faint mark says grows with n: the locally most powerful statistic (Cox and Hinkley 1974, section
4.8) weighs a token by how often it stands after its context less how often it would without a
mark. That is n (1 - a) for a token of chance a. The chance is not known; the rule of succession
makes n / (n + 1) of it for a context that was always answered so, which leaves n / (n + 1). So a
phrase that comes again weighs a little more than once, and a loop never weighs twice. Weights are
chosen without a look at a colour: p is exact under these as under any.

They are whole numbers here, `WEIGHTS`, so that the weighted sum keeps to a lattice. Its tail is a
contour integral of its characteristic function, taken by the trapezoidal rule. The contour goes
through the saddle point of what is integrated, as in `lattice`; here each document has its own.
"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.watermarks.statistics.binomial import Binomial
from ledger.watermarks.statistics.series import Reals
from ledger.watermarks.tokens import Ints

__all__ = ["LEAST", "WEIGHTS", "log_sf_weighted", "weigh"]

LEAST, _MOST = 6, 12
WEIGHTS = tuple(range(LEAST, _MOST + 1))
"""What a unit may weigh; `LEAST` is one that occurs once."""

_OF_TIMES = np.array(
    [LEAST, *(math.floor(_MOST * n / (n + 1) + 0.5) for n in range(1, 256))], np.uint8
)
_TURNS = 16  # standard deviations of the tilted sum that the ring spans
_FORGOTTEN = 36.0  # what lies a turn of the ring below weighs e^-36
_FEWEST = 64
_WEAK = math.log(2 / 3)  # a bound from here on is as good as p: nobody decides by it
_STEPS = 34
_LOWEST, _STEEPEST = 1e-9, 64.0  # of tilts: one in the mean of 1e9, and one above all
_ROOM = 1 << 17  # nodes of documents that are worked on together


def weigh(times: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The weight of a unit that occurs so often, 255 or more as 255."""
    return _OF_TIMES[times]


def log_sf_weighted(null: Binomial, green: Ints, units: Ints) -> Reals:
    """ln P(weighted sum >= that of `green`) of each document.

    Both are int64[documents, len(WEIGHTS)]: of the units of each weight how many are green, and
    how many there are. To 1e-9 of p, for up to a million units, where p is at most 0.1; above it
    may be Chernoff's bound, which is no less than p. Raises InputError for what cannot be so.
    """
    if green.shape != units.shape or units.ndim != 2 or units.shape[1] != len(WEIGHTS):
        raise InputError(
            f"found {green.shape} and {units.shape} units by weight, "
            f"expected {len(WEIGHTS)} of each document"
        )
    if (green < 0).any() or (green > units).any():
        raise InputError("found more green units than units or fewer than 0, expected neither")
    p, q = null.k / null.of, (null.of - null.k) / null.of
    sums, most = green @ _INTEGERS, units @ _INTEGERS
    result = np.zeros(len(units))
    all_green = (sums == most) & (most > 0)
    result[all_green] = null.best(units[all_green].sum(axis=1))
    law, above = _Law(p, q), np.flatnonzero((sums > p * most) & ~all_green)
    theta = law.saddles(sums[above], units[above])
    bound = law.log_bounds(theta, sums[above], units[above])
    strong = bound < _WEAK
    few = above[strong]
    result[above] = bound
    result[few] += law.log_shares(theta[strong], sums[few], units[few])
    return np.minimum(result, 0.0)


_INTEGERS = np.array(WEIGHTS, np.int64)
_REALS: Reals = _INTEGERS.astype(np.float64)


class _Law:
    """One coin's law, tilted by the weight it is given: p for green, q = 1 - p."""

    def __init__(self, p: float, q: float) -> None:
        self.log_p = math.log(p) if p < 0.5 else math.log1p(-q)
        self.log_q = math.log(q) if q < 0.5 else math.log1p(-p)

    def shares(self, theta: Reals) -> tuple[Reals, Reals]:
        """Of each weight the tilted chances of green and of not: [documents, weights] both."""
        odds = self.log_p - self.log_q + theta[:, None] * _REALS
        return 1 / (1 + np.exp(-odds)), 1 / (1 + np.exp(odds))

    def saddles(self, sums: Ints, units: Ints) -> Reals:
        """Where mean(theta) - 1 / (e^theta - 1) = sum: the integrand's saddle, about."""
        low, high = np.full(len(sums), _LOWEST), np.full(len(sums), _STEEPEST)
        for _ in range(_STEPS):
            middle = np.sqrt(low * high)
            mean = (units * self.shares(middle)[0] * _REALS).sum(axis=1)
            above = mean - 1 / np.expm1(middle) > sums
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return high

    def log_bounds(self, theta: Reals, sums: Ints, units: Ints) -> Reals:
        """ln E[e^(theta (S - sum))] of the weighted sum S: Chernoff's bound of ln P(S >= sum)."""
        rise = self.log_p + theta[:, None] * _REALS
        log_mgf = (units * np.logaddexp(self.log_q, rise)).sum(axis=1)
        return np.asarray(log_mgf - theta * sums, np.float64)

    def log_shares(self, theta: Reals, sums: Ints, units: Ints) -> Reals:
        """ln of P(S >= sum) / E[e^(theta (S - sum))], for sums below the largest."""
        green, other = self.shares(theta)
        deviation = np.sqrt((units * green * other * _REALS**2).sum(axis=1))
        least = np.maximum(np.maximum(_TURNS * deviation, _FORGOTTEN / theta), _FEWEST)
        sizes = np.exp2(np.ceil(np.log2(least))).astype(np.int64)
        share = np.empty(len(sums))
        for size, rows in _batches(sizes):
            share[rows] = _integrals(
                size, theta[rows], sums[rows], units[rows], green[rows], other[rows]
            )
        return np.log(share)


def _batches(sizes: Ints) -> Iterator[tuple[int, Ints]]:
    """Documents of one size of ring, no more of them than _ROOM nodes."""
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        step = max(2 * _ROOM // size, 1)
        for at in range(0, len(rows), step):
            yield size, rows[at : at + step]


def _integrals(
    size: int, theta: Reals, sums: Ints, units: Ints, green: Reals, other: Reals
) -> Reals:
    """E[e^(-theta (S - sum)); S >= sum] of the tilted sum S, by a ring of `size` nodes.

    Angles are whole parts of a turn until the last: no digits are lost to many turns.
    """
    nodes = np.arange(size // 2 + 1, dtype=np.int64)
    turn = 2 * math.pi / size
    phase = -turn * ((nodes * (sums[:, None] % size)) % size)
    log_modulus = np.zeros(phase.shape)
    for number, weight in enumerate(WEIGHTS):
        some = np.flatnonzero(units[:, number])
        if not len(some):
            continue
        angle = turn * ((nodes * weight) % size)
        count = units[some, number, None].astype(np.float64)
        g, o = green[some, number, None], other[some, number, None]
        with np.errstate(divide="ignore"):
            log_modulus[some] += count * (0.5 * np.log1p(-4 * g * o * np.sin(angle / 2) ** 2))
        phase[some] += count * np.arctan2(g * np.sin(angle), o + g * np.cos(angle))
    # 1 / (1 - e^-(theta + i y)), from numbers that do not cancel near the pole.
    y, r = turn * nodes, np.exp(-theta)[:, None]
    real = -np.expm1(-theta)[:, None] + 2 * r * np.sin(y / 2) ** 2
    imaginary = r * np.sin(y)
    square = real**2 + imaginary**2
    part = (real * np.cos(phase) + imaginary * np.sin(phase)) / square
    weight_of_node = np.where((nodes == 0) | (2 * nodes == size), 1.0, 2.0) / size
    return np.asarray((weight_of_node * np.exp(log_modulus) * part).sum(axis=1), np.float64)
