"""The linear programmes, solved by HiGHS in binary floats: answers to be rounded and proved.

Shares of the total are what it computes with, so that its tolerance of 1e-7 is one of shares.
Nothing here decides: `rounding` makes whole numbers that hold exactly, or finds that there are
none.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ledger.errors import RefusedError
from ledger.manifests.allocation.limits import ONE, weighted_sums
from ledger.manifests.allocation.problem import Problem, Side
from ledger.manifests.allocation.strata import Ints

__all__ = ["Elastic", "elastic", "extreme", "greatest_total", "nearest_units", "repair"]

Reals = npt.NDArray[np.float64]

SLACK: Final = 1e-6
"""Shares below this are what the solver's tolerance of 1e-7 may leave over."""

_STEPS = (0.5, 1.0, 4.0)  # of a cell's target: beyond each, a unit of distance costs more
_SPREAD = 2.0**-10
_SNAP = 1e-3  # units that a float may be off
_SMALL = 256  # units that whole numbers are tried on
_NEAR, _FAR = 2.0, 1e4  # sizes that a cell may change by, at first and then
_UNFELT = 1e9  # a limit this many sizes away bears on nothing
_NODES = 2_000  # of the search for whole numbers, a count that is the same everywhere


@dataclass(frozen=True)
class Elastic:
    """Units of each cell that are as near to all limits as can be.

    `short` float64[2, L]: the share of the total by which the at_least and the at_most of each
    limit fail, 0 where they hold. `bearing`: the sides that the failure rests on, those of
    non-zero dual value. `proved`: that no less is possible.
    """

    units: Reals
    short: Reals
    bearing: tuple[Side, ...]
    tolerance: float
    proved: bool

    @property
    def feasible(self) -> bool:
        """Whether the limits hold, or might: what was not proved names nobody."""
        return float(self.short.sum()) <= self.tolerance or not self.proved

    def widened(self, problem: Problem, more: int) -> Problem:
        """The problem with each limit that fails set to what is reached and `more` units."""
        failing = self.short > self.tolerance
        grain = np.where(failing, np.ceil(self.short * problem.total - _SNAP) + more, 0)
        low, high = grain.astype(np.int64).tolist()
        ranges = tuple(
            (max(0, least - below * ONE), most + above * ONE)
            for (least, most), below, above in zip(problem.ranges, low, high, strict=True)
        )
        return replace(problem, ranges=ranges)


def nearest_units(problem: Problem) -> Reals | None:
    """float64[C]: what is nearest to the targets within caps and limits; None where nothing is.

    Minimises the L1 distance, sum |x - target|. Of the many that come equally near it prefers
    those that spread the change: beyond a half, the whole and four times of its target, a cell's
    change costs up to 2^-10 more, so that the distance is at most 1 + 2^-10 times the least.
    """
    total, count = problem.total, len(problem.targets)
    steps, prices = _steps(problem)
    widths = np.concatenate(steps)
    signs = np.repeat([1.0, -1.0], [len(steps) // 2 * count, len(steps) // 2 * count])
    cells = np.tile(np.arange(count), len(steps))
    used = np.flatnonzero(widths > 0)
    matrix, least, most = _rows(problem)
    base = matrix @ (problem.targets / total)
    found = _solve(
        np.repeat(prices, count)[used],
        matrix[:, cells[used]] * signs[used],
        (least - base, most - base),
        signs[used],
        0.0,
        widths[used] / total,
    )
    if found is None:
        return None
    moved = np.zeros(count)
    np.add.at(moved, cells[used], found.x * signs[used] * total)
    units: Reals = problem.targets + moved
    return units


def elastic(problem: Problem, *, whole: bool = False) -> Elastic:
    """The units that break the limits least, in the sum of what each fails by.

    `whole`: of whole numbers, which is asked only where shares alone would be met. Raises
    RefusedError where the solver gives up.
    """
    from scipy.sparse import block_array, csr_array, identity

    matrix, least, most = _rows(problem)
    count, limits = len(problem.caps), len(problem.limits)
    unit = 1 if whole else problem.total
    scale = problem.total / unit
    slack, never = csr_array(identity(limits)), np.full(limits, np.inf)
    found = _solve(
        np.concatenate([np.zeros(count), np.ones(2 * limits)]),
        block_array([[matrix, slack, None], [matrix, None, -slack]], format="csr"),
        (np.concatenate([least, -never]) * scale, np.concatenate([never, most]) * scale),
        np.concatenate([np.ones(count), np.zeros(2 * limits)]),
        scale,
        np.concatenate([problem.caps / unit, np.full(2 * limits, scale)]),
        np.repeat([1, 0], [count, 2 * limits]) if whole else None,
    )
    if found is None and whole:
        return Elastic(np.zeros(count), np.zeros((2, limits)), (), 0.0, False)
    if found is None:
        raise RefusedError(
            "found no answer of the solver to which bounds fail, expected one",
            hint="fewer strata, or wider bounds",
        )
    short = (found.x[count:] / scale).reshape(2, limits)
    dual = np.zeros(2 * limits) if found.dual is None else np.abs(found.dual)
    tolerance = 0.5 / (ONE * problem.total) if whole else SLACK
    bearing = np.argwhere((dual.reshape(2, limits) > 1e-6) | (short > tolerance))
    sides = tuple((at, side) for side, at in bearing.tolist())
    return Elastic(found.x[:count] * unit, short, sides, tolerance, found.proved)


def extreme(problem: Problem, place: int, side: int) -> float | None:
    """How far one limit's share can go while all others hold: up for side 0, down for side 1.

    None where the others cannot hold either.
    """
    others = problem.keep([other for other in problem.sides if other[0] != place])
    matrix, least, most = _rows(others)
    weights = problem.weights[place] / ONE
    found = _solve(
        weights if side else -weights,
        matrix,
        (least, most),
        np.ones(len(problem.caps)),
        1.0,
        problem.caps / problem.total,
    )
    return None if found is None else float(weights @ found.x)


def greatest_total(problem: Problem) -> float:
    """The greatest total for which units within the caps keep every limit, in shares.

    Limits are taken as shares of whatever the total comes to, not of the problem's own.
    """
    from scipy.sparse import block_array, csr_array

    held, count = float(problem.caps.sum()), len(problem.caps)
    if not held or not problem.limits:
        return held
    matrix, _, _ = _rows(problem)
    least, most = (
        csr_array([[-float(share)] for share in shares])
        for shares in (
            [limit.at_least for limit in problem.limits],
            [limit.at_most for limit in problem.limits],
        )
    )
    never, zero = np.full(len(problem.limits), np.inf), np.zeros(len(problem.limits))
    found = _solve(  # the last variable is the total
        np.append(np.zeros(count), -1.0),
        block_array([[matrix, least], [matrix, most]], format="csr"),
        (np.concatenate([zero, -never]), np.concatenate([never, zero])),
        np.append(np.ones(count), -1.0),
        0.0,
        np.append(problem.caps / held, 1.0),
    )
    return 0.0 if found is None else float(found.x[-1]) * held


def repair(problem: Problem, units: Ints, size: int, among: Ints) -> Reals | None:
    """float64[C]: the least change of whole `units` after which every limit holds.

    `size` is by how many units the worst limit fails; only cells `among` these are changed. Up to
    _SMALL the change is in whole numbers and exact; above, near enough for the next round. None
    where there is none.
    """
    from scipy.sparse import csr_array, hstack

    count = len(among)
    whole = size <= _SMALL
    unit = 1 if whole else size
    sums = weighted_sums(problem.weights, units)
    pairs = list(zip(problem.ranges, sums, strict=True))
    least = np.array([(low - found) / (ONE * unit) for (low, _), found in pairs])
    most = np.array([(high - found) / (ONE * unit) for (_, high), found in pairs])
    room = np.concatenate([(problem.caps - units)[among], units[among]]) / unit
    matrix = csr_array(problem.weights[:, among] / ONE)
    for reach in (_NEAR, _FAR):
        found = _solve(
            np.ones(2 * count),
            hstack([matrix, -matrix], format="csr"),
            (np.maximum(least, -_UNFELT), np.minimum(most, _UNFELT)),
            np.repeat([1.0, -1.0], [count, count]),
            0.0,
            np.minimum(room, reach * (size / unit)),
            np.ones(2 * count, np.int64) if whole else None,
        )
        if found is not None:
            moved = (found.x[:count] - found.x[count:]) * unit
            step = np.zeros(len(units))
            step[among] = np.rint(moved) if whole else moved
            return step
    return None


def _steps(problem: Problem) -> tuple[list[Ints], Reals]:
    """Widths int64[C] of each step up, then down, and the price of a unit in each.

    Whole, so that a vertex has whole units in all but as many cells as limits are tight.
    """
    targets, room = problem.targets, problem.caps - problem.targets
    edges = [np.zeros_like(targets), *(np.floor(targets * s).astype(np.int64) for s in _STEPS)]
    up = [np.minimum(room, above) - np.minimum(room, below) for below, above in pairwise(edges)]
    up[-1] = room - np.minimum(room, edges[-2])
    parts = len(_STEPS)
    cuts = [targets * at // parts for at in range(parts + 1)]
    down = [above - below for below, above in pairwise(cuts)]
    dearer = 1 + _SPREAD * np.arange(parts) / (parts - 1)
    return [*up, *down], np.tile(dearer, 2)


def _rows(problem: Problem) -> tuple[Any, Reals, Reals]:
    """(sparse float64[L, C], least, most): the limits as shares of the total."""
    from scipy.sparse import csr_array

    unit = ONE * problem.total
    least = np.array([low / unit if low > 0 else -np.inf for low, _ in problem.ranges])
    most = np.array([high / unit if high < unit else np.inf for _, high in problem.ranges])
    return csr_array(problem.weights / ONE), least, most


@dataclass(frozen=True)
class _Found:
    x: Reals
    dual: Reals | None
    proved: bool = True


def _solve(
    costs: Reals,
    matrix: Any,
    limits: tuple[Reals, Reals],
    sums: Reals | None,
    total: float,
    caps: Reals,
    whole: npt.NDArray[np.int64] | None = None,
) -> _Found | None:
    """Minimise costs @ x over 0 <= x <= caps, limits[0] <= matrix @ x <= limits[1],
    sums @ x = total. None where nothing is feasible, or the solver gives up.
    """
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp
    from scipy.sparse import csr_array, vstack

    least, most = limits
    if whole is not None:
        rows = [LinearConstraint(matrix, least, most)] if matrix.shape[0] else []
        if sums is not None:
            rows.append(LinearConstraint(csr_array(sums[None]), total, total))
        answer = milp(
            costs,
            integrality=whole,
            bounds=Bounds(0, caps),
            constraints=rows,
            options={"node_limit": _NODES},
        )
        if answer.x is None:
            return None
        return _Found(answer.x, None, proved=answer.status == 0)
    low, high = np.flatnonzero(np.isfinite(least)), np.flatnonzero(np.isfinite(most))
    answer = linprog(
        costs,
        A_ub=vstack([matrix[high], -matrix[low]], format="csr"),
        b_ub=np.concatenate([most[high], -least[low]]),
        A_eq=None if sums is None else csr_array(sums[None]),
        b_eq=None if sums is None else [total],
        bounds=np.stack([np.zeros(len(caps)), caps], 1),
        method="highs-ds",
        options={"presolve": False},  # it finds little in so few rows and takes half the time
    )
    if answer.x is None:
        return None
    dual = np.zeros(len(least))
    np.add.at(dual, high, answer.ineqlin.marginals[: len(high)])
    np.add.at(dual, low, answer.ineqlin.marginals[len(high) :])
    return _Found(answer.x, dual)
