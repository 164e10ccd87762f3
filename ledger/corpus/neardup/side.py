"""One side of a comparison: the distinct documents of a set of sketches, sorted by digest.

Digests, normal forms and sizes are in memory, some 80 bytes a document; bands and samples are read
from the sidecars when they are asked for, one column at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.neardup.sketch import BAND_NAMES
from ledger.engines import Sidecar

__all__ = [
    "Digests",
    "Side",
    "Sieve",
    "digest_rows",
    "distinct",
    "find_digests",
    "first_words",
    "load_side",
    "make_side",
]

_SIEVE = 1 << 27  # places, a byte each

Digests = npt.NDArray[np.uint8]
"""n × 32."""


@dataclass(frozen=True, slots=True)
class Side:
    """n documents. `rows[i]` is where document i first lies in the sidecars taken together.

    `grams[i]` counts its grams, repeated ones again, 0 where it has no word; `sampled[i]` the
    distinct ones in its sample.
    """

    sidecars: tuple[Sidecar, ...]
    digests: Digests
    norms: Digests
    grams: npt.NDArray[np.int64]
    sampled: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def band(self, number: int) -> npt.NDArray[np.uint64]:
        """One band of every document."""
        name = BAND_NAMES[number]
        parts = [
            table.column(0).to_numpy()
            for sidecar in self.sidecars
            for table in sidecar.tables([name])
        ]
        band: npt.NDArray[np.uint64] = np.concatenate([np.zeros(0, np.uint64), *parts])
        return band[self.rows]

    def samples(
        self, documents: slice, among: "Sieve | None" = None, part: int = 0, parts: int = 1
    ) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
        """(gram, document) of some documents' samples, sorted by gram and then document.

        Only what passes `among`; of `parts` the one numbered `part`: grams that leave that
        remainder.
        """
        wanted = np.full(sum(sidecar.rows for sidecar in self.sidecars), -1, np.int64)
        wanted[self.rows[documents]] = np.arange(*documents.indices(len(self)))
        found, at = [np.zeros(0, np.uint64)], 0
        for sidecar in self.sidecars:
            for table in sidecar.tables(["sample"]):
                lists = table.column(0).combine_chunks()
                owner = np.repeat(wanted[at : at + len(lists)], _lengths(lists))
                at += len(lists)
                gram = lists.flatten().to_numpy()
                keep = owner >= 0
                if parts > 1:
                    keep &= gram % np.uint32(parts) == part
                if among is not None:
                    keep &= among.passes(gram)
                packed = gram[keep].astype(np.uint64) << np.uint64(32)
                found.append(packed | owner[keep].astype(np.uint64))
        packed = np.concatenate(found)
        packed.sort()
        owners = (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
        return (packed >> np.uint64(32)).astype(np.uint32), owners


class Sieve:
    """Lets through the numbers it was made of, and a few others: the low bits decide."""

    def __init__(self, numbers: npt.NDArray[np.unsignedinteger]) -> None:
        size = min(max(16 * len(numbers), 1), _SIEVE)
        self._mask = numbers.dtype.type((1 << (size - 1).bit_length()) - 1)
        self._there = np.zeros(int(self._mask) + 1, np.bool_)
        self._there[numbers & self._mask] = True

    def passes(self, numbers: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.bool_]:
        """Which of the numbers may be among them."""
        passing: npt.NDArray[np.bool_] = self._there[numbers & self._mask]
        return passing


def load_side(sidecars: Sequence[Sidecar], only: bytes | None = None) -> Side:
    """The documents of `sidecars`, or those of them in `only`: sorted digests, concatenated."""
    columns = ["sha256", "norm_sha256", "grams", "sampled"]
    digests, norms = [np.zeros((0, 32), np.uint8)], [np.zeros((0, 32), np.uint8)]
    grams, sampled = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for sidecar in sidecars:
        for table in sidecar.tables(columns):
            digests.append(digest_rows(table.column(0)))
            norms.append(digest_rows(table.column(1)))
            grams.append(table.column(2).to_numpy())
            sampled.append(table.column(3).to_numpy())
    digest, norm = np.concatenate(digests), np.concatenate(norms)
    sizes = np.concatenate(grams), np.concatenate(sampled)
    return make_side(tuple(sidecars), digest, norm, *sizes, np.arange(len(digest)), only)


def make_side(
    sidecars: tuple[Sidecar, ...],
    digests: Digests,
    norms: Digests,
    grams: npt.NDArray[np.int64],
    sampled: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    only: bytes | None = None,
) -> Side:
    """Documents in any order, repeated ones taken once, where they come first."""
    order = _sorted(digests)
    ordered = digests[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    if only is not None:
        fresh &= find_digests(ordered, np.frombuffer(only, np.uint8).reshape(-1, 32)) >= 0
    kept = order[fresh]
    return Side(sidecars, ordered[fresh], norms[kept], grams[kept], sampled[kept], rows[kept])


def distinct(digests: Digests) -> Digests:
    """The digests sorted, each once."""
    ordered = digests[_sorted(digests)]
    fresh = np.ones(len(ordered), np.bool_)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return ordered[fresh]


def find_digests(wanted: Digests, among: Digests) -> npt.NDArray[np.int64]:
    """Where each of n digests stands in a sorted set of distinct ones; -1 where it does not."""
    if not len(among):
        return np.full(len(wanted), -1, np.int64)
    place = np.searchsorted(first_words(among), first_words(wanted))
    found = np.full(len(wanted), -1, np.int64)
    open_ = np.arange(len(wanted))
    while len(open_):  # again only where different digests begin with the same eight bytes
        here = place[open_]
        inside = here < len(among)
        open_, here = open_[inside], here[inside]
        same = (among[here] == wanted[open_]).all(axis=1)
        found[open_[same]] = here[same]
        again = ~same & (among[here, :8] == wanted[open_, :8]).all(axis=1)
        open_ = open_[again]
        place[open_] += 1
    return found


def first_words(digests: Digests) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each, in an order that is that of the bytes."""
    return np.ascontiguousarray(digests[:, :8]).view(">u8").astype(np.uint64).reshape(-1)


def _sorted(digests: Digests) -> npt.NDArray[np.int64]:
    """The stable order of digests as bytes, so that the first of equal ones stays first."""
    words = _words(digests)
    return np.lexsort((words[:, 3], words[:, 2], words[:, 1], words[:, 0]))


def _words(digests: Digests) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(digests).view(">u8").astype(np.uint64)


def digest_rows(column: pa.ChunkedArray) -> Digests:
    """A column of `binary(32)` without nulls as bytes."""
    array = column.combine_chunks()
    data = np.frombuffer(array.buffers()[1], np.uint8)
    return data[32 * array.offset : 32 * (array.offset + len(array))].reshape(-1, 32)


def _lengths(lists: pa.Array) -> npt.NDArray[np.int64]:
    offsets = np.frombuffer(lists.buffers()[1], np.int64)
    return np.diff(offsets[lists.offset : lists.offset + len(lists) + 1])
