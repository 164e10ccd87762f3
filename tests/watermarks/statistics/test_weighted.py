"""Green units that weigh by how often they occur: the tail against 40 digits, and its promises."""

import itertools
import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.watermarks.statistics import LEAST, WEIGHTS, Binomial, log_sf_weighted, weigh
from tests.watermarks.statistics import reference

Ints = npt.NDArray[np.int64]

BOUND = 1e-9  # of p: the difference of two ln p
WEAK = math.log(2 / 3)  # a bound from here on stands for p
SHARES = [(12564, 50257), (1, 2), (1, 1000), (9, 10), (999, 1000)]
TEXTS = [  # how many units weigh 6, 7, ..., 12
    [1, 0, 1, 0, 0, 0, 0],
    [0, 0, 2, 0, 0, 0, 0],
    [3, 0, 2, 1, 0, 0, 1],
    [80, 0, 10, 4, 3, 1, 0],
    [0, 0, 60, 0, 0, 0, 0],
    [400, 0, 30, 8, 5, 4, 1],
]


def draws(units: list[int], share: float, rng: np.random.Generator) -> Ints:
    """Green units of that text: unmarked, faintly marked, and nearly all."""
    odds = [min(share * more, 1.0) for more in (0.5, 1, 1.2, 1.6)] + [0.7, 0.9, 0.99]
    return np.array([rng.binomial(units, p) for p in odds], np.int64)


@pytest.mark.parametrize(("k", "of"), SHARES)
def test_a_weighted_tail_loses_digits(k: int, of: int) -> None:
    rng, null, exact, least = np.random.default_rng(9), Binomial(k, of), 0, 0.0
    for units in TEXTS:
        green = draws(units, k / of, rng)
        found = log_sf_weighted(null, green, np.tile(units, (len(green), 1)))
        for row, got in zip(green.tolist(), found.tolist(), strict=True):
            truth = reference.weighted(row, units, WEIGHTS, k, of)
            with mp.workdps(reference.DIGITS):
                above = float(mp.mpf(got) - truth)
            assert above > -BOUND
            assert above < BOUND or (got >= WEAK and truth > math.log(0.1))
            exact, least = exact + (got < WEAK), min(least, got)
    assert (exact > 8 and least < -50) or 2 * k > of  # so much green is hardly ever evidence


@pytest.mark.parametrize(("k", "of"), SHARES[:2])
def test_equal_weights_are_another_distribution(k: int, of: int) -> None:
    null = Binomial(k, of)
    for count, column in itertools.product((3, 200, 30_000, 1_000_000), (0, 2, 6)):
        deviation = math.sqrt(count * k * (of - k)) / of
        some = np.round(count * k / of + np.array([2, 3, 5, 10, 38, 99]) * deviation)
        green = np.zeros((len(some), len(WEIGHTS)), np.int64)
        units = green.copy()
        green[:, column], units[:, column] = np.minimum(some, count), count
        told = null.log_sf(green[:, column].astype(np.float64), units[:, column])
        assert np.abs(log_sf_weighted(null, green, units) - told).max() < BOUND, count


def test_a_small_text_is_not_enumerated() -> None:
    p, units = Fraction(2, 7), [2, 0, 1, 0, 1, 0, 1]
    weights = [w for w, m in zip(WEIGHTS, units, strict=True) for _ in range(m)]
    chance = {0: Fraction(0)}
    for coins in itertools.product((0, 1), repeat=len(weights)):
        total = sum(w for w, c in zip(weights, coins, strict=True) if c)
        one = p ** sum(coins) * (1 - p) ** (len(coins) - sum(coins))
        chance[total] = chance.get(total, Fraction(0)) + one
    sure = False
    for green in itertools.product(*(range(m + 1) for m in units)):
        total = sum(w * g for w, g in zip(WEIGHTS, green, strict=True))
        tail = sum(share for value, share in chance.items() if value >= total)
        found = log_sf_weighted(Binomial(2, 7), np.array([green]), np.array([units]))[0]
        if found < WEAK:
            assert math.isclose(math.exp(found), tail, rel_tol=1e-12)
            sure = True
        assert math.exp(found) >= float(tail) * (1 - 1e-12)
    assert sure


def test_unmarked_texts_have_small_p() -> None:
    rng, documents = np.random.default_rng(7), 40_000
    for units in TEXTS[2:]:
        green = rng.binomial(units, 0.25, (documents, len(WEIGHTS)))
        every = np.tile(np.array(units), (documents, 1))
        p = np.exp(log_sf_weighted(Binomial(1, 4), green, every))
        for level in (0.5, 0.1, 1e-2, 1e-3):
            assert np.mean(p <= level) <= level + 4 * math.sqrt(level / documents), (units, level)
        if sum(units) > 50:
            assert np.mean(p <= 0.1) > 0.05  # or the test says nothing


@given(st.lists(st.integers(0, 40), min_size=len(WEIGHTS), max_size=len(WEIGHTS)))
def test_more_evidence_makes_p_larger(units: list[int]) -> None:
    rng = np.random.default_rng(sum(units))
    green = np.array([0] * len(WEIGHTS))
    rows = [green.copy()]
    for column in rng.permutation(np.repeat(np.arange(len(WEIGHTS)), units)).tolist():
        green[column] += 1
        rows.append(green.copy())
    found = log_sf_weighted(Binomial(1, 3), np.array(rows), np.tile(units, (len(rows), 1)))
    assert (np.diff(found) <= 1e-12).all() and (found <= 0).all() and found[0] == 0
    best = Binomial(1, 3).best(np.array([sum(units)]))[0]
    assert found[-1] == pytest.approx(best, rel=1e-14)


def test_a_text_depends_on_its_neighbours() -> None:
    rng, null = np.random.default_rng(3), Binomial(1, 4)
    units = rng.integers(0, 1 << rng.integers(0, 9, (120, 1)), (120, len(WEIGHTS)))
    green = rng.binomial(units, rng.uniform(0.2, 0.9, (120, 1)))
    together = log_sf_weighted(null, green, units)
    alone = [log_sf_weighted(null, green[i : i + 1], units[i : i + 1])[0] for i in range(120)]
    assert together.tolist() == alone
    shuffled = rng.permutation(120)
    assert log_sf_weighted(null, green[shuffled], units[shuffled]).tolist() == (
        together[shuffled].tolist()
    )


def test_nothing_counted_is_evidence() -> None:
    none = np.zeros((2, len(WEIGHTS)), np.int64)
    assert log_sf_weighted(Binomial(1, 4), none, none).tolist() == [0.0, 0.0]
    assert log_sf_weighted(Binomial(1, 4), none[:0], none[:0]).tolist() == []


@pytest.mark.parametrize("change", ["more", "fewer", "columns", "rows"])
def test_what_is_no_count_gets_a_p(change: str) -> None:
    units = np.full((2, len(WEIGHTS)), 3, np.int64)
    green = units - 1
    if change in ("more", "fewer"):
        green[1, 4] = 4 if change == "more" else -1
    else:
        green = green[:, 1:] if change == "columns" else green[:1]
    with pytest.raises(InputError):
        log_sf_weighted(Binomial(1, 4), green, units)


def test_a_loop_weighs_more_than_twice_or_a_repetition_less_than_once() -> None:
    """n / (n + 1) of twice the least, to the nearest whole number."""
    found = weigh(np.arange(1, 256, dtype=np.uint8)).astype(np.int64)
    exact = 2 * LEAST * np.arange(1, 256) / np.arange(2, 257)
    assert np.abs(found - exact).max() <= 0.5
    assert found[0] == LEAST == WEIGHTS[0] and found[-1] == 2 * LEAST == WEIGHTS[-1]
    assert (np.diff(found) >= 0).all()
