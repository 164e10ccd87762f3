"""A share of AI-like documents from counts above a cut, with an interval.

Rogan and Gladen (1978): with p the share above the cut, fpr that of known human documents and tpr
that of known AI documents, (p - fpr) / (tpr - fpr) is the share of AI documents, however bad the
detector. It holds where the human documents are of the kind of the corpus's human part, and the AI
documents of the kind of its AI part; no number here can see whether they are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.verdicts.outcomes import PREVALENCE_CUT
from ledger.verdicts.statistics.tails import Ints, Reals, finite, normal_quantile

__all__ = ["NEAR_ZERO", "Estimate", "Reviews", "cut_of", "rogan_gladen", "weights_of"]

NEAR_ZERO = 0.002
"""Lower ends below this are 0: no count of documents tells such shares from none."""

LEAST_CUT = math.ceil(1 / PREVALENCE_CUT) - 1
"""Human documents from which a cut can be placed."""


@dataclass(frozen=True)
class Estimate:
    """A share from 0 to 1 with its interval, and all counts that it can be recomputed from.

    `flagged` of `n` documents scored above `cut`, as `human_above` of `m_human` and `ai_above` of
    `m_ai` calibration documents did. `reviewed` decisions of people were folded in. With
    `informative` false the calibration cannot tell the two kinds apart, and the interval says so.
    """

    point: float
    low: float
    high: float
    method: str
    n: int
    flagged: int
    m_human: int
    human_above: int
    m_ai: int
    ai_above: int
    cut: float
    reviewed: int = 0
    informative: bool = True


@dataclass(frozen=True, eq=False)
class Reviews:
    """What people decided of some of the scored documents, independent of what was decided.

    `index` are places among the scores, `ai` whether the document is AI text, `probability` with
    which chance it was drawn for review (each for itself): int64[r], bool[r], float64[r].
    """

    index: Ints
    ai: npt.NDArray[np.bool_]
    probability: Reals

    def check(self, count: int) -> None:
        """Raise InputError for rows that are not among `count` and for what is no probability."""
        if not len(self.index) == len(self.ai) == len(self.probability):
            raise InputError("reviews: expected as many rows, decisions and probabilities")
        if len(np.unique(self.index)) < len(self.index):
            raise InputError("reviews: found a document twice, expected one decision of each")
        if len(self.index) and not 0 <= self.index.min() <= self.index.max() < count:
            raise InputError(f"reviews: found a row outside the {count:,} scored documents")
        if not ((self.probability > 0) & (self.probability <= 1)).all():
            raise InputError("reviews: expected probabilities above 0 and at most 1")


def cut_of(human_scores: Reals | Sequence[float]) -> float:
    """The score above which at most PREVALENCE_CUT of documents like these are expected.

    It is the k-th highest of m, k = floor(PREVALENCE_CUT (m + 1)): a further document of the kind
    scores above it with probability k / (m + 1). Raises InputError below LEAST_CUT documents.
    """
    ordered = np.sort(finite(human_scores, "human scores"))
    if len(ordered) < LEAST_CUT:
        raise InputError(
            f"found {len(ordered):,} human documents, expected at least {LEAST_CUT} for a cut at "
            f"{100 * PREVALENCE_CUT:g} %"
        )
    place = math.floor(round(PREVALENCE_CUT * (len(ordered) + 1), 9))
    return float(ordered[-place])


def rogan_gladen(
    scores: Reals | Sequence[float],
    human_scores: Reals | Sequence[float],
    ai_scores: Reals | Sequence[float],
    *,
    level: float = 0.95,
    weights: Reals | Sequence[float] | None = None,
    reviews: Reviews | None = None,
) -> Estimate:
    """The share of AI documents among those that `scores` were drawn from.

    The interval holds the shares that fit the count above the cut, within the uncertainty of all
    three shares: at large samples the delta method's interval, and still right at small ones.
    `weights` say how many documents of the corpus each scored one stands for, up to a factor: a
    stratum's size over its sample's. With `reviews` the result is right whatever the detector does
    (see `_with_reviews`). Raises InputError for no documents, too few human ones, and what is not
    finite.
    """
    values, shares = finite(scores, "scores", 1), weights_of(weights, len(scores))
    human, ai = finite(human_scores, "human scores"), finite(ai_scores, "AI scores", 1)
    cut = cut_of(human)
    above = (values > cut).astype(np.float64)
    human_above, ai_above = int((human > cut).sum()), int((ai > cut).sum())
    # the cut is one of the human scores: a new document above it counts as that one would
    fpr, tpr = (human_above + 1) / (len(human) + 1), ai_above / len(ai)
    informative, z = tpr > fpr, normal_quantile((1 + level) / 2)
    if reviews is not None and len(reviews.index):
        reviews.check(len(values))
        guess = (above - fpr) / (tpr - fpr) if informative else np.zeros(len(values))
        point, low, high = _with_reviews(guess, shares, reviews, z)
        informative = True
    elif informative:
        point, low, high = _inverted(above, shares, (fpr, len(human)), (tpr, len(ai)), z)
    else:
        point, low, high = 0.5, 0.0, 1.0
    return Estimate(
        point=point,
        low=0.0 if low < NEAR_ZERO else low,
        high=high,
        method="rogan-gladen" if reviews is None else "rogan-gladen, reviewed",
        n=len(values),
        flagged=int(above.sum()),
        m_human=len(human),
        human_above=human_above,
        m_ai=len(ai),
        ai_above=ai_above,
        cut=cut,
        reviewed=0 if reviews is None else len(reviews.index),
        informative=informative,
    )


def weights_of(weights: Reals | Sequence[float] | None, count: int) -> Reals:
    """Weights that sum to 1; equal ones for None. Raises InputError unless all are above 0."""
    if weights is None:
        return np.full(count, 1 / count)
    found = finite(weights, "weights", 1)
    if len(found) != count or not (found > 0).all():
        raise InputError(f"weights: expected {count:,}, all above 0")
    return np.asarray(found / found.sum(), np.float64)


def _inverted(
    above: Reals, shares: Reals, human: tuple[float, int], ai: tuple[float, int], z: float
) -> tuple[float, float, float]:
    """The estimate, and the shares x whose expected count is within z deviations of the one found.

    (p - e)^2 <= z^2 (e (1 - e) / n + (1 - x)^2 vf + x^2 vt) with e = fpr + x (tpr - fpr) and vf, vt
    the variances of fpr and tpr: a quadratic in x.
    """
    (fpr, m_human), (tpr, m_ai) = human, ai
    found = float(shares @ above)
    # what is outside fpr to tpr fits no share: it counts as the end, whose own doubt remains
    p, power = min(max(found, fpr), tpr), tpr - fpr
    count = _effective(above, found, shares)
    vf, vt = _binomial_variance(fpr, m_human), _binomial_variance(tpr, m_ai)
    off, square = p - fpr, z * z
    a = power**2 - square * (vf + vt - power**2 / count)
    b = -2 * off * power - square * (power * (1 - 2 * fpr) / count - 2 * vf)
    c = off**2 - square * (fpr * (1 - fpr) / count + vf)
    point = off / power
    root = b * b - 4 * a * c
    if a <= 0 or root < 0:  # the samples are too small to exclude anything on one side at least
        return point, 0.0, 1.0
    ends = (-b - math.sqrt(root)) / (2 * a), (-b + math.sqrt(root)) / (2 * a)
    return point, min(max(ends[0], 0.0), point), max(min(ends[1], 1.0), point)


def _with_reviews(
    guess: Reals, shares: Reals, reviews: Reviews, z: float
) -> tuple[float, float, float]:
    """Mean of all guesses, plus the reviewed documents' mean of decision minus guess.

    The difference estimator of two-phase sampling, with Hájek weights (Särndal, Swensson and
    Wretman, 1992, chapter 9); the guesses are scaled by the factor that makes the result least
    variable (Angelopoulos, Duchi and Zrnic, 2023), so that a useless detector costs nothing. What
    is expected of the guesses cancels, so their calibration need not be right.
    """
    chance, rows = reviews.probability, reviews.index
    one = shares[rows] / chance
    one = one / one.sum()
    truth, known = reviews.ai.astype(np.float64), guess[rows]
    scale = _scale(truth, known, one)
    share = scale * float(shares @ guess) + float(one @ (truth - scale * known))
    inside = min(max(share, 0.0), 1.0)
    off = truth - scale * known
    spread = one**2 * (1 - chance)
    # two documents more, one of either kind: a few decisions that all agree prove little
    unseen = (inside**2 + (1 - inside) ** 2) / (len(rows) + 2)
    second = float(spread @ (off - one @ off) ** 2) + float(spread.sum()) * unseen
    first = _binomial_variance(inside, 1 / float(shares @ shares))
    half = z * math.sqrt(first + second)
    return inside, max(inside - half, 0.0), min(inside + half, 1.0)


def _scale(truth: Reals, guess: Reals, weights: Reals) -> float:
    """The slope of truth on guess, from 0 to 1."""
    off = guess - weights @ guess
    spread = float(weights @ off**2)
    if spread <= 1e-12:
        return 0.0
    return min(max(float(weights @ (off * truth)) / spread, 0.0), 1.0)


def _effective(above: Reals, p: float, shares: Reals) -> float:
    """As how many equally weighted documents the share above the cut is known."""
    equal, count = 1 / float(shares @ shares), len(above)
    seen = float(shares**2 @ (above - p) ** 2) * count / max(count - 1, 1)
    usual = _binomial_variance(p, equal)
    return equal * min(usual / seen, 1.0) if seen > 0 else equal


def _binomial_variance(p: float, count: float) -> float:
    """Of a share, with one document more of either kind: 0 of 5 is no certainty."""
    q = (p * count + 1) / (count + 2)
    return q * (1 - q) / count
