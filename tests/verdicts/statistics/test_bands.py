"""Bands of a measure: a further window of known text is outside no more often than they say."""

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.verdicts.statistics.bands import LEAST_WINDOWS, Band, band_of, usual


@pytest.mark.parametrize("windows", [LEAST_WINDOWS, 30, 300])
def test_a_usual_window_is_outside_too_often(windows: int) -> None:
    """Each time from another pool: the pool's own uncertainty is in the band."""
    rng, level, looks, outside = np.random.default_rng(windows), 0.05, 4, []
    for _ in range(4000):
        pools = rng.normal(5, 2, (looks, windows))
        fresh = rng.normal(5, 2, looks)
        outside.append(
            any(
                not usual(np.array([value]), band_of(pool).limits(level, looks))[0]
                for pool, value in zip(pools, fresh, strict=True)
            )
        )
    assert level / 2 <= np.mean(outside) <= level + 4 * np.sqrt(level / 4000)


def test_a_band_of_few_windows_is_narrower() -> None:
    few, many = Band(0, 1, 10).limits(0.01), Band(0, 1, 1000).limits(0.01)
    assert few[0] < many[0] < 0 < many[1] < few[1]
    assert Band(0, 1, 10).limits(0.01, 20)[1] > few[1]


def test_a_measure_that_is_undefined_is_usual() -> None:
    assert usual(np.array([np.nan, 0.0, 1.0, 1.1]), (0.0, 1.0)).tolist() == [
        False,
        True,
        True,
        False,
    ]


def test_too_few_windows_make_a_band() -> None:
    with pytest.raises(InputError, match="found 9 windows of known text, expected at least 10"):
        band_of(np.arange(9.0))
    with pytest.raises(InputError, match="found 9 windows"):
        band_of(np.array([*range(9), np.nan]))
    with pytest.raises(InputError, match="comparisons"):
        Band(0, 1, 10).limits(0.01, 0)
