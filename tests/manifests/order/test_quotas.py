"""Each stretch holds each stratum's share, found at any position without those before it."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.manifests.order.quotas import MOST_TURNS, Quotas
from tests.manifests.order.oracle import turns

COUNTS = st.lists(
    st.integers(0, 6) | st.integers(0, 120) | st.sampled_from([1, 2, 4, 8, 16, 32, 64]), max_size=10
)


@settings(deadline=None, max_examples=150)
@given(COUNTS)
@example([])
@example([0, 0])
@example([1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89])  # the deepest tree
@example([200, *[1] * 100])
def test_a_turn_is_given_twice_or_to_another(counts: list[int]) -> None:
    quotas, expected = Quotas(counts), turns(counts)
    positions = np.arange(quotas.size)
    stratum, turn = quotas.at(positions)
    assert stratum.tolist() == expected
    assert (quotas.place(stratum, turn) == positions).all()
    have = [0] * len(counts)
    for position, number in enumerate(expected):
        assert turn[position] == have[number]
        assert quotas.before(position) == have
        have[number] += 1
        for held, count in zip(have, counts, strict=True):
            assert abs(held - Fraction(count * (position + 1), quotas.size)) < 2
    assert quotas.before(quotas.size) == have == counts


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, MOST_TURNS // 4), min_size=1, max_size=4), st.data())
def test_products_do_not_fit_at_large_counts(counts: list[int], data: st.DataObject) -> None:
    quotas = Quotas(counts)
    if not quotas.size:
        return
    position = data.draw(st.integers(0, quotas.size - 1))
    (stratum,), (turn,) = quotas.at(np.array([position]))
    before = quotas.before(position)
    assert turn == before[stratum]
    before[stratum] += 1
    assert quotas.before(position + 1) == before
    assert quotas.place(np.array([stratum]), np.array([turn])).tolist() == [position]
    assert quotas.before(quotas.size) == counts


def test_the_last_position_of_the_largest_epoch_is_lost() -> None:
    quotas = Quotas([1, MOST_TURNS - 1])
    ends = np.array([0, MOST_TURNS // 2, MOST_TURNS - 1])
    assert (quotas.place(*quotas.at(ends)) == ends).all()


def test_a_batch_lacks_a_stratum_that_is_due() -> None:
    """50 strata with shares from 1/5 to 1/1000: batches of 1,000 have each its share, ± 2."""
    rng = np.random.default_rng(4)
    counts = [int(count) for count in 10_000 * (0.05 + rng.pareto(1.5, 50))]
    quotas = Quotas(counts)
    stratum, _ = quotas.at(np.arange(quotas.size // 1000 * 1000))
    held = np.stack([np.bincount(batch, minlength=50) for batch in stratum.reshape(-1, 1000)])
    due = np.array(counts) * 1000 / quotas.size
    assert np.abs(held - due).max() <= 3
    drawn = rng.multinomial(1000, due / 1000, len(held))  # what a shuffle of all would give
    assert np.abs(held - due).std() < np.abs(drawn - due).std() / 4


@pytest.mark.parametrize("counts", [[-1, 5], [MOST_TURNS, 1]])
def test_counts_that_have_no_order_are_taken(counts: list[int]) -> None:
    with pytest.raises(InputError, match=r"documents in .*, expected"):
        Quotas(counts)
