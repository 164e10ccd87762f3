"""What is drawn depends on keys and on what was planned, and on nothing else."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ledger.manifests.allocation.allocate import Allocation
from ledger.manifests.allocation.strata import make_strata
from ledger.manifests.building.choose import Chosen, choose
from ledger.reserves.selection.digests import Digests, Ints, order_of

SEEDS = st.integers(0, 2**64 - 1)
SIZES = st.lists(st.integers(1, 25), min_size=1, max_size=4)
SHARES = st.integers(0, 300)  # per cent of what there is


def documents(sizes: list[int], salt: int) -> tuple[Digests, Ints]:
    """(n, 32) digests ascending, and the stratum of each."""
    rng = np.random.default_rng(salt)
    digests = rng.integers(0, 256, (sum(sizes), 32), np.uint8)
    stratum = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    order = order_of(digests)
    return digests[order], stratum[order].astype(np.int64)


def planned(stratum: Ints, shares: list[int]) -> Allocation:
    """The shares of what there is, in per cent, rounded down."""
    count = len(shares)
    held = np.bincount(stratum, minlength=count)
    values = {(f"s{n}",): (int(size), int(size)) for n, size in enumerate(held)}
    units = held * np.array(shares) // 100
    total = max(int(units.sum()), 1)
    return Allocation(make_strata(("topic",), values), total, units, units, (), Fraction(4))


def copies(chosen: Chosen) -> dict[bytes, int]:
    pairs = zip(chosen.digests, chosen.copies.tolist(), strict=True)
    return {digest.tobytes(): times for digest, times in pairs}


@given(SIZES, st.data(), SEEDS, st.integers(0, 99))
def test_counts_are_exact_and_repeats_even(
    sizes: list[int], data: st.DataObject, seed: int, salt: int
) -> None:
    shares = data.draw(st.lists(SHARES, min_size=len(sizes), max_size=len(sizes)))
    digests, stratum = documents(sizes, salt)
    allocation = planned(stratum, shares)
    chosen = choose(allocation, digests, stratum, np.ones(len(digests), np.int64), seed)
    assert chosen.given.tolist() == allocation.units.tolist()
    for number in range(len(sizes)):
        times = chosen.copies[chosen.stratum == number]
        absent = sizes[number] - len(times)
        assert not len(times) or times.max() - (0 if absent else times.min()) <= 1


@given(SIZES, st.data(), SEEDS, st.integers(0, 99))
def test_more_of_each_keeps_every_copy(
    sizes: list[int], data: st.DataObject, seed: int, salt: int
) -> None:
    shares = data.draw(st.lists(SHARES, min_size=len(sizes), max_size=len(sizes)))
    more = [share + data.draw(st.integers(0, 150)) for share in shares]
    digests, stratum = documents(sizes, salt)
    ones = np.ones(len(digests), np.int64)
    before = copies(choose(planned(stratum, shares), digests, stratum, ones, seed))
    after = copies(choose(planned(stratum, more), digests, stratum, ones, seed))
    assert all(after[digest] >= times for digest, times in before.items())


@given(st.integers(2, 40), st.integers(1, 100), SEEDS, st.integers(0, 99), st.data())
def test_one_document_less_changes_two_rows(
    size: int, share: int, seed: int, salt: int, data: st.DataObject
) -> None:
    digests, stratum = documents([size], salt)
    ones = np.ones(size, np.int64)
    allocation = planned(stratum, [share])
    before = copies(choose(allocation, digests, stratum, ones, seed))
    gone = data.draw(st.integers(0, size - 1))
    kept = np.arange(size) != gone
    units = min(int(allocation.units[0]), size - 1)
    held = make_strata(("topic",), {("s0",): (size - 1, size - 1)})
    column = np.array([units])
    smaller = Allocation(held, max(units, 1), column, column, (), Fraction(1))
    after = copies(choose(smaller, digests[kept], stratum[kept], ones[kept], seed))
    assert len(before.keys() - after.keys()) <= 1 and len(after.keys() - before.keys()) <= 1


@given(SIZES, SEEDS, st.integers(0, 99))
def test_equal_input_gives_equal_rows(sizes: list[int], seed: int, salt: int) -> None:
    digests, stratum = documents(sizes, salt)
    ones = np.ones(len(digests), np.int64)
    allocation = planned(stratum, [50] * len(sizes))
    chosen = choose(allocation, digests, stratum, ones, seed)
    again = choose(allocation, digests.copy(), stratum.copy(), ones, seed)
    assert copies(chosen) == copies(again)
    assert not len(chosen) or chosen.content_root == again.content_root
    assert chosen.plain() == again.plain()
