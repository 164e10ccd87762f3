"""Whole numbers out of the solver's floats, which keep every limit exactly or are not given out.

The last word is integer arithmetic: `Problem.missing` says what is left to repair.
"""

import numpy as np

from ledger.manifests.allocation.apportion import apportion
from ledger.manifests.allocation.limits import ONE
from ledger.manifests.allocation.problem import Problem
from ledger.manifests.allocation.programme import Reals, repair
from ledger.manifests.allocation.strata import Ints

__all__ = ["settle", "to_whole"]

_ROUNDS = 8
_SNAP = 1e-3  # a float of up to 2^53 units is off by less


def settle(problem: Problem, units: Reals) -> Ints | None:
    """int64[C] that add up to the total, within every cap and limit, near to `units`.

    Down to whole numbers with the greatest remainders up; then the least change that repairs what
    this broke, first in the solver's floats where much is missing, at last in whole numbers, and
    if it can be of cells alone that were no whole numbers. None where no such repair exists.
    """
    found = to_whole(problem, units)
    parts = np.flatnonzero(np.abs(units - np.rint(units)) >= _SNAP)
    anywhere = np.arange(len(units))
    for _ in range(_ROUNDS):
        worst = max((abs(gap) for gap in problem.missing(found)), default=0)
        if not worst:
            return found
        size = -(-worst // ONE)
        step = repair(problem, found, size, parts) if len(parts) else None
        if step is None:
            step = repair(problem, found, size, anywhere)
        if step is None:
            return None
        found = to_whole(problem, found + step)
    return None


def to_whole(problem: Problem, units: Reals) -> Ints:
    """int64[C] within 0 and the caps that add up to the total, largest remainders first."""
    near = np.rint(units)
    exact = np.where(np.abs(units - near) < _SNAP, near, units)
    floors = np.clip(np.floor(exact).astype(np.int64), 0, problem.caps)
    left = problem.total - int(floors.sum())
    order = np.argsort(floors - exact, kind="stable")
    if left < 0:  # the floats added up to more
        order = order[::-1]
    room = problem.caps - floors if left > 0 else floors
    open_ = order[room[order] > 0]
    sign = 1 if left > 0 else -1
    floors[open_[: abs(left)]] += sign
    left -= sign * len(open_[: abs(left)])
    if left:  # by more than one each: in proportion
        room = problem.caps - floors if left > 0 else floors
        more = apportion(abs(left), room.tolist(), room.tolist())
        floors += sign * np.array(more, np.int64)
    return floors
