"""Scores: the logit that a text is like the AI samples that a detector was fitted on."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.verdicts.core.features import Counts, count, windows
from ledger.verdicts.core.model import Model
from ledger.verdicts.text.normal import normal_texts

__all__ = ["score"]

Floats = npt.NDArray[np.float64]


def score(model: Model, texts: pa.Array | pa.ChunkedArray | Iterable[str]) -> Floats:
    """Logits of n texts (string, n), finite for any; higher is more like AI samples.

    A text has the mean of its windows' logits. Nothing is looked at but its normal form; whether
    it is long enough, and prose, `text.prose.measure` says.
    """
    parts = [windows(form) for form in normal_texts(texts)]
    sizes = np.fromiter(map(len, parts), np.int64, len(parts))
    logits = np.empty(int(sizes.sum()))
    for first, pieces, runs in count([part for found in parts for part in found]):
        both = (linear(pieces, model.pieces), linear(runs, model.runs))
        added = combined(model.combination, *(x + b for x, b in zip(both, model.bias, strict=True)))
        logits[first : first + len(added)] = added
    sums = np.bincount(np.repeat(np.arange(len(parts)), sizes), logits, len(parts))
    return sums.astype(np.float64) / sizes


def linear(counts: Counts, weights: Floats) -> Floats:
    """Dot products of each window's values with the weights; 0 for a window without any."""
    terms = weights[counts.bucket] * np.sqrt(counts.count)
    sums = np.bincount(counts.window, terms, len(counts.total)).astype(np.float64)
    found: Floats = sums / counts.lengths
    return found


def combined(combination: Floats, pieces: Floats, runs: Floats) -> Floats:
    """The one logit that two make."""
    first, second, third = map(float, combination)
    return first + second * pieces + third * runs
