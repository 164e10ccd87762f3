"""Strata as they are counted: what there is of each, before anything is chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError, printable
from ledger.manifests.mix.where import Where

__all__ = ["MOST_STRATA", "Ints", "Mask", "Strata", "make_strata", "members"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MOST_STRATA = 1 << 15
"""A row of a manifest names its stratum in two bytes."""

_MOST_UNITS = 1 << 53


@dataclass(frozen=True)
class Strata:
    """`values`: one tuple per stratum, of the axes in their order; sorted and distinct.

    `documents` and `available` (what they come to in the mix's unit) are int64[n].
    """

    axes: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    documents: Ints
    available: Ints

    def __len__(self) -> int:
        return len(self.values)

    def name(self, place: int) -> str:
        """As messages and tables show it: `label = human_verified, language = en`."""
        return str(Where.of({a: (v,) for a, v in zip(self.axes, self.values[place], strict=True)}))

    def mask(self, where: Where) -> Mask:
        """bool[n]: the strata meant."""
        meant = np.ones(len(self), np.bool_)
        for axis, values in where.values:
            if axis not in self.axes:
                raise InputError(f"{axis}: found no such axis, expected {', '.join(self.axes)}")
            places, codes = self._codes[axis]
            wanted = np.zeros(len(places) + 1, np.bool_)
            wanted[[places.get(value, len(places)) for value in values]] = True
            wanted[-1] = False
            meant &= wanted[codes]
        return meant

    def groups(self, axes: Sequence[str]) -> Ints:
        """int64[n]: the same number for strata that agree in `axes`, numbered from 0 in order."""
        rows = np.stack([self._codes[axis][1] for axis in axes], 1)
        _, number = np.unique(rows, axis=0, return_inverse=True)
        return number.reshape(-1).astype(np.int64)

    @cached_property
    def _codes(self) -> dict[str, tuple[dict[str, int], Ints]]:
        """By axis: the number of each value, and each stratum's."""
        found = {}
        for at, axis in enumerate(self.axes):
            column = [row[at] for row in self.values]
            places = {value: number for number, value in enumerate(sorted(set(column)))}
            found[axis] = places, np.array([places[value] for value in column], np.int64)
        return found


def members(group: Ints, count: int) -> list[Ints]:
    """The places of each of `count` groups, in order; what has no group (-1) is in none."""
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(count + 1))
    return [order[start:end] for start, end in pairwise(ends.tolist())]


def make_strata(axes: Sequence[str], counts: Mapping[tuple[str, ...], tuple[int, int]]) -> Strata:
    """Strata of (documents, units) by values, in whatever order they were counted.

    Raises InputError for none, too many, or counts that no documents have.
    """
    if not counts:
        raise InputError("found no documents to choose from", hint="which datasets does it name?")
    if len(counts) > MOST_STRATA:
        raise InputError(
            f"found {len(counts):,} strata, at most {MOST_STRATA:,}",
            hint="leave out an axis, or join values",
        )
    values = tuple(sorted(counts))
    total = 0
    for row in values:
        documents, units = counts[row]
        if len(row) != len(axes) or documents < 0 or units < 0 or (units and not documents):
            shown = ", ".join(printable(value, 60) for value in row)
            raise InputError(
                f"{shown}: found {len(row)} values, {documents} documents and {units} units, "
                f"expected {len(axes)} values and counts from 0"
            )
        total += units
    if total >= _MOST_UNITS:
        raise InputError(f"found {total:,} units, at most {_MOST_UNITS - 1:,}")
    return Strata(
        tuple(axes),
        values,
        np.array([counts[row][0] for row in values], np.int64),
        np.array([counts[row][1] for row in values], np.int64),
    )
