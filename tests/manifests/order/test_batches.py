"""The same global batches for any number of workers, ranks and interruptions."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.manifests.order.batches import Batches
from ledger.manifests.order.position import Position

ITEMS = st.integers(0, 500)
SIZES = st.integers(1, 70)
DIGEST = "sha256:" + "5" * 64


def _loaded(batches: Batches, rank: int, world: int, workers: int, first: int) -> Iterator[range]:
    """As a loader does that asks its workers in turn until all are through."""
    reading = [iter(batches.worker(worker, workers, first)) for worker in range(workers)]
    while reading:
        for worker in reading.copy():
            number = next(worker, None)
            if number is None:
                reading.remove(worker)
            else:
                yield batches.share(number, rank, world)


@settings(deadline=None, max_examples=80)
@given(ITEMS, st.integers(1, 12), st.sampled_from([1, 2, 4]), st.integers(1, 7), st.booleans())
def test_workers_or_ranks_change_a_batch(
    items: int, each: int, world: int, workers: int, drop: bool
) -> None:
    batches = Batches(items, each * world, drop_last=drop)
    first = len(batches) // 2
    shares = [list(_loaded(batches, rank, world, workers, first)) for rank in range(world)]
    expected = [batches.batch(number) for number in range(first, len(batches))]
    for share in shares:
        assert len(share) == len(expected)
    for number, batch in enumerate(expected):
        held = [position for share in shares for position in share[number]]
        assert sorted(held) == list(batch)
        assert len(batch) == each * world or (number == len(expected) - 1 and not drop)


@settings(deadline=None, max_examples=80)
@given(ITEMS, SIZES, SIZES, st.integers(0, 10))
def test_a_position_is_lost_where_a_run_goes_on_with_other_batches(
    items: int, size: int, other: int, done: int
) -> None:
    batches = Batches(items, size)
    seen = [batches.batch(number) for number in range(min(done, len(batches)))]
    position = seen[-1].stop if seen else 0
    later = Batches(items, other, start=position)
    seen += [later.batch(number) for number in range(len(later))]
    assert [place for batch in seen for place in batch] == list(range(items))
    for number in range(len(later)):
        assert {later.holding(place) for place in later.batch(number)} == {number}
    assert later.holding(items) is None
    assert later.holding(position - 1) is None


def test_a_dropped_position_is_in_a_batch() -> None:
    batches = Batches(10, 4, drop_last=True)
    assert [batches.holding(place) for place in (7, 8, 9)] == [1, None, None]
    assert Batches(10, 4).holding(9) == 2


def test_the_billionth_position_costs_a_list() -> None:
    batches = Batches(10**12, 1024)
    number = batches.holding(10**9)
    assert number == 976_562
    assert list(batches.share(number, 3, 1024)) == [number * 1024 + 3]


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: Batches(10, 0), "batches of 0, expected 1"),
        (lambda: Batches(10, 2, start=11), "position 11, expected 0 to 10"),
        (lambda: Batches(10, 4).batch(3), "batch 3, expected one of 3"),
        (lambda: Batches(10, 4).batch(-1), "batch -1, expected"),
        (lambda: Batches(10, 4).share(0, 2, 2), "rank 2 of 2, expected 0 to 1"),
        (lambda: Batches(10, 4).share(0, 0, 3), "batches of 4 for 3 ranks, expected a multiple"),
        (lambda: Batches(10, 4).worker(0, 0), "worker 0 of 0"),
        (lambda: Batches(10, 4).worker(0, 1, 4), "batch 4, expected 0 to 3"),
    ],
)
def test_a_batch_that_is_none_is_read(work: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        work()


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**48))
def test_a_position_is_not_read_as_it_was_written(epoch: int, position: int) -> None:
    state = Position(DIGEST, epoch, position)
    assert Position.parse(state.plain(), DIGEST) == state


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, "state: nothing, expected manifest, epoch and position"),
        ([1], r"state: \[1\], expected manifest"),
        ({"manifest": DIGEST, "epoch": 0}, "state: manifest, epoch, expected"),
        ({"manifest": DIGEST, "epoch": -1, "position": 0}, "state: epoch -1, expected"),
        ({"manifest": DIGEST, "epoch": 0, "position": 1.0}, "state: position 1.0, expected"),
        ({"manifest": DIGEST, "epoch": True, "position": 1}, "state: epoch True, expected"),
        ({"manifest": DIGEST, "epoch": 0, "position": 2**48 + 1}, "state: position 2814"),
        ({"manifest": "sha256:\n", "epoch": 0, "position": 1}, r"of manifest sha256:\\n, expected"),
    ],
)
def test_a_state_of_something_else_is_gone_on_from(state: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Position.parse(state, DIGEST)  # type: ignore[arg-type]
