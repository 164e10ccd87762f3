"""Shares with intervals: redrawn, they hold the truth; where nothing can be told, they say so."""

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.verdicts.statistics.prevalence import (
    Reviews,
    cut_of,
    rogan_gladen,
)
from ledger.verdicts.statistics.tails import Reals

APART = 2.0
"""Distance of the two kinds in standard deviations: AUC 0.92."""


def _mixture(
    rng: np.random.Generator, share: float, count: int = 600, apart: float = APART, at: float = 0.0
) -> tuple[Reals, np.ndarray]:
    truth = rng.random(count) < share
    return rng.normal(at, 1, count) + apart * truth, truth


@pytest.mark.parametrize("share", [0.0, 0.05, 0.10, 0.25, 0.50])
def test_an_interval_misses_the_truth_too_often(share: float) -> None:
    rng = np.random.default_rng(int(100 * share))
    covered, halves, points = [], [], []
    for _ in range(400):
        scores, _ = _mixture(rng, share)
        found = rogan_gladen(scores, rng.normal(0, 1, 200), rng.normal(APART, 1, 800))
        covered.append(found.low <= share <= found.high)
        halves.append((found.high - found.low) / 2)
        points.append(found.point)
    assert np.mean(covered) >= 0.92  # 95 % asked; 400 redraws: three standard errors
    assert np.mean(halves) <= 0.08
    assert abs(np.mean(points) - share) <= 0.015


def test_a_cut_lets_more_humans_above_than_it_says() -> None:
    rng = np.random.default_rng(1)
    for count in (19, 20, 99, 200, 1000):
        above = [
            (rng.normal(0, 1, 400) > cut_of(rng.normal(0, 1, count))).mean() for _ in range(400)
        ]
        assert np.mean(above) <= 0.05 + 4 * np.std(above) / 20
        assert np.mean(above) >= 0.02
    with pytest.raises(InputError, match="found 18 human documents, expected at least 19"):
        cut_of(np.arange(18.0))


def test_the_estimate_is_not_the_formula_of_its_counts() -> None:
    rng = np.random.default_rng(2)
    scores, _ = _mixture(rng, 0.3)
    found = rogan_gladen(scores, rng.normal(0, 1, 200), rng.normal(APART, 1, 500))
    fpr = (found.human_above + 1) / (found.m_human + 1)
    tpr = found.ai_above / found.m_ai
    assert found.point == pytest.approx((found.flagged / found.n - fpr) / (tpr - fpr))
    assert found.flagged == (scores > found.cut).sum() and found.n == len(scores)
    assert fpr <= 0.05


def test_a_useless_detector_gives_an_answer() -> None:
    rng = np.random.default_rng(3)
    human = rng.normal(0, 1, 300)
    found = rogan_gladen(rng.normal(0, 1, 200), human, rng.normal(-3, 1, 300))
    assert (found.low, found.high, found.informative) == (0.0, 1.0, False)
    assert rogan_gladen(human, human, human + 4).informative


@pytest.mark.parametrize("flagged", [0, 5])
def test_few_documents_look_certain(flagged: int) -> None:
    rng = np.random.default_rng(4)
    scores = np.where(np.arange(5) < flagged, 9.0, -9.0)
    found = rogan_gladen(scores, rng.normal(0, 1, 200), rng.normal(APART, 1, 500))
    assert found.high - found.low > 0.3
    assert (found.high == 1.0) if flagged else (found.low == 0.0)


def test_a_share_near_none_excludes_none() -> None:
    rng = np.random.default_rng(5)
    low = []
    for _ in range(200):
        scores, _ = _mixture(rng, 0.0, 2000)
        low.append(rogan_gladen(scores, rng.normal(0, 1, 200), rng.normal(APART, 1, 800)).low)
    assert np.mean(np.array(low) == 0.0) >= 0.93
    assert not any(0 < value < 0.002 for value in low)


def test_strata_of_unequal_sampling_bias_the_share() -> None:
    """Two strata, 5 % and 60 % AI, of 9,000 and 1,000 documents, 300 sampled of each."""
    rng, truth = np.random.default_rng(6), 0.9 * 0.05 + 0.1 * 0.60
    covered, points, plain = [], [], []
    weights = np.repeat([9000 / 300, 1000 / 300], 300)
    for _ in range(300):
        scores = np.concatenate([_mixture(rng, 0.05, 300)[0], _mixture(rng, 0.60, 300)[0]])
        human, ai = rng.normal(0, 1, 200), rng.normal(APART, 1, 800)
        found = rogan_gladen(scores, human, ai, weights=weights)
        covered.append(found.low <= truth <= found.high)
        points.append(found.point)
        plain.append(rogan_gladen(scores, human, ai).point)
    assert np.mean(covered) >= 0.92
    assert abs(np.mean(points) - truth) < 0.015 < abs(np.mean(plain) - truth)


def test_equal_weights_change_the_estimate() -> None:
    rng = np.random.default_rng(7)
    scores, _ = _mixture(rng, 0.2)
    human, ai = rng.normal(0, 1, 200), rng.normal(APART, 1, 500)
    even = rogan_gladen(scores, human, ai, weights=np.full(600, 17.0))
    alone = rogan_gladen(scores, human, ai)
    ends = (alone.point, alone.low, alone.high)
    assert (even.point, even.low, even.high) == pytest.approx(ends)


@pytest.mark.parametrize(
    ("calibrated", "apart", "at"),
    [(0.0, 0.0, 0.0), (2.0, 2.0, 1.0), (2.0, 0.5, 0.0), (2.0, 2.0, 0.0)],
    ids=["useless detector", "other humans", "other AI text", "as calibrated"],
)
@pytest.mark.parametrize("share", [0.05, 0.25])
def test_reviews_are_not_enough_to_be_right(
    share: float, calibrated: float, apart: float, at: float
) -> None:
    """Documents are drawn for review the likelier the higher they score."""
    rng = np.random.default_rng(8)
    covered, points = [], []
    for _ in range(250):
        scores, truth = _mixture(rng, share, 600, apart, at)
        rank = np.argsort(np.argsort(scores)) / len(scores)
        chance = 100 / 600 * (0.4 + 1.2 * rank)
        drawn = np.flatnonzero(rng.random(600) < chance)
        reviews = Reviews(drawn, truth[drawn], chance[drawn])
        human, ai = rng.normal(0, 1, 200), rng.normal(calibrated, 1, 800)
        found = rogan_gladen(scores, human, ai, reviews=reviews)
        covered.append(found.low <= share <= found.high)
        points.append(found.point)
    assert np.mean(covered) >= 0.91  # 250 redraws
    assert abs(np.mean(points) - share) <= 4 * np.std(points) / np.sqrt(len(points)) + 0.002


def test_reviews_of_everything_leave_doubt_about_the_sample_alone() -> None:
    rng = np.random.default_rng(9)
    scores, truth = _mixture(rng, 0.2)
    reviews = Reviews(np.arange(600), truth, np.ones(600))
    found = rogan_gladen(scores, rng.normal(0, 1, 200), rng.normal(9, 1, 50), reviews=reviews)
    assert found.point == pytest.approx(truth.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * np.sqrt(0.16 / 600), rel=0.1)
    assert found.reviewed == 600 and found.informative


def test_three_decisions_that_agree_prove_much() -> None:
    rng = np.random.default_rng(10)
    reviews = Reviews(np.arange(3), np.zeros(3, bool), np.full(3, 0.01))
    scores, human, ai = rng.normal(0, 1, 300), rng.normal(0, 1, 200), rng.normal(0, 1, 200)
    assert rogan_gladen(scores, human, ai, reviews=reviews).high > 0.3


@pytest.mark.parametrize(
    "reviews",
    [
        Reviews(np.array([1, 1]), np.array([True, True]), np.array([0.5, 0.5])),
        Reviews(np.array([300]), np.array([True]), np.array([0.5])),
        Reviews(np.array([-1]), np.array([True]), np.array([0.5])),
        Reviews(np.array([1]), np.array([True]), np.array([0.0])),
        Reviews(np.array([1]), np.array([True, False]), np.array([0.5])),
    ],
)
def test_reviews_that_cannot_be_are_folded_in(reviews: Reviews) -> None:
    rng = np.random.default_rng(11)
    scores = rng.normal(0, 1, 300)
    with pytest.raises(InputError, match="reviews"):
        rogan_gladen(scores, scores, scores + 2, reviews=reviews)


def test_nothing_is_estimated() -> None:
    human = np.arange(100.0)
    with pytest.raises(InputError, match="found 0"):
        rogan_gladen([], human, human)
    with pytest.raises(InputError, match="found 0"):
        rogan_gladen(human, human, [])
    with pytest.raises(InputError, match="found nan"):
        rogan_gladen([1.0, float("nan")], human, human)
    with pytest.raises(InputError, match="weights"):
        rogan_gladen([1.0, 2.0], human, human, weights=[1.0, 0.0])
