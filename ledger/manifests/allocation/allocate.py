"""A mix and what there is of each stratum, to whole units of each stratum."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import compress
from math import lcm

import numpy as np

from ledger.errors import InfeasibleError, InputError
from ledger.manifests.allocation.apportion import apportion
from ledger.manifests.allocation.conflicts import Situation, explain
from ledger.manifests.allocation.limits import ONE, Limit, limits_of, weighted_sums
from ledger.manifests.allocation.problem import Problem, make_problem, missing, spread
from ledger.manifests.allocation.programme import elastic, greatest_total, nearest_units
from ledger.manifests.allocation.rounding import settle, to_whole
from ledger.manifests.allocation.strata import Ints, Strata
from ledger.manifests.allocation.targets import caps_of, targets_of
from ledger.manifests.mix.mix import Mix, Natural

__all__ = ["Achieved", "Allocation", "allocate", "check", "nearest"]

_TRIED = 32  # budgets below the greatest that are tried one by one, where none is given
_WIDER = (0, 1, 8, 64)  # units by which limits that fail are widened until whole numbers fit
_TURNS = 4  # in which only limits that fail are asked for


@dataclass(frozen=True)
class Achieved:
    """A limit and the weighted share that was reached. `holds` is exact, to the whole unit."""

    limit: Limit
    share: Fraction
    holds: bool


@dataclass(frozen=True)
class Allocation:
    """What each stratum gives: `units` int64[n], adding up to `total`, beside what was wanted.

    All of it is whole numbers. `repeat` is the mix's, or what was allowed instead.
    """

    strata: Strata
    total: int
    targets: Ints
    units: Ints
    limits: tuple[Limit, ...]
    repeat: Fraction

    def share(self, place: int) -> Fraction:
        """A stratum's share of the total, exactly."""
        return Fraction(int(self.units[place]), self.total)

    @property
    def shares_q16(self) -> Ints:
        """int64[n] that add up to 65536: the shares as tables and exports record them."""
        parts = apportion(ONE, self.units.tolist(), [ONE] * len(self.units))
        return np.array(parts, np.int64)

    @property
    def repeat_q16(self) -> Ints:
        """int64[n]: how often a chosen document comes on average, in 65536ths, rounded down.

        65536 where the stratum gives no more than it has: some of its documents, once each. Else
        every document comes units // available times, and documents of units % available units
        once more.
        """
        pairs = zip(self.units.tolist(), self.strata.available.tolist(), strict=True)
        often = [max(ONE, given * ONE // held) if held else ONE for given, held in pairs]
        return np.array(often, np.int64)

    @property
    def distance(self) -> Fraction:
        """L1 distance to the target, as a share of the total: 0 the same, 2 nothing in common."""
        return Fraction(int(np.abs(self.units - self.targets).sum()), self.total)

    @property
    def achieved(self) -> tuple[Achieved, ...]:
        """Every limit with what was reached."""
        return check(self.limits, self.units)


def check(limits: Sequence[Limit], units: Ints) -> tuple[Achieved, ...]:
    """What each limit comes to with these units, int64[n], whoever chose them."""
    total = int(units.sum())
    found = []
    for limit in limits:
        least, most = limit.range(total)
        reached = weighted_sums(limit.weights[None], units)[0]
        share = Fraction(reached, ONE * max(total, 1))
        found.append(Achieved(limit, share, least <= reached <= most))
    return tuple(found)


def allocate(
    mix: Mix,
    strata: Strata,
    *,
    repeat: Fraction | None = None,
    accept_synthetic: bool = False,
    further: Sequence[Limit] = (),
) -> Allocation:
    """Units of each stratum that keep every limit exactly and are nearest to the target.

    `repeat` instead of the mix's own; `further` limits beside its own. The same input gives the
    same units with one version of HiGHS; another may break ties otherwise, and what is signed is
    the units. Raises InfeasibleError that names the limits that cannot hold, and InputError for
    strata on other axes than the mix's.
    """
    case = _Case.of(mix, strata, repeat, accept_synthetic, further)
    for total in case.totals():
        made = case.attempt(total)
        if made is not None:
            return made
    raise explain(case.situation())


def nearest(
    mix: Mix,
    strata: Strata,
    *,
    repeat: Fraction | None = None,
    accept_synthetic: bool = False,
    further: Sequence[Limit] = (),
) -> Allocation:
    """What `allocate` gives, or else what breaks the limits least: its `achieved` says which.

    The budget is what there is, where there is less; then the sum of what the limits fail by is
    least, and under limits widened so far the distance to the target. Raises InfeasibleError if
    there are no documents at all.
    """
    try:
        return allocate(
            mix, strata, repeat=repeat, accept_synthetic=accept_synthetic, further=further
        )
    except InfeasibleError:
        case = _Case.of(mix, strata, repeat, accept_synthetic, further)
        return case.closest()


@dataclass(frozen=True)
class _Case:
    mix: Mix
    strata: Strata
    caps: Ints
    limits: tuple[Limit, ...]

    @classmethod
    def of(
        cls,
        mix: Mix,
        strata: Strata,
        repeat: Fraction | None,
        accept_synthetic: bool,
        further: Sequence[Limit],
    ) -> "_Case":
        if strata.axes != mix.strata:
            raise InputError(
                f"found strata by {', '.join(strata.axes)}, expected {', '.join(mix.strata)}"
            )
        chosen = mix if repeat is None else replace(mix, repeat=repeat)
        limits = limits_of(mix, strata, accept_synthetic=accept_synthetic, further=further)
        return cls(chosen, strata, caps_of(chosen, strata), limits)

    @property
    def held(self) -> int:
        """Units that could be given at most."""
        return int(self.caps.sum())

    @cached_property
    def weights(self) -> Ints:
        """int64[L, n]"""
        rows = [limit.weights for limit in self.limits]
        return np.array(rows, np.int64).reshape(len(rows), len(self.strata))

    def problem(self, total: int) -> Problem:
        """Without a target, for questions of what is possible."""
        return make_problem(total, np.zeros(len(self.strata), np.int64), self.caps, self.limits)

    def totals(self) -> Iterator[int]:
        """The budgets to try: the mix's, or else the greatest that may do and a few below it.

        Shares in floats say which is the greatest, and shares that hold in fractions of a unit
        need not hold in whole ones: so also the next multiple of what all shares divide.
        """
        if self.mix.budget is not None:
            if self.mix.budget <= self.held:
                yield self.mix.budget
            return
        if not self.held:
            return
        if isinstance(self.mix.target, Natural) and not self.limits:
            yield self.held
            return
        found = greatest_total(self.problem(self.held))
        top = min(self.held, int(found * (1 + 1e-9) + 1e-6))
        step = lcm(
            *(limit.at_least.denominator for limit in self.limits),
            *(limit.at_most.denominator for limit in self.limits),
        )
        below = [*range(max(top - _TRIED, 0), top + 1), top - top // 10**8, top - top // 10**6]
        tried = dict.fromkeys([*below, top // step * step, max(top // step - 1, 0) * step])
        yield from (total for total in sorted(tried, reverse=True) if total > 0)

    def attempt(self, total: int) -> Allocation | None:
        """The allocation of `total` units; None where the limits or whole numbers forbid it.

        Where most limits hold, only those that fail are solved for, and in further turns those
        that fail then: what keeps the others without being asked is nearest under all of them,
        and strata stay in larger cells.
        """
        targets = targets_of(self.mix, self.strata, total)
        ranges = [limit.range(total) for limit in self.limits]
        if any(least > most for least, most in ranges):
            return None
        units, asked, turn = targets, np.zeros(len(ranges), np.bool_), 0
        while any(gaps := missing(self.weights, ranges, units)):
            asked |= np.array(gaps) != 0
            if turn >= _TURNS or 2 * int(asked.sum()) > len(asked):
                asked[:] = True
            problem = make_problem(total, targets, self.caps, [*compress(self.limits, asked)])
            found = nearest_units(problem)
            settled = None if found is None else settle(problem, found)
            if settled is None:
                return None
            units, turn = spread(problem, settled, targets, self.caps), turn + 1
        return Allocation(self.strata, total, targets, units, self.limits, self.mix.repeat)

    def closest(self) -> Allocation:
        total = min(self.mix.budget or self.held, self.held)
        if not total:
            raise explain(self.situation())
        targets = targets_of(self.mix, self.strata, total)
        problem = make_problem(total, targets, self.caps, self.limits)
        broken = elastic(problem)
        units = to_whole(problem, broken.units)
        for more in _WIDER:
            wider = broken.widened(problem, more)
            found = nearest_units(wider)
            settled = None if found is None else settle(wider, found)
            if settled is not None:
                units = settled
                break
        given = spread(problem, units, targets, self.caps)
        return Allocation(self.strata, total, targets, given, self.limits, self.mix.repeat)

    def situation(self) -> Situation:
        return Situation(self.mix, self.strata, self.caps, self.limits)
