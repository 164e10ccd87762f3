"""An allocation as a problem in whole numbers: what is wanted, what there is, what must hold.

Strata that every limit counts alike form a cell: no limit can tell them apart, so that only the
cells are solved for, and a cell's strata are given its units in proportion to their targets.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ledger.manifests.allocation.apportion import apportion
from ledger.manifests.allocation.limits import ONE, Limit, weighted_sums
from ledger.manifests.allocation.strata import Ints, members

__all__ = ["Problem", "Side", "make_problem", "missing", "spread"]

Side = tuple[int, int]
"""A limit's place, and 0 for its at_least or 1 for its at_most."""


@dataclass(frozen=True)
class Problem:
    """`total` units over C cells, under L limits.

    weights int64[L, C] in 65536ths; targets and caps int64[C], targets adding up to `total` and
    none above its cap; cell int64[n]: each stratum's. `ranges`: what each limit's weighted units,
    times ONE, may come to.
    """

    total: int
    limits: tuple[Limit, ...]
    ranges: tuple[tuple[int, int], ...]
    weights: Ints
    targets: Ints
    caps: Ints
    cell: Ints

    def missing(self, units: Ints) -> list[int]:
        """Of each limit, what `units` (int64[C]) are short of it or (negative) above it.

        In 65536ths of a unit, exactly; 0 where it holds.
        """
        return missing(self.weights, self.ranges, units)

    def keep(self, sides: Collection[Side]) -> "Problem":
        """The same with these sides of its limits alone."""
        most = self.total * ONE
        return replace(
            self,
            ranges=tuple(
                (low if (at, 0) in sides else 0, high if (at, 1) in sides else most)
                for at, (low, high) in enumerate(self.ranges)
            ),
        )

    @property
    def sides(self) -> list[Side]:
        """Those that forbid anything."""
        most = self.total * ONE
        least = [(at, 0) for at, (low, _) in enumerate(self.ranges) if low > 0]
        return [*least, *((at, 1) for at, (_, high) in enumerate(self.ranges) if high < most)]


def missing(weights: Ints, ranges: Sequence[tuple[int, int]], units: Ints) -> list[int]:
    """What units int64[C] are short of each range or (negative) above it, in 65536ths, exactly."""
    sums = weighted_sums(weights, units)
    return [
        max(0, least - found) or min(0, most - found)
        for found, (least, most) in zip(sums, ranges, strict=True)
    ]


def make_problem(total: int, targets: Ints, caps: Ints, limits: Sequence[Limit]) -> Problem:
    """The problem of giving `total` units of strata with these targets and caps, int64[n].

    The targets add up to the total, or are zeros where only feasibility is asked.
    """
    weights = np.zeros((len(limits), len(targets)), np.int64)
    for at, limit in enumerate(limits):
        weights[at] = limit.weights
    cells, cell = _cells(weights)
    return Problem(
        total=total,
        limits=tuple(limits),
        ranges=tuple(limit.range(total) for limit in limits),
        weights=cells,
        targets=_sums(cell, targets),
        caps=_sums(cell, caps),
        cell=cell,
    )


def spread(problem: Problem, units: Ints, targets: Ints, caps: Ints) -> Ints:
    """int64[n]: the units of each cell (int64[C]) divided among its strata.

    In proportion to the targets, none above its cap: if the cell gives less than its target each
    stratum does, if more each does that can, so that no distance is added.
    """
    found = targets.copy()
    strata = members(problem.cell, len(units))
    for place in np.flatnonzero(units != problem.targets).tolist():
        inside = strata[place]
        wanted, most = targets[inside].tolist(), caps[inside].tolist()
        amount = int(units[place])
        if len(inside) == 1:
            found[inside] = amount
        elif any(wanted):
            found[inside] = apportion(amount, wanted, most)
        else:
            found[inside] = apportion(amount, most, most)
    return found


def _cells(weights: Ints) -> tuple[Ints, Ints]:
    """(int64[L, C], int64[n]): the distinct columns, in order of first appearance."""
    columns = np.ascontiguousarray(weights.T)
    seen: dict[bytes, int] = {}
    cell = [seen.setdefault(column.tobytes(), len(seen)) for column in columns]
    first = np.unique(cell, return_index=True)[1]
    return np.ascontiguousarray(weights[:, first]), np.array(cell, np.int64)


def _sums(cell: Ints, values: Ints) -> Ints:
    sums = np.zeros(int(cell.max()) + 1, np.int64)
    np.add.at(sums, cell, values)
    return sums
