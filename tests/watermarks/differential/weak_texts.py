"""Weakly marked texts, made anew: a bigram model of human text under transformers' lefthash.

The model is sampled at a low temperature, where marks are faint and texts repeat themselves. The
bias comes after the temperature, as in transformers, by rejection: a red token is kept in
e^-bias of all cases. Colours are our kernel's, which the differential group finds identical.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks import kernels
from ledger.watermarks.tokens import Tokens

__all__ = ["Bigrams"]

_SEEN = 0.75  # share of a token's chance that comes of the one before it
_32 = np.uint64(2**32 - 1)


class Bigrams:
    """Tempered chances of the next token: those that were seen after one, and all by themselves."""

    def __init__(self, tokens: Tokens, size: int, temperature: float) -> None:
        self._size = size
        later = np.flatnonzero(tokens.position_of() > 0)
        pairs = tokens.ids[later - 1].astype(np.int64) * size + tokens.ids[later]
        codes, times = np.unique(pairs, return_counts=True)
        before, self._after = codes // size, codes % size
        self._alone = np.bincount(tokens.ids, minlength=size) / len(tokens.ids)
        rest = (1 - _SEEN) * self._alone
        share = times / np.bincount(before, times, minlength=size)[before]
        tempered = (_SEEN * share + rest[self._after]) ** (1 / temperature)
        self._near = np.concatenate([[0.0], np.cumsum(tempered)])
        self._edges = np.searchsorted(before, np.arange(size + 1))
        self._far = np.cumsum(rest ** (1 / temperature))

    def write(
        self,
        keys: npt.NDArray[np.uint64],
        length: int,
        ratio: float,
        bias: float,
        rng: np.random.Generator,
    ) -> Tokens:
        """A text of `length` tokens for each hashing key, `ratio` of the vocabulary green."""
        ids = np.empty((len(keys), length), np.int64)
        last = rng.choice(self._size, len(keys), p=self._alone)
        for place in range(length):
            chosen, left = np.empty_like(last), np.arange(len(keys))
            while len(left):
                drawn = self._draw(last[left], rng)
                seeds = (keys[left] * last[left].astype(np.uint64) & _32).astype(np.uint32)
                green = kernels.membership(
                    seeds, drawn.astype(np.uint32), int(self._size * ratio), self._size
                )
                kept = green | (rng.random(len(left)) < np.exp(-bias))
                chosen[left[kept]] = drawn[kept]
                left = left[~kept]
            ids[:, place] = last = chosen
        return Tokens(
            ids.reshape(-1).astype(np.uint32), np.arange(len(keys) + 1, dtype=np.int64) * length
        )

    def _draw(self, last: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
        low = self._near[self._edges[last]]
        seen = self._near[self._edges[last + 1]] - low
        place = rng.random(len(last)) * (seen + self._far[-1])
        near = np.searchsorted(self._near, low + place, side="right") - 1
        far = np.searchsorted(self._far, np.maximum(place - seen, 0.0), side="right")
        after = self._after[np.minimum(near, len(self._after) - 1)]
        return np.where(place < seen, after, np.minimum(far, self._size - 1))
