"""The histogram mixture: redrawn, its interval holds the truth; the same seed, the same result."""

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.verdicts.statistics.mixture import histogram_mixture


@pytest.mark.parametrize("share", [0.05, 0.10, 0.25])
def test_an_interval_misses_the_truth_too_often(share: float) -> None:
    rng = np.random.default_rng(int(100 * share))
    covered, points = [], []
    for draw in range(300):
        scores = rng.normal(0, 1, 600) + 2 * (rng.random(600) < share)
        human, ai = rng.normal(0, 1, 200), rng.normal(2, 1, 1000)
        found = histogram_mixture(scores, human, ai, seed=draw, draws=200)
        covered.append(found.low <= share <= found.high)
        points.append(found.point)
        assert 0 <= found.low <= found.point <= found.high <= 1
    assert np.mean(covered) >= 0.90
    assert abs(np.mean(points) - share) < 0.02


def test_a_seed_gives_two_results() -> None:
    rng = np.random.default_rng(1)
    samples = rng.normal(0.3, 1, 300), rng.normal(0, 1, 200), rng.normal(2, 1, 400)
    assert histogram_mixture(*samples, seed=5) == histogram_mixture(*samples, seed=5)
    other = histogram_mixture(*samples, seed=6)
    assert other.point == histogram_mixture(*samples, seed=5).point


def test_all_scores_equal_break_it() -> None:
    found = histogram_mixture(np.zeros(50), np.zeros(50), np.zeros(50), seed=1)
    assert (found.low, found.high, found.informative) == (0.0, 1.0, False)


def test_weights_are_not_counted() -> None:
    rng = np.random.default_rng(2)
    scores = np.concatenate([rng.normal(0, 1, 300), rng.normal(4, 1, 300)])
    human, ai = rng.normal(0, 1, 300), rng.normal(4, 1, 300)
    weights = np.repeat([9.0, 1.0], 300)
    found = histogram_mixture(scores, human, ai, weights=weights, seed=1)
    assert found.low <= 0.1 <= found.high
    assert histogram_mixture(scores, human, ai, seed=1).low > 0.4


def test_nothing_is_mixed() -> None:
    with pytest.raises(InputError):
        histogram_mixture([], np.zeros(50), np.zeros(50), seed=1)
    with pytest.raises(InputError, match="at least 19"):
        histogram_mixture([1.0], np.zeros(5), np.zeros(50), seed=1)
    with pytest.raises(InputError, match="draws"):
        histogram_mixture([1.0], np.zeros(50), np.zeros(50), seed=1, draws=1)
