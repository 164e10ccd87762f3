"""The running sum: false alarms as rare as it says, small lasting shifts found."""

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.verdicts.statistics.cusum import RUN_LENGTH, drift, threshold
from ledger.verdicts.statistics.tails import Reals


def _batches(
    rng: np.random.Generator, count: int, share: float = 0.0, size: int = 120
) -> list[Reals]:
    return [rng.normal(0, 1, size) + 2.5 * (rng.random(size) < share) for _ in range(count)]


def test_the_threshold_is_not_the_one_of_its_run_length() -> None:
    """Independent standard normal values, simulated: batches until the first alarm."""
    rng, runs, length, k = np.random.default_rng(1), 2000, 100, 0.5
    h, total, alive = threshold(length, k), np.zeros(2000), np.ones(2000, bool)
    lasted = np.zeros(runs)
    for _ in range(3000):
        total = np.maximum(total + rng.normal(0, 1, runs) - k, 0)
        lasted += alive
        alive &= total <= h
    assert 0.9 * length <= lasted.mean() <= 1.15 * length
    assert threshold() > threshold(100) > threshold(10) >= 0


def test_human_batches_raise_an_alarm_more_often_than_said() -> None:
    rng, batches = np.random.default_rng(2), 100
    first = [
        drift(_batches(rng, batches), rng.normal(0, 1, 250)).first is not None for _ in range(120)
    ]
    promised = 1 - np.exp(-batches / RUN_LENGTH)
    assert np.mean(first) <= promised + 4 * np.sqrt(promised * (1 - promised) / len(first))


def test_a_lasting_shift_of_five_percent_goes_unseen() -> None:
    """One batch of 120 shows 5 % in fewer than one of five cases; thirty in a row nearly always."""
    rng, found, delays = np.random.default_rng(3), [], []
    for _ in range(100):
        stream = _batches(rng, 20) + _batches(rng, 30, 0.05)
        first = drift(stream, rng.normal(0, 1, 250)).first
        found.append(first is not None and first >= 20)
        if first is not None and first >= 20:
            delays.append(first - 20)
    assert np.mean(found) >= 0.85
    assert np.median(delays) <= 12


def test_a_batch_that_could_not_be_scored_moves_the_sum() -> None:
    rng = np.random.default_rng(4)
    stream = _batches(rng, 3, 0.5)
    found = drift([stream[0], np.zeros(0), stream[1], np.ones(1)], rng.normal(0, 1, 250))
    assert found.sums[0] == found.sums[1] < found.sums[2] == found.sums[3]


def test_one_batch_alone_is_a_lasting_shift() -> None:
    rng = np.random.default_rng(5)
    far = [rng.normal(1e9, 1, 50) for _ in range(2)]
    found = drift([far[0], *_batches(rng, 12)], rng.normal(0, 1, 250))
    assert found.first is None and found.sums[0] == 3.5 and found.sums[-1] < 3.5
    assert drift(far, rng.normal(0, 1, 250)).first == 1
    assert drift([], [1.0, 2.0]).first is None


def test_a_setting_that_cannot_be() -> None:
    with pytest.raises(InputError):
        threshold(1, 0.5)
    with pytest.raises(InputError):
        threshold(500, 0)
    with pytest.raises(InputError, match="at least 2"):
        drift([], [1.0])
