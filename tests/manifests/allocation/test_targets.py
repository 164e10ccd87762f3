from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.manifests.allocation.strata import Ints, Strata
from ledger.manifests.allocation.targets import caps_of, owners, targets_of
from ledger.manifests.mix.mix import Natural, Share, Shares, Temperature, Unimax
from ledger.manifests.mix.where import EVERYTHING
from tests.manifests.allocation.cases import AXES, mix, strata, where

LANGUAGE = ("language",)
SOME: Strata = strata(
    {
        ("human_unverified", "de"): 300,
        ("human_unverified", "en"): 5_000,
        ("human_unverified", "fr"): 12,
        ("human_verified", "de"): 100,
        ("human_verified", "en"): 1_000,
    }
)


def by_language(units: Ints) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, language), given_ in zip(SOME.values, units.tolist(), strict=True):
        found[language] = found.get(language, 0) + given_
    return found


def test_natural_is_in_proportion() -> None:
    assert targets_of(mix(target=Natural()), SOME, 641).tolist() == [30, 500, 1, 10, 100]
    assert targets_of(mix(), SOME, 6_412).tolist() == SOME.available.tolist()


def test_a_temperature_is_of_the_groups_and_natural_inside_them() -> None:
    target = Temperature(Fraction(3, 10), LANGUAGE)
    units = targets_of(mix(target=target), SOME, 24)
    powers = {"de": 400**0.3, "en": 6_000**0.3, "fr": 12**0.3}
    for language, given_ in by_language(units).items():
        assert abs(given_ - 24 * powers[language] / sum(powers.values())) < 1
    wide = targets_of(mix(target=target), SOME, 600)
    assert by_language(wide)["fr"] == 12  # all there is; the others share what it cannot give
    rest = (600 - 12) / (powers["de"] + powers["en"])
    assert abs(by_language(wide)["de"] - powers["de"] * rest) < 1
    assert abs(3 * wide[3] - wide[0]) <= 3


@given(st.integers(1, 6_412))
def test_the_extreme_temperatures_are_natural_and_uniform(budget: int) -> None:
    one = targets_of(mix(target=Temperature(Fraction(1), AXES)), SOME, budget)
    assert one.tolist() == targets_of(mix(), SOME, budget).tolist()
    zero = targets_of(mix(target=Temperature(Fraction(0), LANGUAGE)), SOME, budget)
    uniform = targets_of(mix(target=Unimax(LANGUAGE)), SOME, budget)
    assert zero.tolist() == uniform.tolist()


def unimax(held: list[int], budget: int, epochs: float) -> list[float]:
    """Algorithm 1 of arXiv 2304.09151, in its own terms: the least first, each an even part."""
    left, given_ = float(budget), [0.0] * len(held)
    order = sorted(range(len(held)), key=lambda place: held[place])
    for done, place in enumerate(order):
        given_[place] = min(left / (len(held) - done), held[place] * epochs)
        left -= given_[place]
    return given_


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=8), st.integers(1, 4), st.floats(0.01, 1)
)
def test_unimax_is_the_papers(held: list[int], epochs: int, part: float) -> None:
    table = strata({f"l{chr(97 + place)}": n for place, n in enumerate(held)}, LANGUAGE)
    budget = max(1, int(sum(held) * epochs * part))
    asked = mix(strata=LANGUAGE, target=Unimax(LANGUAGE), repeat=Fraction(epochs))
    units = targets_of(asked, table, budget)
    assert int(units.sum()) == budget
    for ours, theirs in zip(units.tolist(), unimax(held, budget, epochs), strict=True):
        assert abs(ours - theirs) < 1 + 1e-6 * theirs


def test_a_share_is_of_the_first_that_means_the_stratum() -> None:
    target = Shares(
        (
            Share(where(language="fr"), Fraction(1, 100)),
            Share(where(label="human_verified"), Fraction(1, 2)),
            Share(EVERYTHING, Fraction(49, 100)),
        )
    )
    assert owners(target, SOME).tolist() == [2, 2, 0, 1, 1]
    units = targets_of(mix(target=target), SOME, 1_000)
    assert int(units[2]) == 10
    assert int(units[3] + units[4]) == 500
    assert int(units[0] + units[1]) == 490
    assert abs(10 * units[3] - units[4]) <= 10


def test_what_no_share_means_gives_nothing() -> None:
    target = Shares((Share(where(language="en"), Fraction(1)),))
    assert caps_of(mix(target=target), SOME).tolist() == [0, 5_000, 0, 0, 1_000]
    assert targets_of(mix(target=target), SOME, 600).tolist() == [0, 500, 0, 0, 100]


def test_a_cap_is_the_whole_units_of_the_repeats() -> None:
    caps = caps_of(mix(repeat=Fraction(5, 3)), SOME)
    assert caps.tolist() == [500, 8_333, 20, 166, 1_666]


@pytest.mark.parametrize("alpha", [Fraction(3, 10), Fraction(1, 3), Fraction(7, 9)])
def test_a_power_is_the_integer_root(alpha: Fraction) -> None:
    """Against integers alone: w <= n^(p/q) < w + 1 exactly if w^q <= n^p < (w + 1)^q."""
    from ledger.manifests.allocation.targets import _SCALE, _power

    for units in (1, 2, 3, 10**6, 2**53 - 1, 982_451_653):
        found, p, q = _power(units, alpha), alpha.numerator, alpha.denominator
        wanted = units**p * _SCALE**q
        assert found**q <= wanted < (found + 1) ** q
