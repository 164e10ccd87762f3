"""Which words are common and which are rare in known human text, and how much of each a text has.

A type is *common* if it is among the most frequent ones that together make up 90 % of the tokens,
and *rare* if it is not but occurs twice or more. What occurs once is neither: half of it would not
come again in more text by the same writers. Types of equal frequency are never parted.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ledger.verdicts.signals.tokens import Floats, Ids, Tokens, divide, sums

__all__ = ["COMMON_MASS", "Reference", "contains", "coverage", "mass_outside", "reference_of"]

COMMON_MASS: Final = 0.9
_LEAST = 2


@dataclass(frozen=True)
class Reference:
    """Ids of the common and of the rare types, each sorted: uint32.

    The ids are stable ones (`Words.stable_ids`) or those of one tokenizer.
    """

    common: Ids
    rare: Ids


def reference_of(ids: npt.ArrayLike) -> Reference:
    """The reference that the tokens of all calibration texts, in any order, make."""
    types, counts = np.unique(np.asarray(ids, np.uint32), return_counts=True)
    if not len(types):
        return Reference(types, types)
    levels, level = np.unique(counts, return_inverse=True)
    mass = np.bincount(level, weights=counts)
    above = np.cumsum(mass[::-1])[::-1]  # tokens of types at least as frequent as this level
    enough = np.flatnonzero(above >= COMMON_MASS * counts.sum())
    common = counts >= levels[enough[-1]]
    return Reference(types[common], types[~common & (counts >= _LEAST)])


def contains(among: Ids, ids: Ids) -> npt.NDArray[np.bool_]:
    """bool[k]: which of `ids` are in `among`, which is sorted."""
    if not len(among):
        return np.zeros(len(ids), np.bool_)
    places = np.minimum(np.searchsorted(among, ids), len(among) - 1)
    return np.equal(among[places], ids)


def coverage(tokens: Tokens, rare: Ids) -> Floats:
    """Share of the `rare` types (sorted) that each text holds; NaN for no types or no token."""
    found = contains(rare, tokens.ids) & (tokens.previous < 0)
    return divide(sums(found, tokens.offsets), np.where(tokens.sizes, len(rare), 0))


def mass_outside(tokens: Tokens, common: Ids) -> Floats:
    """Share of each text's tokens that are none of the `common` types (sorted); NaN as above."""
    strange = ~contains(common, tokens.ids)
    return divide(sums(strange, tokens.offsets), np.where(len(common), tokens.sizes, 0))
