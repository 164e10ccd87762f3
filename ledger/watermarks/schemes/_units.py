"""What a family counts: the places of a batch that have their context, each state once a document.

A place is an index into `Tokens.ids`. Places are ascending, so what is cut out of them keeps the
order of the text, and no document sees its neighbour.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks.kernels import first_in_document
from ledger.watermarks.tokens import Ints, Scores, Tokens, Values

__all__ = ["delimit", "find_first", "find_places", "to_scores"]


def find_places(tokens: Tokens, vocab_size: int, width: int) -> Ints:
    """Places whose token and `width` tokens before it, in one document, are below `vocab_size`."""
    fit = tokens.position_of() >= width
    strange = tokens.ids >= vocab_size
    if strange.any():
        seen = np.concatenate([[0], np.cumsum(strange)])
        first = np.maximum(np.arange(len(strange)) - width, 0)
        fit &= seen[1:] == seen[first]
    return np.flatnonzero(fit)


def find_first(
    tokens: Tokens, places: Ints, states: npt.NDArray[np.uint64]
) -> npt.NDArray[np.bool_]:
    """Which places are the first of their document with their state."""
    return first_in_document(states, delimit(tokens, places))


def delimit(tokens: Tokens, places: Ints) -> Ints:
    """Offsets of each document's part of `places`."""
    return np.searchsorted(places, tokens.offsets).astype(np.int64)


def to_scores(
    tokens: Tokens,
    places: Ints,
    values: Values,
    trials: int = 1,
    weights: npt.NDArray[np.uint8] | None = None,
) -> Scores:
    """Scores of a batch from the places that count and their values."""
    offsets = delimit(tokens, places)
    starts = np.repeat(tokens.offsets[:-1], np.diff(offsets))
    return Scores(offsets, places - starts, values, trials, weights)
