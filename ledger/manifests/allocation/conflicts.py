"""Why no allocation exists, in words: which bounds, what is missing, and what would do instead."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor, lcm

import numpy as np

from ledger.errors import InfeasibleError
from ledger.manifests.allocation.limits import ONE, Limit, weighted_sums
from ledger.manifests.allocation.problem import Problem, Side, make_problem
from ledger.manifests.allocation.programme import elastic, extreme, greatest_total
from ledger.manifests.allocation.rounding import settle, to_whole
from ledger.manifests.allocation.strata import Ints, Strata
from ledger.manifests.allocation.targets import caps_of
from ledger.manifests.mix.mix import EPOCHS, Mix

__all__ = ["Situation", "explain", "percent"]

_SHOWN = 6  # bounds a message names
_STRUCTURAL = 10**9  # units, where there is no budget and amounts don't matter
_LARGER = "a larger budget, or wider bounds"
_FILTERED = 24  # sides of which a least set is looked for in whole numbers
_WHOLE_UP_TO = 1 << 31  # units for which the solver's whole numbers are exact


@dataclass(frozen=True)
class Situation:
    """What an allocation was asked of."""

    mix: Mix
    strata: Strata
    caps: Ints
    limits: tuple[Limit, ...]

    @property
    def held(self) -> int:
        return int(self.caps.sum())

    def problem(self, total: int, caps: Ints | None = None) -> Problem:
        """Of what is possible at all: no target."""
        given = self.caps if caps is None else caps
        return make_problem(total, np.zeros(len(given), np.int64), given, self.limits)

    def amount(self, units: int) -> str:
        return f"{units:,} of {self.mix.budget:,} {self.mix.unit}"

    @property
    def often(self) -> str:
        """How often a document may come, for people."""
        repeat = self.mix.repeat
        return "each once" if repeat == 1 else f"each {float(repeat):g} times at most"


def explain(situation: Situation) -> InfeasibleError:
    """The error for a mix that has no allocation. Each bound it names is one that cannot hold.

    First what fails by itself, then too little for the budget, then what cannot hold together
    (a set of which every part is needed for that), then what only whole numbers forbid.
    """
    mix = situation.mix
    if not situation.held:
        return _error(situation, f"found no {mix.unit} to choose from", None)
    if mix.budget is None:
        rich = np.where(situation.caps > 0, _STRUCTURAL, 0)
        problem = situation.problem(_STRUCTURAL, rich)
    else:
        problem = situation.problem(mix.budget)
    alone = list(_alone(situation, problem))
    if alone:
        sides = [side for side, _ in alone]
        words = "; ".join(words for _, words in alone[:_SHOWN])
        return _error(situation, words, _ways(situation, problem, sides))
    if mix.budget is not None and situation.held < mix.budget:
        return _error(
            situation,
            f"found {situation.held:,} {mix.unit} ({situation.often}), "
            f"expected the budget of {mix.budget:,}",
            _ways(situation, problem, []),
        )
    broken = elastic(problem)
    if broken.feasible:
        if mix.budget is None:
            found = floor(greatest_total(situation.problem(situation.held)) * (1 + 1e-9))
            problem = situation.problem(max(found, 1))
        return _in_parts(situation, problem)
    sides = _least_set(problem, broken.bearing)
    named = ", ".join(_side(problem.limits[at], side) for at, side in sides[:_SHOWN])
    more = f" and {len(sides) - _SHOWN} more" if len(sides) > _SHOWN else ""
    short = percent(_rational(float(broken.short.sum())))
    words = f"found bounds that cannot hold together, {short} of the budget short: {named}{more}"
    return _error(situation, words, _ways(situation, problem, sides))


def percent(share: Fraction, beside: Fraction | None = None) -> str:
    """A share for people, to as many digits as set it apart from the one it stands beside."""
    for digits in range(2, 12):
        text = _rounded(share, digits)
        if beside is None or share == beside or text != _rounded(beside, digits):
            return text
    return f"{share * 100} %"


def _rounded(share: Fraction, digits: int) -> str:
    whole, part = divmod(round(share * 10 ** (digits + 2)), 10**digits)
    return f"{whole}.{part:0{digits}}".rstrip("0").rstrip(".") + " %"


def _error(situation: Situation, words: str, hint: str | None) -> InfeasibleError:
    return InfeasibleError(f"mix {situation.mix.reference}: {words}", hint=hint)


# --- one bound by itself


def _alone(situation: Situation, problem: Problem) -> Iterator[tuple[Side, str]]:
    """Limits that not even an allocation for them alone could meet."""
    mix = situation.mix
    for place, limit in enumerate(problem.limits):
        least, most = problem.ranges[place]
        greatest, smallest = _reach(problem, place)
        if greatest < least:
            found = Fraction(greatest, ONE * problem.total)
            asked = f"expected at least {percent(limit.at_least, found)}"
            if not greatest:
                words = f"found no {mix.unit}, {asked} of the budget"
            else:
                amount = f" ({situation.amount(greatest // ONE)}, {situation.often})"
                words = (
                    f"found at most {percent(found, limit.at_least)} of the budget"
                    f"{'' if mix.budget is None else amount}, {asked}: "
                    f"{percent(limit.at_least - found, Fraction(0))} short"
                )
            yield (place, 0), f"{limit.title}: {words}"
        elif smallest > most and situation.held >= problem.total:
            found = Fraction(smallest, ONE * problem.total)
            others = problem.total - -(-smallest // ONE)
            yield (
                (place, 1),
                f"{limit.title}: found at least {percent(found, limit.at_most)} of the budget, "
                f"since everything else comes to {others if mix.budget else 0:,} {mix.unit}, "
                f"expected at most {percent(limit.at_most, found)}",
            )
        elif least > most and mix.budget is not None:
            yield (
                (place, 0),
                f"{limit.title}: found no whole number of {mix.unit} that is {_both(limit)} "
                f"of {problem.total:,}",
            )


def _both(limit: Limit) -> str:
    if limit.at_least == limit.at_most:
        return percent(limit.at_least)
    return f"at least {percent(limit.at_least)} and at most {percent(limit.at_most)}"


def _reach(problem: Problem, place: int) -> tuple[int, int]:
    """The greatest and the smallest weighted units of a limit, within total and caps alone."""
    weights = problem.weights[place]
    found = []
    for order in (np.argsort(-weights, kind="stable"), np.argsort(weights, kind="stable")):
        upto = np.minimum(np.cumsum(problem.caps[order]), problem.total)
        taken = np.diff(upto, prepend=0)
        found.append(weighted_sums(weights[order][None], taken)[0])
    return found[0], found[1]


# --- several together


def _least_set(problem: Problem, bearing: tuple[Side, ...]) -> list[Side]:
    """Sides that cannot hold together though any of them left out would let the others hold."""
    sides = list(bearing)
    if elastic(problem.keep(sides)).feasible:  # duals within the solver's tolerance mislead
        sides = problem.sides
    for side in list(sides):
        others = [other for other in sides if other != side]
        if not elastic(problem.keep(others)).feasible:
            sides = others
    return sides


def _side(limit: Limit, side: int) -> str:
    if limit.promised:
        return f"{limit.title} {percent(limit.at_least)}"
    if side:
        return f"{limit.title} at most {percent(limit.at_most)}"
    return f"{limit.title} at least {percent(limit.at_least)}"


def _in_parts(situation: Situation, problem: Problem) -> InfeasibleError:
    """The error where shares would hold, but no whole numbers do."""
    mix, total = situation.mix, problem.total
    named = ", ".join(_side(problem.limits[at], side) for at, side in _in_whole(problem)[:_SHOWN])
    fewer = "" if mix.budget is not None else " or a few fewer"
    words = f"found no whole numbers of {mix.unit} that keep every bound of {total:,}{fewer}"
    hint = _LARGER
    step = lcm(
        *(limit.at_least.denominator for limit in problem.limits),
        *(limit.at_most.denominator for limit in problem.limits),
    )
    if total % step and step < 10**6:
        hint += f"; of a multiple of {step:,} every share is a whole number"
    return _error(situation, f"{words}: {named}", hint)


def _in_whole(problem: Problem) -> list[Side]:
    """Sides that no whole numbers meet together; where that cannot be asked, those that fail."""
    sides = problem.sides
    if problem.total < _WHOLE_UP_TO:
        broken = elastic(problem, whole=True)
        if not broken.feasible and len(sides) > _FILTERED:
            return list(broken.bearing)
        if not broken.feasible:
            for side in list(sides):
                others = [other for other in sides if other != side]
                if not elastic(problem.keep(others), whole=True).feasible:
                    sides = others
            return sides
    gaps = problem.missing(to_whole(problem, elastic(problem).units))
    return [(at, int(gap < 0)) for at, gap in enumerate(gaps) if gap] or sides


# --- what would do instead


def _ways(situation: Situation, problem: Problem, sides: list[Side]) -> str | None:
    """Ways out, each of which was tried: repeats, a smaller budget, or one bound relaxed."""
    ways: list[str] = []
    if any(problem.ranges[place][0] > problem.ranges[place][1] for place, _ in sides):
        ways.append(_LARGER)
    elif situation.mix.budget is not None:
        ways += _repeats(situation, problem.total)
        ways += _smaller(situation, problem.total)
    if situation.held >= problem.total or situation.mix.budget is None:
        for place, side in sides[:_SHOWN]:
            ways += _relaxed(problem, place, side)
    return "; or ".join(ways) or None


def _repeats(situation: Situation, total: int) -> Iterator[str]:
    for times in range(floor(situation.mix.repeat) + 1, EPOCHS + 1):
        mix = replace(situation.mix, repeat=Fraction(times))
        caps = caps_of(mix, situation.strata)
        if int(caps.sum()) >= total and _possible(situation.problem(total, caps)):
            yield f"--allow-repeat {times}"
            return


def _smaller(situation: Situation, total: int) -> Iterator[str]:
    most = greatest_total(situation.problem(total))
    off = 1e-6 if most < 1e6 else -1e-9 * most  # below a unit; of many units, on the safe side
    found = min(floor(most + off), situation.held)
    if 0 < found < total and _possible(situation.problem(found)):
        yield f"a budget of at most {found:,} {situation.mix.unit}"


def _relaxed(problem: Problem, place: int, side: int) -> Iterator[str]:
    limit = problem.limits[place]
    words = limit.relax[side]
    found = None if words is None else extreme(problem, place, side)
    if words is None or found is None:
        return
    share = _rational(found) * 10_000
    moved = Fraction(ceil(share) if side else floor(share), 10_000)
    if not (limit.at_most < moved if side else 0 < moved < limit.at_least):
        return
    given = replace(limit, at_most=moved) if side else replace(limit, at_least=moved)
    ranges = list(problem.ranges)
    ranges[place] = given.range(problem.total)
    if _possible(replace(problem, ranges=tuple(ranges))):
        yield words.format(_plain(moved))


def _possible(problem: Problem) -> bool:
    """Whether whole numbers keep every limit: exact where the solver's tolerance is not."""
    near = elastic(problem)
    return near.feasible and settle(problem, near.units) is not None


def _plain(share: Fraction) -> str:
    return f"{float(share):.4f}".rstrip("0").rstrip(".")


def _rational(share: float) -> Fraction:
    """A share of the solver's, without what its tolerance adds."""
    return Fraction(share).limit_denominator(10**6)
