"""A share of AI-like documents from the shapes of three histograms.

The corpus's scores are taken for a mixture of the human and the AI sample's, binned; the share is
the one of greatest likelihood. It sees more than one cut does, and so suffers more where the
corpus's scores are of another shape than either sample's: a second opinion beside the counts.
"""

from collections.abc import Sequence

import numpy as np

from ledger.errors import InputError
from ledger.verdicts.statistics.prevalence import NEAR_ZERO, Estimate, cut_of, weights_of
from ledger.verdicts.statistics.tails import Reals, finite

__all__ = ["BINS", "DRAWS", "histogram_mixture"]

BINS = 12
"""Bins of equal weight, where the human and the AI sample weigh a half each."""

DRAWS = 1_000
"""Bootstrap draws of all three samples."""

_STEPS = 40  # halvings of 0 to 1: to 1e-12
_PRIOR = 0.5  # of a document, in each bin of a sample: no bin is impossible


def histogram_mixture(
    scores: Reals | Sequence[float],
    human_scores: Reals | Sequence[float],
    ai_scores: Reals | Sequence[float],
    *,
    level: float = 0.95,
    weights: Reals | Sequence[float] | None = None,
    seed: int,
    draws: int = DRAWS,
) -> Estimate:
    """The share of greatest likelihood, with the bootstrap's percentile interval.

    The same input and seed give the same result. `weights` as for `rogan_gladen`; the counts of the
    result are those at its cut, and where the AI sample is no more often above that than the human
    one the interval is everything. Raises InputError for no documents, too few human ones, and what
    is not finite.
    """
    if not 0 < level < 1 or draws < 100:
        raise InputError(f"level {level:g} and {draws} draws, expected 0 to 1 and at least 100")
    values, shares = finite(scores, "scores", 1), weights_of(weights, len(scores))
    human, ai = finite(human_scores, "human scores"), finite(ai_scores, "AI scores", 1)
    cut = cut_of(human)
    edges = _edges(human, ai)
    mixed = _binned(values, edges, shares)
    samples = [_binned(known, edges) for known in (human, ai)]
    effective = max(round(1 / float(shares @ shares)), 1)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(effective, mixed / mixed.sum(), draws)
    redrawn = [
        generator.multinomial(len(known), counts / len(known), draws).astype(np.float64)
        for known, counts in zip((human, ai), samples, strict=True)
    ]
    point = float(_shares(mixed[None] * effective, samples[0][None], samples[1][None])[0])
    found = _shares(drawn.astype(np.float64), *redrawn)
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2]).tolist()
    low, high = min(low, point), max(high, point)
    human_above, ai_above = int((human > cut).sum()), int((ai > cut).sum())
    informative = ai_above / len(ai) > (human_above + 1) / (len(human) + 1)
    if not informative:
        point, low, high = 0.5, 0.0, 1.0
    return Estimate(
        point=point,
        low=0.0 if low < NEAR_ZERO else low,
        high=high,
        method="histogram mixture",
        n=len(values),
        flagged=int((values > cut).sum()),
        m_human=len(human),
        human_above=human_above,
        m_ai=len(ai),
        ai_above=ai_above,
        cut=cut,
        informative=informative,
    )


def _edges(human: Reals, ai: Reals) -> Reals:
    """Inner edges at quantiles of both samples, each weighing a half."""
    every = np.concatenate([human, ai])
    weight = np.concatenate(
        [np.full(len(human), 0.5 / len(human)), np.full(len(ai), 0.5 / len(ai))]
    )
    order = np.argsort(every, kind="stable")
    below = np.cumsum(weight[order])
    places = np.searchsorted(below, np.arange(1, BINS) / BINS)
    return np.asarray(every[order][np.minimum(places, len(every) - 1)], np.float64)


def _binned(values: Reals, edges: Reals, weights: Reals | None = None) -> Reals:
    places = np.searchsorted(edges, values)
    return np.bincount(places, weights, BINS).astype(np.float64)


def _shares(mixed: Reals, human: Reals, ai: Reals) -> Reals:
    """The share that maximises sum n ln((1 - x) h + x a) of each row: the slope falls with x."""
    h = (human + _PRIOR) / (human + _PRIOR).sum(axis=1, keepdims=True)
    a = (ai + _PRIOR) / (ai + _PRIOR).sum(axis=1, keepdims=True)
    low, high = np.zeros(len(mixed)), np.ones(len(mixed))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        slope = (mixed * (a - h) / (h + middle[:, None] * (a - h))).sum(axis=1)
        rising = slope > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return (low + high) / 2
