"""What a draw has to know of documents: columns of equal length, in any order, in any pieces."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.manifests.sampling.keys import DRAW, Digests, Keys, document_keys

__all__ = ["MOST_UNITS", "MOST_WEIGHT", "Ints", "Rows", "rows_of"]

Ints = npt.NDArray[np.int64]

MOST_UNITS = (1 << 32) - 1
"""Units of one document. Of 2^31 documents at least the sum is then a 64-bit integer."""

MOST_WEIGHT = (1 << 16) - 1


@dataclass(frozen=True, eq=False)
class Rows:
    """n documents, distinct within a stratum.

    `place` is what they are drawn by, least first: the key, divided by the document's weight and
    rounded down. Equal places are in order of the digest.
    """

    digest: Digests
    stratum: Ints
    units: Ints
    place: Keys

    def __len__(self) -> int:
        return len(self.digest)

    @classmethod
    def empty(cls) -> "Rows":
        """No documents."""
        nobody = np.zeros(0, np.int64)
        return cls(np.zeros((0, 32), np.uint8), nobody, nobody, np.zeros(0, np.uint64))

    def take(self, chosen: "Ints | npt.NDArray[np.bool_]") -> "Rows":
        """Some of them, by number or mask."""
        return Rows(
            self.digest[chosen], self.stratum[chosen], self.units[chosen], self.place[chosen]
        )


def rows_of(
    digests: Digests,
    stratum: Ints,
    seed: int,
    *,
    units: Ints | None = None,
    weight: Ints | None = None,
    tag: bytes = DRAW,
    keys: Keys | None = None,
    compiled: bool | None = None,
) -> Rows:
    """n documents as a draw takes them: (n, 32) bytes, and n numbers each.

    `stratum` counts from 0; `units` are documents (None: one each) or tokens. `weight` is of the
    document's class (None: 1): of two classes with weights v and w, v documents of the one are
    drawn for w of the other until one of them is exhausted. `keys` are those of seed and tag, where
    an engine made them. Raises InputError for a bad seed, units outside 0 … 2^32 - 1 and weights
    outside 1 … 65535.
    """
    count = len(digests)
    _in_range("stratum", stratum, count, 0, np.iinfo(np.int32).max)
    place = document_keys(digests, seed, tag, compiled=compiled) if keys is None else keys
    if units is None:
        units = np.ones(count, np.int64)
    _in_range("units", units, count, 0, MOST_UNITS)
    if weight is not None:
        _in_range("weight", weight, count, 1, MOST_WEIGHT)
        place = place // weight.astype(np.uint64)
    return Rows(digests, stratum.astype(np.int64), units.astype(np.int64), place)


def _in_range(what: str, column: Ints, count: int, low: int, high: int) -> None:
    if column.shape != (count,) or column.dtype.kind not in "iu":
        raise ValueError(f"{what} is {column.dtype}{column.shape}, expected {count} integers")
    if not count:
        return
    if int(column.min()) < low or int(column.max()) > high:
        bad = int(np.flatnonzero((column < low) | (column > high))[0])
        raise InputError(f"row {bad}: {what} {int(column[bad])}, expected {low} to {high}")
