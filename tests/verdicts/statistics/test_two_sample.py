"""One batch beside known human text."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from ledger.errors import InputError
from ledger.verdicts.statistics.two_sample import batch_test


@pytest.mark.parametrize("sizes", [(2, 2), (5, 250), (120, 250), (250, 30)])
def test_it_is_not_welchs_test(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(sizes))
    batch, known = rng.normal(0.3, 2, sizes[0]), rng.normal(0, 1, sizes[1])
    found, oracle = (
        batch_test(batch, known),
        ttest_ind(batch, known, equal_var=False, alternative="greater"),
    )
    assert (found.t, found.p) == pytest.approx((oracle.statistic, oracle.pvalue))


def test_a_batch_of_human_text_is_called_higher_too_often() -> None:
    rng, level = np.random.default_rng(1), 0.01
    alarms = [
        batch_test(rng.normal(0, 1, 120), rng.normal(0, 1, 250)).p <= level for _ in range(4000)
    ]
    assert np.mean(alarms) <= level + 4 * np.sqrt(level / 4000)


def test_a_quarter_of_ai_text_goes_unseen() -> None:
    rng, seen = np.random.default_rng(2), []
    for _ in range(400):
        batch = rng.normal(0, 1, 120) + 2 * (rng.random(120) < 0.25)
        seen.append(batch_test(batch, rng.normal(0, 1, 250)).p <= 0.01)
    assert np.mean(seen) >= 0.8


def test_text_lower_than_human_text_raises_an_alarm() -> None:
    rng = np.random.default_rng(3)
    assert batch_test(rng.normal(-1, 1, 120), rng.normal(0, 1, 250)).p > 0.99


def test_scores_that_do_not_vary_break_it() -> None:
    assert batch_test([1.0, 1.0], [1.0, 1.0]).p == 1
    assert batch_test([2.0, 2.0], [1.0, 1.0]).p == 0
    assert batch_test([0.0, 0.0], [1.0, 1.0]).p == 1
    with pytest.raises(InputError, match="batch scores: found 1, expected at least 2"):
        batch_test([1.0], [1.0, 2.0])
    with pytest.raises(InputError, match="calibration scores: found inf"):
        batch_test([1.0, 2.0], [1.0, float("inf")])
