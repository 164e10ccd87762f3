"""Measures of a window, and the reference that rare words are known by."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.verdicts.signals import Batch, signal
from ledger.verdicts.signals.pooled import POOLED, measures_of
from ledger.verdicts.signals.reference import contains, reference_of
from ledger.verdicts.signals.words import find_words
from tests.verdicts.signals import textbook
from tests.verdicts.signals.given import sample, table

IDS = st.lists(st.one_of(st.integers(0, 6), st.integers(0, 2**32 - 1)), max_size=80)


@settings(max_examples=60, deadline=None)
@given(run=IDS, rare=st.sets(st.integers(0, 9), max_size=6))
def test_a_window_of_any_ids_by_the_book(run: list[int], rare: set[int]) -> None:
    found = measures_of(np.array(run, np.uint32), None, np.array(sorted(rare), np.uint32))

    def share(size: int) -> float:
        grams = [tuple(run[at : at + size]) for at in range(len(run) - size + 1)]
        return len(set(grams)) / len(grams) if grams else math.nan

    expected = {
        "entropy": textbook.entropy(run),
        "conditional_entropy": textbook.conditional(run),
        "distinct_2": share(2),
        "distinct_4": share(4),
        "tail_coverage": len(rare & set(run)) / len(rare) if rare and run else math.nan,
    }
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_a_window_of_words_has_what_the_signals_say_of_its_text() -> None:
    text = sample(7, 2_000)
    words = find_words(table(text))
    reference = reference_of(find_words(table(sample(9, 4_000))).stable_ids())
    found = measures_of(words.stable_ids(), text.encode(), reference.rare)
    assert tuple(found) == POOLED
    batch = Batch(table(text), reference)
    names = ("entropy_unigram", "entropy_conditional", "distinct_2", "distinct_4", "tail_coverage",
             "lzma_ratio")  # fmt: skip
    for pooled, name in zip(POOLED, names, strict=True):
        assert found[pooled] == signal(name).measure(batch)[0]


def test_what_is_not_given_is_not_measured() -> None:
    ids = np.arange(5, dtype=np.uint32)
    assert tuple(measures_of(ids)) == POOLED[:4]
    assert tuple(measures_of(ids, b"x" * 500)) == (*POOLED[:4], "compression")
    assert math.isnan(measures_of(ids, b"short")["compression"])
    assert all(math.isnan(value) for value in measures_of([], b"", ids).values())


def test_a_flood_in_a_window_shows_in_every_measure() -> None:
    words = [f"w{number}" for number in range(11)]
    flood = find_words(table(" ".join(words * 500))).stable_ids()[:5_000]
    prose = find_words(table(sample(3, 5_000))).stable_ids()
    reference = reference_of(find_words(table(sample(3, 50_000))).stable_ids())
    low = measures_of(
        flood, b"one sentence, ten words, said five hundred times " * 500, reference.rare
    )
    high = measures_of(prose, sample(3, 5_000).encode(), reference.rare)
    for name in POOLED:
        assert low[name] < high[name], name


def test_common_types_make_up_nine_tenths_and_ties_are_not_parted() -> None:
    run = [1] * 60 + [2] * 30 + [3] * 3 + [4] * 3 + [5] * 2 + [6, 7]
    made = reference_of(run)
    assert (made.common.tolist(), made.rare.tolist()) == ([1, 2], [3, 4, 5])
    made = reference_of([1] * 60 + [2] * 29 + [3] * 3 + [4] * 3 + [5] * 3 + [6, 7])
    assert (made.common.tolist(), made.rare.tolist()) == ([1, 2, 3, 4, 5], [])
    empty = reference_of([])
    assert (empty.common.tolist(), empty.rare.tolist()) == ([], [])


@settings(max_examples=60, deadline=None)
@given(run=st.lists(st.integers(0, 12), min_size=1, max_size=80), seed=st.integers(0, 99))
def test_a_reference_is_of_the_tokens_in_any_order(run: list[int], seed: int) -> None:
    one = reference_of(run)
    two = reference_of(np.random.default_rng(seed).permutation(run))
    assert one.common.tolist() == two.common.tolist() and one.rare.tolist() == two.rare.tolist()
    mass = sum(token in one.common for token in run)
    assert mass >= 0.9 * len(run)
    least = min(run.count(token) for token in one.common)
    without = sum(run.count(token) for token in one.common if run.count(token) > least)
    assert without < 0.9 * len(run)
    assert all(2 <= run.count(token) < least for token in one.rare)


def test_membership_at_the_ends_of_the_range() -> None:
    among = np.array([0, 5, 2**32 - 1], np.uint32)
    ids = np.array([0, 1, 5, 6, 2**32 - 1], np.uint32)
    assert contains(among, ids).tolist() == [True, False, True, False, True]
    assert not contains(among[:0], ids).any()


def test_tail_coverage_falls_when_the_tail_is_cut_and_common_words_stay() -> None:
    human = find_words(table(sample(11, 20_000, types=2_000)))
    reference = reference_of(human.stable_ids())
    again = sample(12, 20_000, types=2_000)  # other words of the same shape: nothing is shared
    collapsed = " ".join(word for word in sample(11, 20_000, types=2_000).split()[:2_000])
    batch = Batch(table(sample(11, 20_000, types=2_000), collapsed, again), reference)
    whole, fewer, none = signal("tail_coverage").measure(batch)
    assert whole == 1 and 0 < fewer < 0.8 and none < 0.1
    mass = signal("rare_token_mass").measure(batch)
    assert mass[0] == pytest.approx(0.1, abs=0.01) and mass[2] > 0.9
