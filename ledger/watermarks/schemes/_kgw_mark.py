"""A green-list mark bound to its key: from token ids to the colours of counted units."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ledger.watermarks import kernels
from ledger.watermarks.schemes._kgw_seeding import Seeding
from ledger.watermarks.schemes._units import delimit, find_places, to_scores
from ledger.watermarks.statistics import Binomial, Hypergeometric, Null, weigh
from ledger.watermarks.tokens import Ids, Ints, Scores, Tokens

__all__ = ["KgwMark", "Pairs", "StagedMark", "Windows", "make_mark"]

Weights = npt.NDArray[np.uint8]

_32 = np.uint64(32)
_BITMAPS = 64 << 20  # bytes of green lists that a mark keeps


@dataclass(frozen=True, eq=False)
class Windows:
    """Positions whose whole window lies in the vocabulary: `places` among all of a batch's ids,
    those of document d at offsets[d]:offsets[d + 1]."""

    offsets: Ints
    places: Ints


@dataclass(frozen=True, eq=False)
class Pairs:
    """Where one token of context makes the seed: distinct (context, token) of each document.

    `numbers` are places among the batch's distinct pairs: those with `contexts[c]` have the tokens
    `tokens[starts[c]:starts[c + 1]]`. `weights` are those of the document's pairs.
    """

    windows: Windows
    weights: Weights
    numbers: npt.NDArray[np.int32]
    contexts: Ids
    starts: Ints
    tokens: Ids


@dataclass(frozen=True)
class KgwMark:
    """Green are the first `green` tokens of the permutation that a seed makes, or with `last` the
    last ones, moved down by `shift`.

    A unit is a (seed, token), once per document: what a text repeats has one colour, and so has
    another context of the same seed (a minimum of hashes has many). It weighs by how often it
    occurs, but where there is only one seed.
    """

    scheme: str
    vocab_size: int
    green: int
    seeding: Seeding
    last: bool = False
    shift: int = 0

    @property
    def null(self) -> Null:
        """Each unit is green with probability green / vocab_size. Tokens of one seed are drawn
        without replacement, which is exact where there is only one seed and else only makes the
        number of green ones vary less."""
        if self.seeding.static:
            return Hypergeometric(self.green, self.vocab_size)
        return Binomial(self.green, self.vocab_size)

    @property
    def shared(self) -> Hashable:
        """What `prepare` looks at; a key never enters it."""
        return ("kgw", self._context, self.seeding.reach)

    @property
    def _context(self) -> int | None:
        """How far before a token the only one that makes its seed stands; None where more do."""
        distances = self.seeding.distances
        return distances[0] if len(distances) == 1 and distances[0] > 0 else None

    def prepare(self, tokens: Tokens) -> Windows | Pairs:
        """Windows, and where one token of context makes the seed, the distinct pairs."""
        windows = _find_windows(tokens, self.vocab_size, self.seeding.reach)
        if self._context is None:
            return windows
        codes = _codes(tokens.ids[windows.places - self._context], tokens.ids[windows.places])
        times = kernels.times_in_document(codes, windows.offsets)
        kept = times > 0
        unique, numbers = kernels.distinct(codes[kept])
        order = np.argsort(unique)
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        grouped = unique[order]
        contexts, starts = kernels.group(grouped)
        return Pairs(
            _keep(windows, kept),
            weigh(times[kept]),
            rank[numbers],
            contexts,
            starts,
            grouped.astype(np.uint32),
        )

    def score(self, tokens: Tokens, prepared: Windows | Pairs) -> Scores:
        if isinstance(prepared, Pairs):
            if self._apart(prepared.contexts):
                seeds = self.seeding.seeds([prepared.contexts])
                green = self._colours(seeds, prepared.starts, prepared.tokens)
                colours = green[prepared.numbers]
                return self._scores(tokens, prepared.windows.places, colours, prepared.weights)
            windows = prepared.windows  # contexts of one seed: count anew
        else:
            windows = prepared
        seeds = self.seeding.seeds([tokens.ids[windows.places - d] for d in self.seeding.distances])
        codes = _codes(seeds, tokens.ids[windows.places])
        times = kernels.times_in_document(codes, windows.offsets)
        kept = times > 0
        unique, numbers = kernels.distinct(codes[kept])
        order = np.argsort(unique)
        grouped = unique[order]
        every, starts = kernels.group(grouped)
        green = np.empty(len(unique), np.bool_)
        green[order] = self._colours(every, starts, grouped.astype(np.uint32))
        return self._scores(tokens, windows.places[kept], green[numbers], weigh(times[kept]))

    def _scores(
        self, tokens: Tokens, places: Ints, green: npt.NDArray[np.bool_], weights: Weights
    ) -> Scores:
        """Of one seed colours are drawn without replacement: no weighted null is known of those."""
        told = None if self.seeding.static else weights
        return to_scores(tokens, places, green.astype(np.uint8), weights=told)

    def _apart(self, contexts: Ids) -> bool:
        """Whether each of these single tokens makes a seed of its own."""
        return len(np.unique(self.seeding.seeds([contexts]))) == len(contexts)

    def _moved(self, tokens: Ids) -> Ids:
        if not self.shift:
            return tokens
        moved = (tokens.astype(np.uint64) + np.uint64(self.shift)) % np.uint64(self.vocab_size)
        return moved.astype(np.uint32)

    def _colours(self, seeds: Ids, starts: Ints, tokens: Ids) -> npt.NDArray[np.bool_]:
        first = self.vocab_size - self.green if self.last else self.green
        among = kernels.members(seeds, starts, self._moved(tokens), first, self.vocab_size)
        return among ^ self.last


@dataclass(frozen=True)
class StagedMark(KgwMark):
    """One token of context makes the seed: green lists of frequent contexts pay for themselves."""

    _kept: dict[bytes, tuple[Ids, npt.NDArray[np.uint8]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def stage(self, tokens: Tokens, prepared: Windows | Pairs, hot: Ids) -> Scores:
        """Scores of the units whose context is among `hot`, the first of them that 64 MB hold.

        They are a sample taken without a look at colours, so the mark's null holds for them.
        Contexts that share a seed are not told apart here: a mark that has such scores all units,
        in every batch.
        """
        if not isinstance(prepared, Pairs) or not self._each_apart:
            return self.score(tokens, prepared)
        contexts, lists = self._lists(hot)
        place = np.minimum(np.searchsorted(contexts, prepared.contexts), len(contexts) - 1)
        known = contexts[place] == prepared.contexts
        sizes = np.diff(prepared.starts)
        row, wanted = np.repeat(place, sizes), np.repeat(known, sizes)
        moved = self._moved(prepared.tokens)
        bits = lists[row, moved >> np.uint32(3)] >> (moved & np.uint32(7)).astype(np.uint8)
        kept = wanted[prepared.numbers]
        green = (bits & np.uint8(1)).astype(np.bool_) ^ self.last
        places, colours = prepared.windows.places[kept], green[prepared.numbers[kept]]
        return self._scores(tokens, places, colours, prepared.weights[kept])

    @cached_property
    def _each_apart(self) -> bool:
        """Of all contexts, not of those of a batch: what is passed over must not depend on it."""
        return self._apart(np.arange(self.vocab_size, dtype=np.uint32))

    def _lists(self, hot: Ids) -> tuple[Ids, npt.NDArray[np.uint8]]:
        """Contexts, ascending, and the packed list of each: what the kernel calls the first k."""
        name = hot.tobytes()
        found = self._kept.get(name)
        if found is None:
            few = hot[hot < self.vocab_size][: max(_BITMAPS // (self.vocab_size // 8 + 1), 1)]
            contexts = np.unique(few).astype(np.uint32)
            if not len(contexts):
                contexts = np.zeros(1, np.uint32)
            first = self.vocab_size - self.green if self.last else self.green
            seeds = self.seeding.seeds([contexts])
            found = contexts, kernels.green_bitmaps(seeds, first, self.vocab_size)
            self._kept.clear()
            self._kept[name] = found
        return found


def make_mark(
    scheme: str, vocab_size: int, green: int, seeding: Seeding, last: bool, shift: int
) -> KgwMark:
    """The mark, staged where it can be."""
    distances = seeding.distances
    alone = len(distances) == 1 and distances[0] > 0
    return (StagedMark if alone else KgwMark)(scheme, vocab_size, green, seeding, last, shift)


def _find_windows(tokens: Tokens, vocab_size: int, reach: int) -> Windows:
    places = find_places(tokens, vocab_size, reach)
    return Windows(delimit(tokens, places), places)


def _keep(windows: Windows, kept: npt.NDArray[np.bool_]) -> Windows:
    before = np.concatenate([[0], np.cumsum(kept)])
    return Windows(before[windows.offsets].astype(np.int64), windows.places[kept])


def _codes(high: Ids, low: Ids) -> npt.NDArray[np.uint64]:
    return high.astype(np.uint64) << _32 | low.astype(np.uint64)
