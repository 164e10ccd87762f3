"""An epoch has every item once; a batch of any time ago can be named, and a document's batch."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.manifests.order.items import Items
from ledger.manifests.order.order import Order
from ledger.manifests.order.permutation import MOST

MANIFEST = bytes(range(32))
COUNTS = st.lists(st.integers(0, 200), max_size=6)


@settings(deadline=None, max_examples=80)
@given(COUNTS, st.integers(0, 2**32 - 1))
def test_an_item_comes_twice_or_cannot_be_found_again(counts: list[int], epoch: int) -> None:
    order = Order(MANIFEST, epoch, counts)
    positions = np.arange(order.size)
    items = order.at(positions)
    assert sorted(items.tolist()) == positions.tolist()
    assert (order.place(items) == positions).all()
    ends = np.cumsum([0, *counts])
    for position in {0, order.size // 3, order.size}:
        held = np.histogram(items[:position], ends)[0] if len(counts) else np.zeros(0)
        if all(counts):
            assert order.before(position) == tuple(held.tolist())


@settings(deadline=None, max_examples=40)
@given(COUNTS.filter(sum), st.data())
def test_a_position_depends_on_what_is_asked_with_it(
    counts: list[int], data: st.DataObject
) -> None:
    order = Order(MANIFEST, 1, counts)
    whole = order.at(np.arange(order.size))
    some = data.draw(st.lists(st.integers(0, order.size - 1), max_size=20))
    assert order.at(np.array(some, np.int64)).tolist() == whole[some].tolist()
    assert [order.at(np.array([one])).item() for one in some] == whole[some].tolist()


def test_epochs_or_manifests_have_one_order() -> None:
    positions = np.arange(1000)
    orders = [
        Order(manifest, epoch, counts).at(positions).tolist()
        for manifest in (MANIFEST, bytes(32))
        for epoch in (0, 1)
        for counts in ([1000], [500, 500])
    ]
    assert len({tuple(order) for order in orders}) == len(orders)


def test_strata_of_one_size_run_in_step() -> None:
    """Their permutations have keys of their own."""
    order = Order(MANIFEST, 0, [500, 500])
    items = order.at(np.arange(1000))
    first, second = items[items < 500], items[items >= 500] - 500
    assert (first == second).sum() < 10


@pytest.mark.parametrize("counts", [[0], [], [0, 0]])
def test_an_epoch_of_nothing_has_a_position(counts: list[int]) -> None:
    order = Order(MANIFEST, 0, counts)
    assert order.at(np.zeros(0, np.int64)).tolist() == []
    assert sum(order.before(0)) == 0
    with pytest.raises(InputError, match="position 0, expected one of an epoch of 0"):
        order.at(np.zeros(1, np.int64))


def test_what_is_outside_is_answered() -> None:
    order = Order(MANIFEST, 0, [5, 5])
    with pytest.raises(InputError, match="position 10, expected one of an epoch of 10"):
        order.at(np.array([3, 10]))
    with pytest.raises(InputError, match="item -1, expected"):
        order.place(np.array([-1]))
    with pytest.raises(InputError, match="position 11, expected 0 to 10"):
        order.before(11)
    for epoch in (-1, 2**32, True, "1"):
        with pytest.raises(InputError, match=r"epoch .*, expected a whole number"):
            Order(MANIFEST, epoch, [5])  # type: ignore[arg-type]
    for counts in ([MOST + 1], [-1]):
        with pytest.raises(InputError, match="items, expected 0 to"):
            Order(MANIFEST, 0, counts)
    with pytest.raises(ValueError, match="31 bytes"):
        Order(MANIFEST[:31], 0, [5])
    with pytest.raises(ValueError, match="expected integers"):
        order.at(np.zeros(2))  # type: ignore[arg-type]


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), max_size=40), st.booleans())
def test_a_row_comes_more_or_less_often_than_its_copies(
    given_rows: list[tuple[int, int]], quotas: bool
) -> None:
    table = np.array(given_rows, np.int64).reshape(-1, 2)
    stratum, copies = table[:, 0], table[:, 1]
    items = Items(copies, stratum, 3) if quotas else Items(copies)
    laid = sorted(range(len(table)), key=lambda row: (stratum[row] if quotas else 0, row))
    assert items.rows(np.arange(sum(items.counts))).tolist() == [
        row for row in laid for _ in range(copies[row])
    ]
    order = Order(MANIFEST, 2, items.counts)
    rows = items.rows(order.at(np.arange(order.size)))
    assert Counter(rows.tolist()) == Counter(np.repeat(np.arange(len(table)), copies).tolist())
    for row in range(len(table)):
        places = order.place(items.of_row(row))
        assert sorted(places.tolist()) == np.flatnonzero(rows == row).tolist()
    if quotas:
        assert items.counts == tuple(copies[stratum == n].sum() for n in range(3))


def test_copies_below_nothing_are_laid_out() -> None:
    with pytest.raises(ValueError, match="below 0"):
        Items(np.array([1, -1]))
