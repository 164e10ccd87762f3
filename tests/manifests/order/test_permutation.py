"""Every index once, the same on every machine, and every order about as often."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.manifests.order.permutation import MOST, Permutations, round_keys, side_of
from tests.manifests.order.oracle import permuted

MANIFEST = bytes(range(32))
SIZES = st.integers(1, 3000) | st.integers(1, 60).map(lambda n: n * n)
NONE = np.zeros(1, np.int64)


def _all(size: int, epoch: int = 0) -> list[int]:
    where = np.zeros(size, np.int64)
    made = Permutations(MANIFEST, epoch, [size])
    found = made.forward(where, np.arange(size, dtype=np.uint64))
    assert (made.backward(where, found) == np.arange(size)).all()
    return [int(value) for value in found]


@settings(deadline=None, max_examples=80)
@given(SIZES, st.integers(0, 2**32 - 1))
@example(1, 0)
@example(16384 * 2 + 5, 3)
def test_an_index_comes_twice(size: int, epoch: int) -> None:
    assert sorted(_all(size, epoch)) == list(range(size))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(1, MOST), min_size=1, max_size=5),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**32 - 1),
    st.integers(0, MOST),
)
def test_a_value_is_not_what_the_formula_says(
    sizes: list[int], manifest: bytes, epoch: int, value: int
) -> None:
    """One size or several: the values of all strata are computed together."""
    made = Permutations(manifest, epoch, sizes)
    which = np.arange(len(sizes))
    values = np.array([value % size for size in sizes], np.uint64)
    found = made.forward(which, values)
    assert found.tolist() == [
        permuted(manifest, epoch, stratum, size, value % size) for stratum, size in enumerate(sizes)
    ]
    assert (made.backward(which, found) == values).all()


def test_a_side_leaves_no_room_or_is_odd() -> None:
    for size in [*range(1, 300), MOST - 1, MOST]:
        side = side_of(size)
        assert side % 2 == 0 and side * side > size
        assert side == 4 or (side - 2) ** 2 <= size


def test_some_orders_are_rarer_than_others() -> None:
    """All 120 of five, odd ones too, over 24,000 epochs: chi-square with 119 degrees."""
    size, epochs = 5, 24_000
    number = {order: place for place, order in enumerate(permutations(range(size)))}
    made = Permutations(MANIFEST, 9, [size] * epochs)  # strata differ in their keys as epochs do
    which = np.arange(epochs)
    orders = np.stack(
        [made.forward(which, np.full(epochs, place, np.uint64)) for place in range(size)], axis=1
    )
    counts = np.bincount([number[tuple(order)] for order in orders.tolist()], minlength=120)
    expected = epochs / factorial(size)
    assert ((counts - expected) ** 2 / expected).sum() < 180  # p = 2e-4


def test_a_document_keeps_its_place() -> None:
    """Over epochs it stands anywhere, and neighbours part: 40 × 40 cells of 2,000 indices."""
    size, epochs = 2000, 60
    table = np.array([_all(size, epoch) for epoch in range(epochs)])
    first = table[:, :-1] // 50 * 40 + table[:, 1:] // 50
    counts = np.bincount(first.reshape(-1), minlength=1600)
    expected = epochs * (size - 1) / 1600
    assert ((counts - expected) ** 2 / expected).sum() < 1820  # p = 1e-4
    fixed = (table == np.arange(size)).sum(axis=1)  # of a random order: one, on average
    assert 30 <= fixed.sum() <= 100
    rising = (np.diff(table, axis=1) > 0).mean()
    assert abs(rising - 0.5) < 0.01


def test_a_billion_is_in_order() -> None:
    size, count = 10**9, 200_000
    made = Permutations(MANIFEST, 0, [size])
    found = made.forward(np.zeros(count, np.int64), np.arange(count, dtype=np.uint64) + 10**8)
    assert len(np.unique(found)) == count
    counts = np.bincount((found // np.uint64(10**6)).astype(np.int64), minlength=1000)
    assert ((counts - 200) ** 2 / 200).sum() < 1180  # 999 degrees, p = 6e-5


@pytest.mark.parametrize("other", [(MANIFEST, 1, 0), (MANIFEST, 0, 1), (bytes(32), 0, 0)])
def test_two_orders_have_the_same_keys(other: tuple[bytes, int, int]) -> None:
    assert not set(round_keys(MANIFEST, 0, 0).tolist()) & set(round_keys(*other).tolist())
