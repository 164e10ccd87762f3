"""Sums of whole values 0..m of any distribution, as a hash of few states gives them.

The count-fold convolution is read off its characteristic function: a tail is a sum over the nodes
of a discrete Fourier transform. The distribution is first tilted exponentially, so that the
statistic lies about its mode: what cancels is then no larger than the result, and an absolute
error of 1e-16 is a relative one. Documents of near counts and near tilts share the transform.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.watermarks.statistics.nulls import Increments, Tilted, least_count
from ledger.watermarks.statistics.series import Reals, complement, tail_input
from ledger.watermarks.tokens import Ints

__all__ = ["MAX_VALUE", "Lattice"]

MAX_VALUE = 2**16 - 1

_SHIFTS = (0.4, 0.9, 1.8)  # a marked unit's mean, in standard deviations above an unmarked one's
_SPAN = 32  # nodes per standard deviation of the tilted sum
_FORGOTTEN = 36.0  # what lies a turn of the ring below weighs e^-36
_FEWEST_NODES = 64
_CANCELLED = 1e-4
_LOST = 1e-8
_NEGLIGIBLE = -60 * math.log(2)
_LONGEST = 1 << 23
_MOST_NODES = 1 << 12
_STEEPEST = 60.0
_TABLE = 400


@dataclass(frozen=True, eq=False)
class Lattice:
    """Values 0..m with the probabilities `pmf`, each unit independently; m up to 65,535.

    Equal and hashed by the probabilities. Tails are bounded from above where they cannot be had
    (`_Law._tails`): of sums whose standard deviation is above 2^17, and of laws that all but keep
    to a coarser lattice. No scheme here has such a law.

    Raises InputError for what is no distribution of at least two values.
    """

    pmf: Reals = field(repr=False)

    def __post_init__(self) -> None:
        given = np.array(self.pmf, np.float64)
        if given.ndim != 1 or not 2 <= len(given) <= MAX_VALUE + 1:
            raise InputError(f"found {given.shape} probabilities, expected 2 to {MAX_VALUE + 1}")
        if not (np.isfinite(given) & (given >= 0)).all() or np.count_nonzero(given) < 2:
            raise InputError("expected probabilities from 0 on, two of them above 0")
        total = math.fsum(given)
        if abs(total - 1) > 1e-9:
            raise InputError(f"found probabilities that sum to {total!r}, expected 1")
        given /= total
        given.setflags(write=False)
        object.__setattr__(self, "pmf", given)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lattice) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)

    @cached_property
    def _bytes(self) -> bytes:
        return self.pmf.tobytes()

    @cached_property
    def _law(self) -> "_Law":
        return _Law(self.pmf)

    @cached_property
    def _reversed(self) -> "_Law":
        return _Law(self.pmf[::-1])

    @property
    def mean(self) -> float:
        return float(self.pmf @ np.arange(len(self.pmf)))

    @property
    def deviation(self) -> float:
        """The standard deviation of one value."""
        return math.sqrt(float(self.pmf @ (np.arange(len(self.pmf)) - self.mean) ** 2))

    def log_sf(self, statistic: Reals, counts: Ints) -> Reals:
        values, units = tail_input(statistic, counts)
        s: Reals = np.ceil(values)
        most: Reals = units * np.float64(len(self.pmf) - 1)
        result = np.where(s <= 0, 0.0, -np.inf)
        upper = (s > 0) & (s <= most) & (s > units * self.mean)
        lower = (s > 0) & (s <= most) & ~upper
        result[upper] = self._law.log_tail(s[upper], units[upper])
        below = most[lower] - s[lower] + 1
        result[lower] = complement(self._reversed.log_tail(below, units[lower]))
        return np.where(units == 0, 0.0, result)

    def best(self, counts: Ints) -> Reals:
        law = self._law
        return np.asarray(counts, np.float64) * math.log(float(law.pmf[-1]))

    def minimum(self, log_alpha: float) -> int:
        return least_count(self, log_alpha)

    def tilts(self) -> Sequence[Tilted]:
        return _tilts(self)

    def increments(self, theta: float) -> Increments:
        some = np.flatnonzero(self.pmf)
        llr: Reals = theta * some.astype(np.float64) - self._law.log_mgf(theta)
        return Increments(llr, self.pmf[some], theta)


@lru_cache(maxsize=64)
def _tilts(null: Lattice) -> tuple[Tilted, ...]:
    law, found = null._law, []
    for shift in _SHIFTS:
        target = null.mean + min(shift * null.deviation, 0.9 * (law.highest - null.mean))
        low, high = 0.0, law.steepest
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if law.moments(middle)[1] < target else (low, middle)
        found.append(Tilted(null, low, law.log_mgf(low)))
    return tuple(found)


class _Law:
    """One value's distribution without what has probability 0 at its ends."""

    def __init__(self, pmf: Reals) -> None:
        some = np.flatnonzero(pmf)
        self.lowest, self.highest = int(some[0]), int(some[-1])
        self.pmf: Reals = np.ascontiguousarray(pmf[self.lowest : self.highest + 1])
        self.values: Reals = np.arange(len(self.pmf), dtype=np.float64)
        self.mean = float(self.pmf @ self.values)
        with np.errstate(divide="ignore"):
            self.log_pmf: Reals = np.log(self.pmf)
        # Where even the rarest value is the tilted law's mode by far.
        self.steepest = _STEEPEST - float(self.log_pmf[self.pmf > 0].min())

    def log_mgf(self, theta: float) -> float:
        """ln E[e^(theta value)] of the untrimmed values."""
        return self.centred(theta) + theta * (self.mean + self.lowest)

    def centred(self, theta: float) -> float:
        """ln E[e^(theta (value - mean))], to the last bits of itself."""
        exponents = theta * (self.values - self.mean)
        if abs(theta) * len(self.pmf) < 30:
            return float(np.log1p(self.pmf @ np.expm1(exponents)))
        logs = exponents + self.log_pmf
        top = float(logs.max())
        return top + math.log(float(np.exp(logs - top).sum()))

    def tilted(self, theta: float) -> Reals:
        """The probabilities of the tilted value."""
        logs = theta * (self.values - self.mean) + self.log_pmf
        weights = np.exp(logs - logs.max())
        return np.asarray(weights / weights.sum(), np.float64)

    def moments(self, theta: float) -> tuple[float, float, float]:
        """theta, the mean (of untrimmed values) and the variance of the tilted value."""
        weights = self.tilted(theta)
        mean = float(weights @ self.values)
        return theta, mean + self.lowest, float(weights @ (self.values - mean) ** 2)

    @cached_property
    def table(self) -> tuple[Reals, Reals, Reals]:
        """By ascending theta: theta, the tilted mean, and the integral of the tilted deviation."""
        scale = 1 / math.sqrt(self.moments(0.0)[2])
        fine = np.geomspace(min(1e-6 * scale, 1e-3), 1.0, _TABLE)
        thetas = np.concatenate([[0.0], fine, np.arange(1.25, self.steepest, 0.25)])
        rows = np.array([self.moments(float(theta)) for theta in thetas])
        deviation = np.sqrt(rows[:, 2])
        steps = np.diff(thetas) * (deviation[1:] + deviation[:-1]) / 2
        return thetas, rows[:, 1], np.concatenate([[0.0], np.cumsum(steps)])

    def log_tail(self, s: Reals, counts: Ints) -> Reals:
        """ln P(sum >= s), 0 < s <= most that a sum can be untrimmed, s above its mean."""
        result = np.full(len(s), -np.inf)
        s = s - counts * float(self.lowest)
        most = counts * (len(self.pmf) - 1.0)
        result[s == most] = counts[s == most] * self.log_pmf[-1]
        left = np.flatnonzero(s < most)
        if not len(left):
            return result
        s, counts = s[left], counts[left]
        octave = np.ceil(np.log2(counts)).astype(np.int64)
        thetas, _, arcs = self.table
        theta = self._saddle(s + counts * float(self.lowest), counts)
        # The next lower of tilts that are half a standard deviation of the octave's longest sum
        # apart; of the lowest two, which the pole is near, the upper.
        steps = 2 * np.sqrt(2.0**octave)
        cell = np.maximum(np.floor(np.interp(theta, thetas, arcs) * steps), 2).astype(np.int64)
        keys, which = np.unique(np.stack([octave, cell]), axis=1, return_inverse=True)
        which = which.reshape(-1)
        order = np.argsort(which, kind="stable")
        for number, members in enumerate(
            np.split(order, np.cumsum(np.bincount(which, minlength=keys.shape[1]))[:-1])
        ):
            longest, step = 2 ** int(keys[0, number]), int(keys[1, number])
            arc = step / (2 * math.sqrt(longest))
            tilt = float(np.interp(min(arc, arcs[-1] / 2) if step == 2 else arc, arcs, thetas))
            result[left[members]] = self._tails(tilt, longest, s[members], counts[members])
        # A distribution of values far apart has saddles that the table passes by.
        for number in np.flatnonzero(np.isnan(result[left])).tolist():
            one, count = s[number : number + 1], counts[number : number + 1]
            tilt = self._exact_saddle(float(one[0]), int(count[0]))
            result[left[number]] = self._tails(tilt, int(count[0]), one, count, alone=True)[0]
        return np.asarray(np.minimum(result, 0.0), np.float64)

    def _saddle(self, s: Reals, counts: Ints) -> Reals:
        """About where count * mean(theta) - 1 / (e^theta - 1) = s: the integrand's saddle."""
        thetas, means, _ = self.table
        pole = np.exp(-thetas[1:]) / -np.expm1(-thetas[1:])
        low, high = np.ones(len(s), np.int64), np.full(len(s), len(thetas) - 1)
        while (high - low > 1).any():
            middle = (low + high) // 2
            above = counts * means[middle] - pole[middle - 1] > s
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        before = s - (counts * means[low] - pole[low - 1])
        after = (counts * means[high] - pole[high - 1]) - s
        share = np.clip(before / np.maximum(before + after, 1e-300), 0.0, 1.0)
        return np.asarray(thetas[low] + share * (thetas[high] - thetas[low]))

    def _exact_saddle(self, s: float, count: int) -> float:
        low, high = 0.0, self.steepest
        for _ in range(80):
            middle = (low + high) / 2
            mean = self.moments(middle)[1] - self.lowest
            above = count * mean - math.exp(-middle) / -math.expm1(-middle) > s
            low, high = (low, middle) if above else (middle, high)
        return high

    def _tails(
        self, theta: float, longest: int, s: Reals, counts: Ints, *, alone: bool = False
    ) -> Reals:
        """ln P(sum >= s) of counts above longest / 2 and up to it, by one tilt.

        NaN where too little is left of a sum about 1, so that the tilt does not suit. `alone` is
        one document at its own saddle: where too little is left even there (values that nearly keep
        to a coarser lattice, and s between its points) or the transform would be too long, it gets
        Chernoff's bound, which is no less than p.
        """
        _, mean, variance = self.moments(theta)
        scale = counts * self.centred(theta) - theta * (s - counts * self.mean)
        otherwise = scale if alone else np.full(len(s), np.nan)
        size = _size(max(_SPAN * math.sqrt(longest * variance), _FORGOTTEN / theta))
        if size > _LONGEST:
            return otherwise
        centre = round(mean - self.lowest)
        folded = np.zeros(-(-len(self.pmf) // size) * size)
        folded[: len(self.pmf)] = self.tilted(theta)
        # Values are taken about `centre`, so that angles stay small where it matters.
        ring = np.roll(folded.reshape(-1, size).sum(axis=0), -centre)
        transform: npt.NDArray[np.complex128] = np.conj(np.fft.rfft(ring))
        with np.errstate(divide="ignore"):
            log_modulus = np.log(np.abs(transform))
        nodes = np.flatnonzero((longest // 2 + 1) * log_modulus > _NEGLIGIBLE)
        if len(nodes) > _MOST_NODES and not alone:
            return otherwise
        y, angles, log_modulus = (
            2 * math.pi * nodes / size,
            np.angle(transform[nodes]),
            log_modulus[nodes],
        )
        pole = 1 / -np.expm1(-(theta + 1j * y))
        weight = np.where((nodes == 0) | (2 * nodes == size), 1.0, 2.0) / size
        beyond = s - counts * float(centre)

        def terms(which: int | slice) -> Reals:
            phase = counts * angles[which] - y[which] * beyond
            part = pole.real[which] * np.cos(phase) - pole.imag[which] * np.sin(phase)
            return np.asarray(weight[which] * np.exp(counts * log_modulus[which]) * part)

        if alone:
            total = terms(slice(None)).sum(keepdims=True)
        else:
            total = np.zeros(len(s))
            for node in range(len(nodes)):  # one by one, so that no document depends on how many
                total += terms(node)
        kept = total > (_LOST if alone else _CANCELLED)
        return np.where(kept, scale + np.log(np.where(kept, total, 1.0)), otherwise)


def _size(least: float) -> int:
    """A length of quick transforms, at least `least` and at most 4/3 of it."""
    power = 1 << math.ceil(math.log2(max(least, _FEWEST_NODES)))
    return next(size for size in (5 * power // 8, 3 * power // 4, power) if size >= least)
