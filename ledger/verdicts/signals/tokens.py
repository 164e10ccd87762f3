"""Token ids of n texts in one flat array, and what can be counted of them.

Counts stand in the order in which a text first has what is counted. A measure that sums over them
so gives the same bits whatever ids were handed out and whatever lies beside the text in a batch.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Floats", "Ids", "Ints", "Tally", "Tokens", "divide", "sums"]

Ids = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """How often each distinct id occurs: text t has the counts `offsets[t]` to `offsets[t + 1]`."""

    counts: Ints
    offsets: Ints

    @property
    def types(self) -> Ints:
        """int64[n]: distinct ids of each text."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class Tokens:
    """Text t has the ids `ids[offsets[t] : offsets[t + 1]]`; uint32[k], int64[n + 1]."""

    ids: Ids
    offsets: Ints

    @classmethod
    def of_one(cls, ids: npt.ArrayLike) -> "Tokens":
        """One text."""
        flat = np.asarray(ids, np.uint32)
        return cls(flat, np.array([0, len(flat)], np.int64))

    @property
    def sizes(self) -> Ints:
        """int64[n]: tokens of each text."""
        return np.diff(self.offsets)

    @cached_property
    def text_of(self) -> Ints:
        """int64[k]: the text that each token is in."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.sizes)

    @cached_property
    def tally(self) -> Tally:
        """Occurrences of every type of every text."""
        counted = pc.value_counts(pa.array(self._keys))
        texts = counted.field("values").to_numpy() >> 32
        offsets = np.searchsorted(texts, np.arange(len(self.offsets)))
        return Tally(counted.field("counts").to_numpy(), offsets)

    @cached_property
    def previous(self) -> Ints:
        """int64[k]: where the same text had the same id before; -1 where it had not."""
        order = np.argsort(self._keys, kind="stable")
        keys = self._keys[order]
        found = np.full(len(order), -1, np.int64)
        again = np.flatnonzero(keys[1:] == keys[:-1])
        found[order[again + 1]] = order[again]
        return found

    @cached_property
    def bigrams(self) -> "Tokens":
        """Two tokens in a row as one."""
        return self.grams(2)

    def grams(self, size: int) -> "Tokens":
        """Every `size` tokens in a row as one, under ids of their own: equal grams, equal ids."""
        codes = self.ids
        for more in range(1, size):
            left, right = codes[:-1].astype(np.int64), self.ids[more:].astype(np.int64)
            pairs = pa.array((left << 32) | right).dictionary_encode()
            codes = pairs.indices.to_numpy().astype(np.uint32)
        sizes = np.maximum(self.sizes - (size - 1), 0)
        offsets = _offsets(sizes)
        starts = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1] - offsets[:-1], sizes)
        return Tokens(codes[starts], offsets)

    def heads(self, less: int) -> "Tokens":
        """Every text without its last `less` tokens."""
        sizes = np.maximum(self.sizes - less, 0)
        offsets = _offsets(sizes)
        places = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1] - offsets[:-1], sizes)
        return Tokens(self.ids[places], offsets)

    @cached_property
    def _keys(self) -> Ints:
        """Text and id in one number; texts stay below 2^31."""
        return (self.text_of << 32) | self.ids.astype(np.int64)


def sums(values: npt.NDArray[np.float64 | np.int64 | np.bool_], offsets: Ints) -> Floats:
    """float64[n]: sums of the stretches that `offsets` (n + 1) cut `values` into."""
    total = np.zeros(len(offsets) - 1, np.float64)
    some = np.flatnonzero(np.diff(offsets))
    if len(some):
        total[some] = np.add.reduceat(values.astype(np.float64, copy=False), offsets[some])
    return total


def divide(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """Quotients, NaN where the denominator is zero."""
    over = np.asarray(denominator, np.float64)
    found: Floats = np.full(over.shape, np.nan)
    np.divide(np.asarray(numerator, np.float64), over, out=found, where=over != 0)
    return found


def _offsets(sizes: Ints) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
