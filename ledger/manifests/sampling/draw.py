"""Thresholds for given budgets, in two readings that any number of workers can share.

The first reading adds up units by stratum and by the head of the place (`Masses`): this says in
which bin each stratum's budget is reached. The second keeps the documents of those bins alone
(`Candidates`); sorted, they say at which document. Both are sums: `combine` is associative and
commutative, and the thresholds do not depend on how the documents were divided.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ledger.errors import InputError
from ledger.manifests.sampling.rows import Ints, Rows
from ledger.manifests.sampling.thresholds import Thresholds, all_of, none_of

__all__ = ["Bins", "Candidates", "Drawn", "Masses", "decide", "draw", "narrow"]

_CELLS = 20  # bits: 8 MB of sums, and of a billion documents in a stratum a thousand a bin
_FEWEST = 6


@dataclass(frozen=True, eq=False)
class Masses:
    """`units` int64[S, 2^b]: the sum of each stratum over places with the same b leading bits."""

    units: Ints

    @classmethod
    def empty(cls, strata: int) -> "Masses":
        """Of no documents."""
        bits = max(_CELLS - max(strata - 1, 0).bit_length(), _FEWEST)
        return cls(np.zeros((strata, 1 << bits), np.int64))

    @classmethod
    def part(cls, rows: Rows, strata: int) -> "Masses":
        """Of some documents. Raises InputError for a stratum that is not below `strata`."""
        made = cls.empty(strata)
        made.add(rows)
        return made

    def add(self, rows: Rows) -> None:
        """Count more documents in place. Raises InputError as `part` does."""
        strata, bins = self.units.shape
        if len(rows) and int(rows.stratum.max()) >= strata:
            raise InputError(f"stratum {int(rows.stratum.max())}, expected one below {strata}")
        cells = rows.stratum * bins + _bins(rows, bins)
        np.add.at(self.units.reshape(-1), cells, rows.units)

    def combine(self, other: "Masses") -> "Masses":
        """Of the documents of both."""
        return Masses(self.units + other.units)

    @property
    def available(self) -> Ints:
        """Units of each stratum, int64[S]."""
        total: Ints = self.units.sum(axis=1)
        return total


def _bins(rows: Rows, bins: int) -> Ints:
    shift = np.uint64(64 - (bins.bit_length() - 1))
    return (rows.place >> shift).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Bins:
    """Where each stratum's budget is reached: in `number` (-1: it wants nothing, 2^b: never).

    `missing` units are left to take there, of `mass` that there are; `bins` is 2^b.
    """

    number: Ints
    missing: Ints
    mass: Ints
    bins: int


def narrow(masses: Masses, budgets: Sequence[int] | Ints) -> Bins:
    """The bin that decides in each stratum. `budgets` are S whole numbers, of units.

    Raises InputError for a negative budget.
    """
    wanted = _budgets(budgets, len(masses.units))
    upto = masses.units.cumsum(axis=1)
    strata, bins = upto.shape
    reached = upto >= wanted[:, None]
    number = np.where(reached[:, -1], reached.argmax(axis=1), bins)
    number[wanted == 0] = -1
    inside = (number >= 0) & (number < bins)
    at, rows = np.where(inside, number, 0), np.arange(strata)
    mass = np.where(inside, masses.units[rows, at], 0)
    return Bins(number, np.where(inside, wanted - upto[rows, at] + mass, 0), mass, bins)


def _budgets(budgets: Sequence[int] | Ints, strata: int) -> Ints:
    wanted = np.asarray(budgets, np.int64)
    if wanted.shape != (strata,):
        raise ValueError(f"budgets are {wanted.shape}, expected ({strata},)")
    if strata and int(wanted.min()) < 0:
        bad = int(wanted.argmin())
        raise InputError(f"budget of stratum {bad}: {int(wanted[bad])}, expected 0 or more")
    return wanted


@dataclass(frozen=True, eq=False)
class Candidates:
    """The documents in the bins that decide."""

    rows: Rows

    @classmethod
    def part(cls, rows: Rows, bins: Bins) -> "Candidates":
        """Of some documents."""
        return cls(rows.take(_bins(rows, bins.bins) == bins.number[rows.stratum]))

    @classmethod
    def gather(cls, parts: "Iterable[Candidates]") -> "Candidates":
        """Of the documents of all parts, copied once."""
        held = [Rows.empty(), *(part.rows for part in parts)]
        return cls(
            Rows(
                np.concatenate([rows.digest for rows in held]),
                np.concatenate([rows.stratum for rows in held]),
                np.concatenate([rows.units for rows in held]),
                np.concatenate([rows.place for rows in held]),
            )
        )

    def combine(self, other: "Candidates") -> "Candidates":
        """Of the documents of both."""
        return Candidates.gather([self, other])


@dataclass(frozen=True, eq=False)
class Drawn:
    """The thresholds, and the units that they take of each stratum, int64[S].

    Where a stratum has its budget, that is reached and exceeded by less than its last document.
    """

    thresholds: Thresholds
    units: Ints


def decide(masses: Masses, bins: Bins, candidates: Candidates) -> Drawn:
    """The least thresholds that reach the budgets; all of a stratum where nothing does.

    Raises InputError if the second reading did not find the documents of the first.
    """
    strata = len(bins.number)
    rows = candidates.rows
    rows = rows.take(_order(rows))
    mass = np.zeros(strata, np.int64)
    np.add.at(mass, rows.stratum, rows.units)
    if (changed := np.flatnonzero(mass != bins.mass)).size:
        stratum = int(changed[0])
        raise InputError(
            f"stratum {stratum}: {mass[stratum]} units in the bin that decides, expected "
            f"{bins.mass[stratum]}",
            hint="the documents changed between two readings; draw again",
        )
    made, everything = none_of(strata), all_of(strata)
    whole = bins.number == bins.bins
    made.place[whole], made.digest[whole] = everything.place[whole], everything.digest[whole]
    taken = np.where(whole, masses.available, 0)

    deciding = np.flatnonzero(bins.missing > 0)
    upto = rows.units.cumsum()
    start = np.searchsorted(rows.stratum, deciding)
    before = np.where(start > 0, upto[start - 1], 0) if len(rows) else np.zeros(0, np.int64)
    at = np.searchsorted(upto, before + bins.missing[deciding])
    made.place[deciding], made.digest[deciding] = rows.place[at], rows.digest[at]
    below = np.where(np.arange(bins.bins) < bins.number[deciding, None], masses.units[deciding], 0)
    taken[deciding] = below.sum(axis=1) + upto[at] - before
    return Drawn(made, taken)


def _order(rows: Rows) -> Ints:
    """By stratum, place and digest."""
    order = np.lexsort((rows.place, rows.stratum))
    place, stratum = rows.place[order], rows.stratum[order]
    if ((place[1:] == place[:-1]) & (stratum[1:] == stratum[:-1])).any():
        words = np.ascontiguousarray(rows.digest).view(">u8").astype(np.uint64)
        tail = (words[:, 3], words[:, 2], words[:, 1], words[:, 0])
        order = np.lexsort((*tail, rows.place, rows.stratum))
    return order.astype(np.int64)


def draw(read: Callable[[], Iterable[Rows]], budgets: Sequence[int] | Ints) -> Drawn:
    """Both readings in one process: `read` gives the same documents twice, in parts.

    `budgets` are S whole numbers, in the units of the rows. Raises InputError as the steps do.
    """
    masses = Masses.empty(len(budgets))
    for rows in read():
        masses.add(rows)
    bins = narrow(masses, budgets)
    return decide(masses, bins, Candidates.gather(Candidates.part(rows, bins) for rows in read()))
