"""q-values: scipy's, and the step-up procedure's own decisions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from ledger.errors import InputError
from ledger.verdicts.statistics.fdr import adjusted

CHANCES = st.lists(st.floats(0, 1), max_size=40)


@given(CHANCES)
def test_a_q_value_is_not_scipys(p: list[float]) -> None:
    if p:
        assert adjusted(p) == pytest.approx(false_discovery_control(p))
    else:
        assert len(adjusted(p)) == 0


@given(CHANCES, st.sampled_from([0.01, 0.1, 0.2]))
def test_a_q_value_decides_otherwise_than_the_procedure(p: list[float], level: float) -> None:
    ordered = sorted(p)
    passing = [k for k, value in enumerate(ordered, 1) if value * len(p) / k <= level]
    limit = ordered[passing[-1] - 1] if passing else -1.0
    assert (adjusted(p) <= level).tolist() == [value <= limit for value in p]


@pytest.mark.parametrize("p", [[0.5, 1.1], [-0.1], [float("nan")]])
def test_what_is_no_p_value_is_adjusted(p: list[float]) -> None:
    with pytest.raises(InputError):
        adjusted(p)


def test_more_of_the_found_are_false_than_the_level() -> None:
    rng, false, found = np.random.default_rng(1), [], []
    for _ in range(300):
        truth = rng.random(300) < 0.1
        known = np.sort(rng.normal(0, 1, 500))
        scores = rng.normal(0, 1, 300) + 3.5 * truth
        p = (1 + len(known) - np.searchsorted(known, scores)) / (len(known) + 1)
        chosen = adjusted(p) <= 0.1
        false.append((chosen & ~truth).sum() / max(chosen.sum(), 1))
        found.append((chosen & truth).sum() / max(truth.sum(), 1))
    assert np.mean(false) <= 0.1 + 4 * np.std(false) / np.sqrt(len(false))
    assert np.mean(found) > 0.3
