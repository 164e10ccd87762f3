"""Upper tails against 40-digit sums, and what every null distribution must do."""

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import mpmath as mp
import numpy as np
import numpy.typing as npt
import pytest

from ledger.errors import InputError
from ledger.watermarks.statistics import (
    NEVER,
    Binomial,
    Gamma,
    Hypergeometric,
    Lattice,
    Null,
    TwoGamma,
)
from tests.watermarks.statistics import reference

Reals = npt.NDArray[np.float64]

BOUND = 1e-9  # of p: the difference of two ln p
DEVIATIONS = (-6, -1, -0.1, 0, 0.1, 1, 3, 10, 38, 99)
COIN30 = [math.comb(30, i) / 2**30 for i in range(31)]

NULLS: dict[str, Null] = {
    "binomial": Binomial(1, 4),
    "hypergeometric": Hypergeometric(150, 600),
    "gamma": Gamma(),
    "two gamma": TwoGamma(0.1),
    "two equal gamma": TwoGamma(0.5),
    "lattice": Lattice(np.array(COIN30)),
}


def draw(name: str, count: int, documents: int, rng: np.random.Generator) -> Reals:
    """Statistics of unmarked documents of so many units each, by the law's own definition."""
    if name == "binomial":
        return rng.binomial(count, 0.25, documents).astype(np.float64)
    if name == "hypergeometric":
        return rng.hypergeometric(150, 450, count, documents).astype(np.float64)
    if name == "lattice":
        return rng.choice(31, (documents, count), p=COIN30).sum(axis=1).astype(np.float64)
    first, second = rng.standard_exponential((2, documents, count)).sum(axis=2)
    weight = {"gamma": 0.0, "two gamma": 0.1, "two equal gamma": 0.5}[name]
    return np.asarray((1 - weight) * first + weight * second)


def worst(null: Null, cases: Sequence[tuple[float, int]], truth: Sequence[mp.mpf]) -> float:
    found = null.log_sf(
        np.array([s for s, _ in cases], np.float64), np.array([n for _, n in cases], np.int64)
    )
    with mp.workdps(reference.DIGITS):
        return max(
            float(abs(mp.mpf(float(got)) - want)) for got, want in zip(found, truth, strict=True)
        )


@pytest.mark.parametrize(("k", "of"), [(25, 100), (1, 2), (12564, 50257), (1, 1000), (999, 1000)])
def test_a_binomial_tail_loses_digits(k: int, of: int) -> None:
    cases = {(n, n) for n in (1, 2, 10, 300)}
    for n in (1, 2, 3, 37, 1000, 30_000, 1_000_000):
        mean, deviation = n * k / of, math.sqrt(n * k * (of - k)) / of
        cases |= {(round(mean + z * deviation), n) for z in DEVIATIONS}
    kept = sorted((s, n) for s, n in cases if 1 <= s <= n)
    truth = [reference.binomial(s, n, k, of) for s, n in kept]
    assert k > of / 2 or min(truth) < -2000
    assert worst(Binomial(k, of), kept, truth) < BOUND


@pytest.mark.parametrize(("k", "of"), [(12564, 50257), (5, 10), (1, 1000), (300, 1000)])
def test_a_hypergeometric_tail_loses_digits(k: int, of: int) -> None:
    cases = set()
    for n in (1, 2, 5, 10, 100, 700, 1000, 5000, 50_257):
        mean = n * k / of
        deviation = math.sqrt(mean * (of - k) / of * max(of - n, 0) / of)
        near = {round(mean + z * deviation) for z in (-6, -1, -0.1, 0.1, 1, 3, 10, 50)}
        lowest = max(0, n - (of - k))
        cases |= {(s, n) for s in near if n <= of and lowest < s <= min(n, k)}
    if of > 10_000:  # whole numbers of thousands of digits: a few
        cases = {(s, n) for s, n in cases if n in (10, 700)}
    kept = sorted(cases)
    assert (
        worst(Hypergeometric(k, of), kept, [reference.hypergeometric(s, n, k, of) for s, n in kept])
        < BOUND
    )


def test_a_gamma_tail_loses_digits() -> None:
    cases = [(700.0, 1), (4999.0, 1), (4999.0, 20), (1e-9, 1), (1e-3, 3)]
    for n in (1, 2, 3, 37, 1000, 30_000, 1_000_000):
        cases += [(n + z * math.sqrt(n), n) for z in DEVIATIONS if n + z * math.sqrt(n) > 0]
    with mp.workdps(reference.DIGITS):
        truth = [mp.log(reference.gamma(s, n)) for s, n in cases]
    assert min(truth) < -4900
    assert worst(Gamma(), cases, truth) < BOUND


@pytest.mark.parametrize("weight", [0.49999, 0.4, 0.2, 0.1, 0.02])
def test_a_tail_of_two_keys_loses_digits(weight: float) -> None:
    cases = []
    for n in (1, 2, 3, 40) if weight > 0.15 else (1, 2, 9) if weight > 0.05 else (1,):
        deviation = math.sqrt(n * (weight**2 + (1 - weight) ** 2))
        for z in (-5, -2, -0.8, 0, 0.3, 3, 8, 60):
            if n + z * deviation > 0:
                cases.append((n + z * deviation, n))
    truth = [reference.two_gamma(s, n, weight) for s, n in cases]
    assert worst(TwoGamma(weight), cases, truth) < BOUND


def test_two_keys_of_one_weight_are_not_one_gamma() -> None:
    counts = np.array([1, 7, 400, 1_000_000])
    statistic = np.array([3.0, 9.0, 520.0, 1_060_000.0])
    near = TwoGamma(0.5 - 1e-9).log_sf(statistic, counts)
    assert np.abs(near - TwoGamma(0.5).log_sf(statistic, counts)).max() < BOUND


LAWS = {
    "coins": COIN30,
    "two": [0.9, 0.1],
    "even values only": [0.5, 0.0, 0.3, 0.0, 0.2],
    "gaps": [0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.7999, 0.0, 0.0, 1e-4],
    "almost always the largest": [0.001, 0.0, 0.0, 0.0, 0.999],
    "nearly constant": [1e-12, 1 - 2e-12, 1e-12],
    "rare and wide": [0.6, *[0.0] * 58, 1e-5, 0.4 - 1e-5],
}


@pytest.mark.parametrize("name", LAWS)
def test_a_lattice_tail_is_not_its_convolution(name: str) -> None:
    null = Lattice(np.array(LAWS[name]))
    for units in (1, 2, 3, 7):
        tails = reference.convolved([float(p) for p in null.pmf], units)
        kept = [(s, units) for s, share in enumerate(tails) if share > 0]
        kept = kept[:40] + kept[40 :: max(1, len(kept) // 60)] + kept[-5:]
        truth = [reference.log(tails[s]) for s, _ in kept]
        assert worst(null, kept, truth) < BOUND, units


def test_a_lattice_tail_of_a_long_document_loses_digits() -> None:
    counts = np.repeat([300, 20_000, 1_000_000], 40)
    spread = np.tile(np.linspace(-8, 98, 40), 3)
    green = np.round(counts / 4 + spread * np.sqrt(counts * 3 / 16))
    green = np.minimum(green, counts)
    of_two = Lattice(np.array([0.75, 0.25])).log_sf(green, counts)
    assert np.abs(of_two - Binomial(1, 4).log_sf(green, counts)).max() < BOUND
    heads = np.round(counts * 15 + spread * np.sqrt(counts * 7.5))
    heads = np.minimum(heads, counts * 30)
    coins = Lattice(np.array(COIN30)).log_sf(heads, counts)
    assert np.abs(coins - Binomial(1, 2).log_sf(heads, counts * 30)).max() < BOUND
    assert coins.min() < -4000


def test_what_no_transform_resolves_gets_p_of_0() -> None:
    """Values 20 and 28 but for one in e^50: between two points only Chernoff's bound is left."""
    pmf = np.zeros(31)
    pmf[[20, 28, 23]] = 1 - 2e-9, 2e-9, 1e-22
    null, count = Lattice(pmf), 20_000
    s = np.arange(524_150, 524_200, dtype=np.float64)
    found = null.log_sf(s, np.full(50, count))
    points = Binomial(2, 10**9).log_sf(np.ceil((s - 20 * count) / 8), np.full(50, count))
    assert np.isfinite(found).all()
    assert (found >= points - 1e-6).all()
    assert (found <= points + 200).all()


def test_a_small_document_is_not_enumerated() -> None:
    for n in range(1, 7):
        chance = [Fraction(0)] * (n + 1)
        for units in itertools.product((0, 1), repeat=n):
            chance[sum(units)] += Fraction(2, 7) ** sum(units) * Fraction(5, 7) ** (n - sum(units))
        for s in range(1, n + 1):
            found = Binomial(2, 7).log_sf(np.array([float(s)]), np.array([n]))[0]
            assert math.isclose(math.exp(found), sum(chance[s:]), rel_tol=1e-12)
        drawn = [sum(token < 3 for token in some) for some in itertools.combinations(range(8), n)]
        for s in range(max(1, n - 4), min(n, 3) + 1):
            found = Hypergeometric(3, 8).log_sf(np.array([float(s)]), np.array([n]))[0]
            share = sum(green >= s for green in drawn) / len(drawn)
            assert math.isclose(math.exp(found), share, rel_tol=1e-12)


@pytest.mark.parametrize("name", NULLS)
def test_unmarked_documents_have_small_p(name: str) -> None:
    null, rng, documents = NULLS[name], np.random.default_rng(7), 30_000
    for count in (1, 2, 30, 120):
        sums = draw(name, count, documents, rng)
        p = np.exp(null.log_sf(sums, np.full(documents, count)))
        for level in (0.5, 0.1, 1e-2, 1e-3):
            allowed = level + 4 * math.sqrt(level / documents)
            assert np.mean(p <= level) <= allowed, (count, level)
            if name in ("gamma", "two gamma", "two equal gamma"):
                assert np.mean(p <= level) >= level - 4 * math.sqrt(level / documents)


@pytest.mark.parametrize("name", NULLS)
def test_more_evidence_makes_p_larger(name: str) -> None:
    null = NULLS[name]
    for count in (1, 3, 40, 150):
        for step in (1.0, 0.05):
            s = np.arange(-3, 700 if step == 1 else 30, step)
            found = null.log_sf(s, np.full(len(s), count))
            assert (np.diff(found[np.isfinite(found)]) <= 1e-12).all()
            assert (found <= 0).all() and not np.isnan(found).any()
            assert (found[s <= 0] == 0).all()


@pytest.mark.parametrize("name", NULLS)
def test_a_document_depends_on_its_neighbours(name: str) -> None:
    null, rng = NULLS[name], np.random.default_rng(3)
    counts = rng.integers(0, 500, 80)
    mean = {"binomial": 0.25, "hypergeometric": 0.25, "lattice": 15.0}.get(name, 1.0)
    s = counts * mean + rng.normal(0, 3, 80) * np.sqrt(counts * mean)
    together = null.log_sf(s, counts)
    alone = [null.log_sf(s[i : i + 1], counts[i : i + 1])[0] for i in range(80)]
    assert together.tolist() == alone
    shuffled = rng.permutation(80)
    assert null.log_sf(s[shuffled], counts[shuffled]).tolist() == together[shuffled].tolist()


@pytest.mark.parametrize("name", NULLS)
def test_nothing_counted_is_evidence(name: str) -> None:
    null = NULLS[name]
    none = np.zeros(2, np.int64)
    assert null.log_sf(np.array([0.0, 5.0]), none).tolist() == [0.0, 0.0]
    assert null.log_sf(np.zeros(0), none[:0]).tolist() == []
    assert null.best(none).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", NULLS)
def test_what_is_no_statistic_gets_a_p(name: str) -> None:
    null, one = NULLS[name], np.array([5])
    with pytest.raises(InputError):
        null.log_sf(np.array([math.nan]), one)
    with pytest.raises(InputError):
        null.log_sf(np.array([1.0]), -one)
    with pytest.raises(InputError):
        null.log_sf(np.array([1.0, 2.0]), one)
    found = null.log_sf(np.array([math.inf, -math.inf]), np.array([5, 5]))
    assert found.tolist() == [-math.inf, 0.0]


@pytest.mark.parametrize(
    "null",
    [
        Binomial(1, 4),
        Binomial(999, 1000),
        Hypergeometric(12564, 50257),
        Gamma(24 * math.log(2)),
        TwoGamma(0.2, 24 * math.log(2)),
        Lattice(np.array(COIN30)),
    ],
    ids=repr,
)
def test_a_length_is_called_enough_that_is_not(null: Null) -> None:
    for level in (1e-3, 1e-9, 1e-30):
        least = null.minimum(math.log(level))
        best = null.best(np.array([least - 1, least]))
        assert best[1] <= math.log(level) < best[0]


def test_the_strongest_outcome_is_not_the_largest_statistic() -> None:
    counts = np.array([1, 5, 40])
    assert np.allclose(Binomial(1, 4).best(counts), counts * math.log(0.25), rtol=1e-15)
    strongest: list[tuple[Null, Callable[[int], float]]] = [
        (Binomial(1, 4), lambda n: n),
        (Hypergeometric(12, 600), lambda n: min(n, 12)),
        (Gamma(10.0), lambda n: 10.0 * n),
        (Lattice(np.array(COIN30)), lambda n: 30 * n),
    ]
    for null, top in strongest:
        sums = np.array([float(top(int(n))) for n in counts])
        assert np.allclose(null.best(counts), null.log_sf(sums, counts), rtol=1e-12)


def test_a_level_out_of_reach_has_a_length() -> None:
    assert Hypergeometric(3, 10).minimum(math.log(1e-9)) == NEVER
    assert Hypergeometric(3, 10).minimum(math.log(1 / 119)) == 3
    assert Gamma().minimum(math.log(1e-9)) == 1
    with pytest.raises(InputError):
        Binomial(1, 4).minimum(math.nan)


def test_more_distinct_tokens_than_there_are() -> None:
    with pytest.raises(InputError, match="distinct"):
        Hypergeometric(3, 10).log_sf(np.array([3.0]), np.array([11]))
    whole = Hypergeometric(3, 10).log_sf(np.array([3.0, 4.0]), np.array([10, 10]))
    assert whole.tolist() == [0.0, -math.inf]


@pytest.mark.parametrize(("k", "of"), [(0, 4), (4, 4), (5, 4), (-1, 4), (True, 4), (1, 2**60)])
def test_an_impossible_green_list_is_taken(k: int, of: int) -> None:
    for null in (Binomial, Hypergeometric):
        with pytest.raises(InputError):
            null(k, of)


@pytest.mark.parametrize("weight", [0.0, -0.1, 0.6, math.nan, 1, 1e-12])
def test_an_impossible_weight_is_taken(weight: float) -> None:
    with pytest.raises(InputError):
        TwoGamma(weight)


@pytest.mark.parametrize(
    "pmf",
    [[1.0], [0.5, 0.6], [0.5, -0.5, 1.0], [0.0, 1.0], [math.nan, 1.0], [[0.5, 0.5]], [0.5] * 65537],
    ids=lambda pmf: str(pmf)[:20],
)
def test_what_is_no_distribution_is_taken(pmf: list[float]) -> None:
    with pytest.raises(InputError):
        Lattice(np.array(pmf))


def test_equal_laws_are_not_equal() -> None:
    one, same = Lattice(np.array(COIN30)), Lattice(np.array(COIN30))
    assert one == same and hash(one) == hash(same)
    assert one != Lattice(np.array([0.5, 0.5]))
    with pytest.raises(ValueError):
        one.pmf[0] = 1.0
