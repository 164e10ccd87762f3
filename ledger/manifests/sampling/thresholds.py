"""One threshold per stratum, and what it takes.

A document is selected if (place, digest) is at or below its stratum's threshold, numbers and then
bytes compared. That of a stratum which gives everything is the greatest there is; that of one
which gives nothing is 0 and a digest of zeros, which no text is known to have.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.manifests.sampling.keys import Digests, Keys, key_hex
from ledger.manifests.sampling.rows import Rows

__all__ = ["Limits", "Thresholds", "all_of", "none_of"]

_LAST = (1 << 64) - 1


@dataclass(frozen=True)
class Limits:
    """A threshold in terms of keys, for the documents of one weight.

    Selected are a key below `below`, and one up to `upto` whose digest is at most `digest`. In
    hexadecimal they compare alike, so that SQL can.
    """

    below: int
    upto: int
    digest: bytes

    def hex(self) -> tuple[str, str, str]:
        """All three in lower-case hexadecimal."""
        return key_hex(self.below), key_hex(self.upto), self.digest.hex()


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Of S strata: `place` as u64[S] and `digest` as u8[S, 32]."""

    place: Keys
    digest: Digests

    def __len__(self) -> int:
        return len(self.place)

    def takes(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Which of the rows are selected."""
        limit = self.place[rows.stratum]
        chosen: npt.NDArray[np.bool_] = rows.place < limit
        for row in np.flatnonzero(rows.place == limit).tolist():  # few: the last of each stratum
            last = self.digest[rows.stratum[row]].tobytes()
            chosen[row] = rows.digest[row].tobytes() <= last
        return chosen

    def limits(self, stratum: int, weight: int = 1) -> Limits:
        """What `takes` does to documents of this stratum and weight, said of their keys."""
        first = int(self.place[stratum]) * weight
        upto = min(first + weight - 1, _LAST)
        return Limits(min(first, _LAST), upto, self.digest[stratum].tobytes())


def none_of(strata: int) -> Thresholds:
    """The thresholds that take nothing."""
    return Thresholds(np.zeros(strata, np.uint64), np.zeros((strata, 32), np.uint8))


def all_of(strata: int) -> Thresholds:
    """The thresholds that take everything."""
    return Thresholds(np.full(strata, _LAST, np.uint64), np.full((strata, 32), 255, np.uint8))
