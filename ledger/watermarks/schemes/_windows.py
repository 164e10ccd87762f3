"""What families whose unit is a token after a window of tokens share: windows, first occurrences.

Everything here is free of keys. A batch is worked on in runs of whole documents, so that memory
follows the longest document and not the batch.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ledger.watermarks.tokens import Ids, Ints, Tokens

__all__ = [
    "EVER",
    "MANY",
    "SALT",
    "Keys",
    "Mask",
    "Numbers",
    "Run",
    "Words",
    "first_occurrences",
    "repeated_within",
    "runs",
]

Words = npt.NDArray[np.uint64]
Keys = npt.NDArray[np.uint16] | npt.NDArray[np.uint32] | npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32]
_Unsigned = TypeVar("_Unsigned", np.uint16, np.uint32, np.uint64)

EVER = 2**62
"""A history that forgets nothing."""

MANY = 1 << 17
"""Tokens or units from which on the import of kernels pays."""

SALT = np.uint64(secrets.randbits(64))
"""What spreads keys over a table: drawn for each process, and no result depends on it."""

_RUN = 1 << 16  # tokens: arrays of this many entries stay in a core's cache
_SPREAD = 4  # slots a key
_ROUNDS = tuple(np.uint64(x) for x in (0x9E3779B97F4A7C15, 0xD1342543DE82EF95, 0xAEF17502108EF2D9))
_DOCUMENT = np.uint64(0xC2B2AE3D27D4EB4F)


@dataclass(frozen=True, eq=False)
class Run:
    """Whole documents, one after the other: document d is `ids[edges[d]:edges[d + 1]]`.

    The window of a token are the `width` tokens before it; what is missing at the beginning of a
    document is the id `pad`. With `skip`, the first `width` tokens of a document are no calls.
    `many` says that the batch is large enough for kernels.
    """

    ids: Ids
    edges: Ints
    width: int
    pad: int
    skip: bool
    many: bool

    @property
    def calls(self) -> Mask:
        """Which tokens are calls."""
        calls = np.ones(len(self.ids), np.bool_)
        if self.skip:
            calls[self.heads] = False
        return calls

    @property
    def positions(self) -> Ints:
        """Of the tokens within their documents."""
        positions = np.arange(len(self.ids), dtype=np.int64)
        positions -= np.repeat(self.edges[:-1], np.diff(self.edges))
        return positions

    def count(self, chosen: Ints) -> Ints:
        """How many of some tokens, by their ascending numbers, each document has."""
        return np.diff(np.searchsorted(chosen, self.edges))

    def drop_repeats(self, keys: Keys, taken: Mask, history: int = EVER) -> None:
        """Clear `taken` where one of the `history` tokens before, taken too, has the same key.

        Only tokens of one document meet. With a finite history, those of a document that are taken
        must follow one another. The kernel and numpy give the same.
        """
        if self.many:
            from ledger.watermarks.kernels.repeats import drop_repeats, drop_seen

            if keys.dtype == np.uint16 and history == EVER:
                drop_seen(keys.view(np.uint16), self.edges, taken)
            else:
                wide = keys.astype(np.uint64, copy=False)
                drop_repeats(wide, self.edges, history, SALT, taken)
            return
        chosen = np.flatnonzero(taken)
        edges = np.searchsorted(chosen, self.edges)
        starts = np.repeat(edges[:-1].astype(np.int32), np.diff(edges))
        longest = int(np.diff(edges).max(initial=0))
        wide = keys.take(chosen).astype(np.uint64, copy=False)
        repeated = repeated_within(wide, starts, history, longest)
        taken[chosen[repeated]] = False

    def unfit(self, vocab_size: int) -> Ints:
        """Tokens of `vocab_size` or more, and those with such a one in their window."""
        foreign = self.ids >= vocab_size
        if not foreign.any():
            return np.zeros(0, np.int64)
        place = np.arange(len(self.ids), dtype=np.int64)
        last = np.maximum.accumulate(np.where(foreign, place, -1))
        near = place - last <= self.width
        near &= last >= np.repeat(self.edges[:-1], np.diff(self.edges))
        return np.flatnonzero(near)

    def polynomial(
        self, multiplier: int, kind: type[_Unsigned], *, token: bool
    ) -> npt.NDArray[_Unsigned]:
        """For each token the sum of t_j · multiplier^(n - j) over its window t_0 … t_(n-1).

        With `token` the token itself is the last of them. Modulo 2^16, 2^32 or 2^64 as `kind`
        says. SynthID's accumulating hash, steps of h = (h + t)·multiplier + 1, is this plus a
        number that depends on its start and n only.
        """
        words, size = self.ids.astype(kind), self.width + token
        factor = kind(multiplier & int(np.iinfo(kind).max))
        result = np.zeros(len(words), kind)
        whole, count = result[self.width :], max(len(words) - self.width, 0)
        for place in range(size):
            whole += words[place : place + count]
            whole *= factor
        heads = self.heads
        first = np.repeat(self.edges[:-1], np.minimum(np.diff(self.edges), self.width))
        cut = np.zeros(len(heads), kind)
        for place in range(size):
            source = heads + (place - self.width)
            known = words.take(np.maximum(source, 0))
            cut += np.where(source < first, kind(self.pad & int(np.iinfo(kind).max)), known)
            cut *= factor
        result[heads] = cut
        return result

    @cached_property
    def heads(self) -> Ints:
        """Tokens whose window begins before their document."""
        heads = self.edges[:-1, np.newaxis] + np.arange(self.width)
        return heads[heads < self.edges[1:, np.newaxis]]


def runs(tokens: Tokens, width: int, pad: int, *, skip: bool = False) -> Iterator[Run]:
    """The documents in order, as runs of at most 65,536 tokens or one longer document."""
    document, many = 0, len(tokens.ids) >= MANY
    while document < tokens.documents:
        limit = int(tokens.offsets[document]) + _RUN
        end = int(np.searchsorted(tokens.offsets, limit, side="right")) - 1
        end = max(document + 1, min(end, document + _RUN))
        offsets = tokens.offsets[document : end + 1]
        yield Run(
            tokens.ids[offsets[0] : offsets[-1]], offsets - offsets[0], width, pad, skip, many
        )
        document = end


def first_occurrences(keys: Words, starts: Numbers) -> Numbers:
    """For each unit the first one of its document with the same key: itself, if it is new.

    `starts` are the first units of the units' documents. Exact, by writing each unit's number to a
    slot that its key and document choose, last units first, and reading who came first; units that
    met another key in their slot try the next round, and the few left after all rounds are sorted.
    """
    result, index, left, first = np.empty(len(keys), np.int32), None, keys, starts
    for multiplier in _ROUNDS:
        if not len(left):
            return result
        bits = max((_SPREAD * len(left) - 1).bit_length(), 4)
        slots = first.astype(np.uint64)
        slots *= _DOCUMENT
        slots += left
        slots *= multiplier
        slots >>= np.uint64(64 - bits)
        slot, order = slots.view(np.int64), np.arange(len(left), dtype=np.int32)
        table = np.empty(1 << bits, np.int32)
        table[slot[::-1]] = order[::-1]
        winner = table.take(slot)
        if (winner > order).any():  # numpy promises no order of writing
            break
        found = winner if index is None else index.take(winner)
        met = left.take(winner) != left
        met |= found < first
        if index is None:
            result, again = found.copy(), np.flatnonzero(met)
            index = again.astype(np.int32)
        else:
            result[index], again = found, np.flatnonzero(met)
            index = index.take(again)
        left, first = left.take(again), first.take(again)
    if index is None:
        index = np.arange(len(keys), dtype=np.int32)
    ranked = np.lexsort((left, first))
    new = np.ones(len(ranked), np.bool_)
    new[1:] = np.diff(left[ranked]) != 0
    new[1:] |= np.diff(first[ranked]) != 0
    heads = index[ranked][np.flatnonzero(new)]
    result[index[ranked]] = heads[np.cumsum(new) - 1]
    return result


def repeated_within(keys: Words, starts: Numbers, history: int, longest: int) -> Mask:
    """Whether one of the `history` units before, of the same document, has the same key.

    `longest` is the number of units of the longest document.
    """
    if history == 0:
        return np.zeros(len(keys), np.bool_)
    first = first_occurrences(keys, starts)
    repeated: Mask = first != np.arange(len(keys), dtype=np.int32)
    if longest <= history + 1:
        return repeated
    later = np.flatnonzero(repeated)
    group = first[later]
    heads = np.unique(group)
    unit, label = np.concatenate([heads, later]), np.concatenate([heads, group])
    order = np.lexsort((unit, label))
    unit, label = unit[order], label[order]
    near = np.diff(unit) <= history
    near &= np.diff(label) == 0
    repeated[unit[1:]] = near
    return repeated
