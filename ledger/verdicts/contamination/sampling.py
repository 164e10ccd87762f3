"""A sample that anybody can draw again: by a key, in strata, the same in any order and division.

Pure: digests and codes in, places and weights out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError

__all__ = ["OTHERS", "Drawn", "Stratum", "draw", "keyed_order", "strata_data"]

OTHERS = "(others)"
"""Strata too small for a document of their own, taken together."""

Digests = npt.NDArray[np.uint8]  # (n, 32)
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SEEDS = 1 << 64


@dataclass(frozen=True)
class Stratum:
    """How many of the documents are in it, and how many of those were drawn."""

    name: str
    documents: int
    drawn: int


@dataclass(frozen=True)
class Drawn:
    """k of n documents: their places, the earliest in the keyed order first, each with its weight.

    A weight is how many documents of its stratum one that was drawn stands for; they add up to n.
    """

    places: Ints
    weights: Floats
    strata: tuple[Stratum, ...]


def keyed_order(digests: Digests, seed: int) -> Ints:
    """The places of n documents, by SHA-256 of the seed (8 bytes, big-endian) ‖ digest, ascending.

    Raises InputError for a seed that 8 bytes do not hold.
    """
    if not 0 <= seed < _SEEDS:
        raise InputError(f"found seed {seed}, expected 0 to {_SEEDS - 1}")
    head, flat = seed.to_bytes(8, "big"), digests.tobytes()
    keys = b"".join(
        sha256(head + flat[place : place + 32]).digest() for place in range(0, len(flat), 32)
    )
    words = np.frombuffer(keys, ">u8").astype(np.uint64).reshape(-1, 4)
    return np.lexsort((words[:, 3], words[:, 2], words[:, 1], words[:, 0])).astype(np.int64)


def draw(
    digests: Digests,
    size: int | None,
    seed: int,
    codes: Ints | None = None,
    names: Sequence[str] = (),
) -> Drawn:
    """Draw `size` of n distinct documents, all if None or more than there are.

    `codes[i]` is document i's stratum, a place in `names`. Strata are drawn from in proportion to
    their documents (largest remainders); those whose share is less than one document are drawn
    from together. Raises InputError for a size below 1, and as keyed_order.
    """
    count = len(digests)
    if size is not None and size < 1:
        raise InputError(f"found a sample of {size}, expected at least 1")
    order = keyed_order(digests, seed)
    size = count if size is None else min(size, count)
    if codes is None:
        codes, names = np.zeros(count, np.int64), ("all",)
    codes, names = _merged(codes, names, size)
    sizes = np.bincount(codes, minlength=len(names))
    takes = _proportional(sizes, size)
    ranked = order[np.argsort(codes[order], kind="stable")]  # stratum by stratum, each keyed
    starts = np.cumsum(sizes) - sizes
    within = np.arange(count) - np.repeat(starts, sizes)
    chosen = ranked[within < np.repeat(takes, sizes)]
    taken = np.zeros(count, np.bool_)
    taken[chosen] = True
    places = order[taken[order]]
    weights = (sizes / np.maximum(takes, 1))[codes[places]]
    strata = tuple(
        Stratum(name, int(documents), int(drawn))
        for name, documents, drawn in zip(names, sizes, takes, strict=True)
    )
    return Drawn(places, weights.astype(np.float64), strata)


def _merged(codes: Ints, names: Sequence[str], size: int) -> tuple[Ints, list[str]]:
    """Nonempty strata by name, those with less than one document of the sample as one, last."""
    sizes = np.bincount(codes, minlength=len(names))
    total = int(sizes.sum())
    kept = [
        place
        for place in sorted(range(len(names)), key=lambda place: names[place])
        if sizes[place] and sizes[place] * size >= total
    ]
    new = np.full(len(names), len(kept), np.int64)
    new[kept] = np.arange(len(kept))
    left = bool((sizes[new == len(kept)]).any())
    return new[codes], [names[place] for place in kept] + [OTHERS] * left


def _proportional(sizes: Ints, size: int) -> Ints:
    """How many to take of each stratum: at least one of each, `size` in all (Hamilton's method)."""
    total = int(sizes.sum())
    if not total:
        return np.zeros(len(sizes), np.int64)
    takes = sizes * size // total
    remainders = np.where(takes == 0, -1, sizes * size % total)  # those are given one in any case
    takes = np.maximum(takes, 1)
    largest = np.argsort(-remainders, kind="stable")
    for place in largest[: max(size - int(takes.sum()), 0)].tolist():
        takes[place] += 1
    while takes.sum() > size:  # the smallest stratum was given one that it had no share to
        takes[int(np.argmax(takes))] -= 1
    return np.asarray(takes, np.int64)


def strata_data(drawn: Drawn) -> list[dict[str, str | int]]:
    """The strata as JSON values."""
    return [
        {"name": item.name, "documents": item.documents, "drawn": item.drawn}
        for item in drawn.strata
    ]
