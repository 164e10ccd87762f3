"""Two tests of one document, tests of a whole corpus, and p-values as whole numbers."""

import math

import mpmath as mp
import numpy as np
import pytest

from ledger.errors import InputError
from ledger.watermarks.statistics import (
    PART_SHARE,
    Binomial,
    Gamma,
    Pool,
    bonferroni,
    calibrate_e,
    combine,
    correction_milli,
    e_benjamini_hochberg,
    exceedances,
    neg_log10_p_milli,
    pooled,
)
from ledger.watermarks.statistics.corpus import MAX_MILLI
from ledger.watermarks.tokens import Scores


def test_two_tests_are_counted_as_one() -> None:
    rng = np.random.default_rng(0)
    whole, part = rng.random((2, 200_000))
    for first, second in ((whole, part), (whole, whole), (whole, 1 - whole)):
        p = np.exp(combine(np.log(first), np.log(second)))
        for level in (0.2, 0.05, 0.01):
            assert np.mean(p <= level) <= level + 4 * math.sqrt(level / len(p))
    found = combine(np.log([1e-6, 0.5, 0.9]), np.log([0.5, 1e-6, 0.9]))
    assert np.allclose(np.exp(found), [1e-6 / (1 - PART_SHARE), 1e-6 / PART_SHARE, 1.0])
    assert np.allclose(np.exp(combine(np.log([1e-6]), np.zeros(1), 256)), 256e-6 / (1 - PART_SHARE))


def test_an_e_value_is_worth_more_than_it_may_be() -> None:
    """Its mean over a uniform p is at most 1: by quadrature in 30 digits, and ours against it."""
    with mp.workdps(30):

        def exact(p: mp.mpf) -> mp.mpf:
            return (1 - p + p * mp.log(p)) / (p * mp.log(p) ** 2)

        below = mp.mpf("1e-300")  # there the integral is 1 / -ln p - (1 + ...) p: known exactly
        points = [mp.mpf(10) ** -k for k in range(300, 0, -20)] + [mp.mpf("0.1"), mp.mpf("0.999")]
        total = mp.quad(exact, sorted(points)) + (1 / -mp.log(below)) + mp.mpf("0.001") * 0.51
        assert total < 1.0001
        for p in (0.999999, 0.97, 0.91, 0.9048374, 0.9, 0.5, 1e-3, 1e-30, 1e-300):
            want = mp.log(exact(mp.mpf(p)))
            found = float(calibrate_e(np.array([math.log(p)]))[0])
            assert abs(found - want) < 1e-9, p
    ends = calibrate_e(np.array([0.0, -1e-12, -5000.0, -math.inf]))
    assert np.allclose(ends, [math.log(0.5), math.log(0.5), 5000 - 2 * math.log(5000), math.inf])


def plain_e_bh(log_e: list[float], alpha: float, total: int) -> set[int]:
    """As the paper states it, without any short cut."""
    order = sorted(range(len(log_e)), key=lambda i: -log_e[i])
    best = 0
    for k, i in enumerate(order, start=1):
        if math.exp(log_e[i]) * k >= total / alpha * (1 - 1e-12):
            best = k
    return set(order[:best])


def test_e_bh_is_not_what_it_says() -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        log_e = rng.normal(0, 3, 30) + (rng.random(30) < 0.3) * 6
        for alpha, total in ((0.05, 30), (0.3, 30), (0.1, 100)):
            found = e_benjamini_hochberg(log_e, alpha, hypotheses=total)
            assert set(np.flatnonzero(found).tolist()) == plain_e_bh(log_e.tolist(), alpha, total)


def test_copies_of_documents_break_the_false_discovery_rate() -> None:
    rng = np.random.default_rng(2)
    rates = []
    for _ in range(400):
        null = np.repeat(rng.random(20), 20)  # each unmarked document 20 times
        marked = np.exp(-rng.uniform(5, 30, 40))
        log_e = calibrate_e(np.log(np.concatenate([null, marked])))
        found = e_benjamini_hochberg(log_e, 0.1)
        rates.append(found[: len(null)].sum() / max(found.sum(), 1))
    assert np.mean(rates) <= 0.1


def test_e_bh_of_ten_million_takes_a_sort_of_all() -> None:
    log_e = np.full(10_000_000, -0.5)
    log_e[5], log_e[7_000_000] = 40.0, 41.0
    assert np.flatnonzero(e_benjamini_hochberg(log_e, 0.01)).tolist() == [5, 7_000_000]
    assert not e_benjamini_hochberg(np.zeros(0), 0.01).any()


@pytest.mark.parametrize("alpha", [0.0, 1.5, -1.0, math.nan])
def test_an_impossible_rate_is_taken(alpha: float) -> None:
    with pytest.raises(InputError):
        e_benjamini_hochberg(np.zeros(3), alpha)
    with pytest.raises(InputError):
        e_benjamini_hochberg(np.array([math.nan]), 0.1)
    with pytest.raises(InputError):
        e_benjamini_hochberg(np.zeros(3), 0.1, hypotheses=2)


def test_evidence_is_rounded_up() -> None:
    assert neg_log10_p_milli(math.log(1e-9)) in (8999, 9000)
    assert neg_log10_p_milli(-9.0001 * math.log(10)) == 9000
    assert neg_log10_p_milli(-8.9999 * math.log(10)) == 8999
    assert neg_log10_p_milli(0.0) == neg_log10_p_milli(-0.0) == neg_log10_p_milli(1.0) == 0
    assert neg_log10_p_milli(-math.inf) == MAX_MILLI
    with pytest.raises(InputError):
        neg_log10_p_milli(math.nan)


def test_a_correction_is_rounded_down() -> None:
    assert [correction_milli(n) for n in (1, 2, 10, 11, 1000, 1001)] == [
        0, 302, 1000, 1042, 3000, 3001,
    ]  # fmt: skip
    for keys in (3, 64, 999, 2**31 - 1):
        milli = correction_milli(keys)
        assert 10**milli >= keys**1000 > 10 ** (milli - 1)
    with pytest.raises(InputError):
        correction_milli(0)
    assert np.allclose(bonferroni(np.log([1e-9, 0.5]), 100), [math.log(1e-7), 0.0])


def test_a_level_is_not_counted_at_itself() -> None:
    assert exceedances(np.array([-2.0, -1.9, -6.5, 0.0])) == [2, 1, 1, 1, 1]
    assert exceedances(np.zeros(0), (-2,)) == [0]


def units(values: list[float]) -> Scores:
    size = len(values)
    return Scores(np.array([0, size]), np.arange(size, dtype=np.int64), np.array(values))


def test_a_unit_of_two_documents_counts_twice() -> None:
    once = pooled(units([1.0, 2.5, 0.5]), np.array([7, 9, 3], np.uint64), Gamma())
    repeated = pooled(
        units([2.5, 1.0, 2.5, 0.5, 1.0]), np.array([9, 7, 9, 3, 7], np.uint64), Gamma()
    )
    assert once == repeated
    assert once.counted == 3 and once.statistic == 4.0
    pool = Pool()
    pool.add(units([0.5, 2.5]), np.array([3, 9], np.uint64))
    pool.add(units([2.5, 1.0]), np.array([9, 7], np.uint64))
    assert pool.test(Gamma()) == once
    assert Pool().test(Gamma()).log_p == 0.0


def test_a_key_used_in_few_documents_is_lost_in_many() -> None:
    rng = np.random.default_rng(3)
    marked = rng.random(200_000) < 0.01  # one unit in a hundred, green half of the time
    green = (rng.random(200_000) < np.where(marked, 0.5, 0.25)).astype(np.uint8)
    scores = Scores(np.array([0, 200_000]), np.arange(200_000), green)
    distinct = np.arange(200_000, dtype=np.uint64)
    assert pooled(scores, distinct, Binomial(1, 4)).log_p < math.log(0.1)


def test_scores_that_cannot_be_pooled_are() -> None:
    scores = units([1.0, 2.0])
    with pytest.raises(InputError, match="best of several"):
        pooled(
            Scores(scores.offsets, scores.positions, scores.values, 256),
            np.zeros(2, np.uint64),
            Gamma(),
        )
    with pytest.raises(InputError, match="3 keys for 2 units"):
        pooled(scores, np.zeros(3, np.uint64), Gamma())
