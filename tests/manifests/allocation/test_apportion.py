from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ledger.manifests.allocation.apportion import apportion

PARTS = st.lists(
    st.tuples(st.integers(0, 10**12) | st.integers(0, 10**40), st.integers(0, 10**9)),
    min_size=1,
    max_size=12,
)


def level_of(total: int, parts: list[tuple[int, int]]) -> Fraction:
    """The level at which min(cap, level * weight) add up, by trying which caps are reached."""
    weighted = [(Fraction(cap, weight), weight, cap) for weight, cap in parts if weight]
    for level, _, _ in sorted(weighted):
        if sum(min(Fraction(cap), level * weight) for _, weight, cap in weighted) >= total:
            full = sum(cap for at, _, cap in weighted if at < level)
            rest = sum(weight for at, weight, _ in weighted if at >= level)
            return Fraction(total - full, rest)
    return max((level for level, _, _ in weighted), default=Fraction())


@given(PARTS, st.integers(0, 10**10))
def test_parts_are_the_water_level_to_the_next_whole_number(
    parts: list[tuple[int, int]], total: int
) -> None:
    weights, caps = [weight for weight, _ in parts], [cap for _, cap in parts]
    given_ = apportion(total, weights, caps)
    assert sum(given_) == min(total, sum(caps))
    assert all(0 <= part <= cap for part, cap in zip(given_, caps, strict=True))
    if total <= sum(cap for weight, cap in parts if weight):
        level = level_of(total, parts)
        for part, (weight, cap) in zip(given_, parts, strict=True):
            assert abs(part - min(Fraction(cap), level * weight)) < 1


@given(PARTS, st.integers(0, 10**10))
def test_a_greater_weight_is_never_given_less(parts: list[tuple[int, int]], total: int) -> None:
    cap = max(cap for _, cap in parts)
    weights = [weight for weight, _ in parts]
    given_ = apportion(total, weights, [cap] * len(parts))
    ranked = sorted(zip(weights, given_, strict=True))
    assert [part for _, part in ranked] == sorted(part for _, part in ranked)


def test_equal_remainders_go_to_the_first() -> None:
    assert apportion(2, [1, 1, 1], [9, 9, 9]) == [1, 1, 0]


def test_what_has_no_weight_is_given_the_rest_alone() -> None:
    assert apportion(5, [1, 0], [3, 9]) == [3, 2]
    assert apportion(3, [1, 0], [3, 9]) == [3, 0]
    assert apportion(9, [0, 0], [3, 4]) == [3, 4]
    assert apportion(9, [], []) == []
