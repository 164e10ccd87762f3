"""Who is chosen: each stratum's units out of the allocation, and its documents by their keys.

Where a stratum gives more than it has, every document comes a whole number of times, and what is
left is drawn like anything else: so a row's repeats are whole, and counts of documents exact.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from ledger.manifests.allocation.allocate import Allocation
from ledger.manifests.layout import row_bytes, rows_root
from ledger.manifests.sampling.draw import draw
from ledger.manifests.sampling.keys import Keys, key_hex
from ledger.manifests.sampling.repeats import ONCE
from ledger.manifests.sampling.rows import rows_of
from ledger.manifests.sampling.thresholds import Thresholds
from ledger.manifests.tail.parts import part_of_stratum
from ledger.manifests.tail.strata import Tailed
from ledger.reserves.selection.digests import Digests, Ints

__all__ = ["Chosen", "bounds_of", "choose", "ppm"]

_PPM = 1_000_000


@dataclass(frozen=True, eq=False)
class Chosen:
    """n chosen documents, ascending by digest: (n, 32), and int64[n] each.

    `place` is the row in what was divided, `copies` how often a document comes in an epoch.
    Of a stratum, every document comes `every` times, and those up to its threshold once more.
    `tail` says what is to say of the rarity of a stratum's documents.
    """

    allocation: Allocation
    every: Ints
    thresholds: Thresholds
    place: Ints
    digests: Digests
    stratum: Ints
    copies: Ints
    units: Ints
    tail: Callable[[int], dict[str, Any]] | None = None

    def __len__(self) -> int:
        return len(self.digests)

    @property
    def given(self) -> Ints:
        """int64[S]: units of each stratum in an epoch, repeats counted."""
        return _sum(self.stratum, self.copies * self.units, len(self.every))

    @property
    def documents(self) -> int:
        """Documents in an epoch, repeats counted."""
        return int(self.copies.sum())

    @property
    def repeat_q16(self) -> Ints:
        """int64[n]: `copies` in 65536ths."""
        return self.copies * ONCE

    @property
    def content_root(self) -> bytes:
        """The root over the rows."""
        return rows_root(row_bytes(self.digests, self.stratum, self.repeat_q16, self.units))

    def plain(self) -> dict[str, Any]:
        """What strata.json says: integers, and thresholds in hexadecimal."""
        strata = self.allocation.strata
        size = len(self.every)
        chosen = np.bincount(self.stratum, minlength=size).tolist()
        given = self.given
        copies = _sum(self.stratum, self.copies, size).tolist()
        rows = []
        for at, values in enumerate(strata.values):
            said = {} if self.tail is None else {"tail": self.tail(at)}
            rows.append(
                {
                    "achieved_ppm": ppm(int(given[at]), int(given.sum())),
                    "available": int(strata.available[at]),
                    "documents": int(strata.documents[at]),
                    "every": int(self.every[at]),
                    "given": copies[at],
                    "planned": int(self.allocation.units[at]),
                    "repeat_q16": int(self.allocation.repeat_q16[at]),
                    "selected": chosen[at],
                    "target": int(self.allocation.targets[at]),
                    "target_ppm": ppm(int(self.allocation.targets[at]), self.allocation.total),
                    "threshold": {
                        "digest": self.thresholds.digest[at].tobytes().hex(),
                        "key": key_hex(int(self.thresholds.place[at])),
                    },
                    "units": int(given[at]),
                    "values": list(values),
                }
                | said
            )
        return {"axes": list(strata.axes), "strata": rows}


def ppm(part: int, whole: int) -> int:
    """A share in parts per million, rounded down."""
    return part * _PPM // whole if whole else 0


def choose(
    allocation: Allocation,
    digests: Digests,
    stratum: Ints,
    units: Ints,
    seed: int,
    tail: Tailed | None = None,
    keys: Keys | None = None,
) -> Chosen:
    """Draw what the allocation gives from n documents: (n, 32) ascending, and int64[n] each.

    `tail` are their classes: of one that weighs more, more are drawn. `keys` are theirs under the
    seed, where they are known.
    """
    wanted, held = allocation.units, allocation.strata.available
    every: Ints = np.where(held > 0, wanted // np.maximum(held, 1), 0)
    rest: Ints = wanted - every * held
    weight = None if tail is None else tail.parted.weight
    rows = rows_of(digests, stratum, seed, units=units, weight=weight, keys=keys)
    drawn = draw(lambda: [rows], rest)
    copies = every[stratum] + drawn.thresholds.takes(rows)
    place = np.flatnonzero(copies > 0)
    return Chosen(
        allocation,
        every,
        drawn.thresholds,
        place,
        np.ascontiguousarray(digests[place]),
        stratum[place],
        copies[place],
        units[place],
        None if tail is None else partial(_tail, tail, stratum, copies, drawn.thresholds),
    )


def _tail(
    tail: Tailed, stratum: Ints, copies: Ints, thresholds: Thresholds, place: int
) -> dict[str, Any]:
    return part_of_stratum(tail.parted, stratum, copies, place, thresholds)


def _sum(stratum: Ints, values: Ints, size: int) -> Ints:
    total = np.zeros(size, np.int64)
    np.add.at(total, stratum, values)
    return total


def bounds_of(chosen: Chosen) -> list[Mapping[str, Any]]:
    """The mix's bounds as the statement has them: planned exactly, found as it was drawn."""
    given = chosen.given
    total = int(given.sum())
    rows: list[Mapping[str, Any]] = []
    for reached in chosen.allocation.achieved:
        limit = reached.limit
        found = sum(
            weight * units
            for weight, units in zip(limit.weights.tolist(), given.tolist(), strict=True)
        )
        rows.append(
            {
                "about": limit.about,
                "at_least": str(limit.at_least),
                "at_most": str(limit.at_most),
                "found_ppm": int(Fraction(found * _PPM, ONCE * total)) if total else 0,
                "holds": reached.holds,
                "name": limit.name,
            }
        )
    return rows
