"""Quantile classes: the same however the documents are divided, equal scores together."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.manifests.sampling.classes import Classes, Scores

HALF = Fraction(1, 2)
PAIRS = st.lists(st.tuples(st.integers(0, 2), st.integers(-5, 40)), max_size=60)
QUANTILES = st.lists(
    st.fractions(Fraction(1, 1000), Fraction(999, 1000), max_denominator=1000),
    min_size=1,
    max_size=3,
    unique=True,
).map(sorted)


def _columns(
    pairs: list[tuple[int, int]],
) -> tuple["np.ndarray[tuple[int], np.dtype[np.int64]]", ...]:
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


@settings(deadline=None, max_examples=80)
@given(PAIRS, QUANTILES, st.integers(0, 2**32))
def test_classes_are_not_those_of_sorted_scores(
    pairs: list[tuple[int, int]], quantiles: list[Fraction], shuffle: int
) -> None:
    weights = list(range(1, len(quantiles) + 2))
    shuffled = pairs.copy()
    Random(shuffle).shuffle(shuffled)
    for shards in (1, 3, 7):
        parts = [Scores.part(*_columns(shuffled[n::shards])) for n in range(shards)]
        classes = Classes.of(Scores.gather(parts), 3, quantiles, weights)
        numbers = classes.number(*_columns(pairs)).tolist()
        for (stratum, score), number in zip(pairs, numbers, strict=True):
            mine = sorted(other for place, other in pairs if place == stratum)
            cuts = [
                next(
                    value
                    for value in mine
                    if sum(other <= value for other in mine) >= len(mine) * quantile
                )
                for quantile in quantiles
            ]
            assert number == sum(cut < score for cut in cuts)
        assert classes.weight(*_columns(pairs)).tolist() == [weights[n] for n in numbers]


def test_the_upper_tenth_is_another_share() -> None:
    score = np.arange(1000)
    classes = Classes.of(Scores.part(np.zeros(1000, np.int64), score), 1, [Fraction(9, 10)], [1, 5])
    assert classes.weight(np.zeros(1000, np.int64), score).sum() == 900 + 100 * 5


def test_one_score_for_all_is_rare() -> None:
    none = np.zeros(50, np.int64)
    classes = Classes.of(Scores.part(none, none + 7), 2, [HALF], [1, 9])
    assert (classes.weight(none, none + 7) == 1).all()
    assert (Classes.of(Scores.gather([]), 2, [HALF], [1, 9]).cuts == 0).all()


@pytest.mark.parametrize(
    ("quantiles", "weights", "message"),
    [
        ([Fraction(0)], [1, 2], "quantiles 0, expected"),
        ([Fraction(1)], [1, 2], "quantiles 1, expected"),
        ([HALF, HALF], [1, 2, 3], "quantiles 1/2, 1/2, expected"),
        ([HALF, HALF / 2], [1, 2, 3], "ascending"),
        ([HALF], [1], "1 weights, expected 2"),
        ([HALF], [1, 0], "weights 1, 0, expected each from 1"),
        ([HALF], [1, 65536], "weights 1, 65536, expected"),
    ],
)
def test_classes_that_contradict_themselves_are_made(
    quantiles: list[Fraction], weights: list[int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Classes.of(Scores.gather([]), 1, quantiles, weights)
    with pytest.raises(ValueError, match="expected integers"):
        Scores.part(np.zeros(1, np.int64), np.zeros(1))  # type: ignore[arg-type]
