"""Whole copies for everybody, the rest for a share that does not depend on the draw."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.manifests.sampling.keys import COPIES, DRAW, document_keys
from ledger.manifests.sampling.repeats import ONCE, copies_of
from tests.manifests.sampling.oracle import documents, key

DIGESTS = documents(3000)
MATRIX = np.frombuffer(b"".join(DIGESTS), np.uint8).reshape(-1, 32)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(ONCE, 20 * ONCE), min_size=1, max_size=60), st.integers(0, 2**64 - 1))
def test_copies_are_not_what_the_second_key_says(repeats: list[int], seed: int) -> None:
    found = copies_of(MATRIX[: len(repeats)], np.array(repeats), seed)
    for digest, repeat, copies in zip(DIGESTS, repeats, found.tolist(), strict=False):
        extra = key(COPIES, seed, digest) >> 48 < repeat % ONCE
        assert copies == repeat // ONCE + extra


def test_the_share_is_off_by_one() -> None:
    heads = np.array([key(COPIES, 5, digest) >> 48 for digest in DIGESTS])
    assert (copies_of(MATRIX, ONCE + heads, 5) == 1).all()
    under = heads < ONCE - 1
    assert (copies_of(MATRIX[under], ONCE + heads[under] + 1, 5) == 2).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(ONCE, 9 * ONCE), st.integers(0, 3 * ONCE))
def test_a_greater_repeat_takes_a_copy_away(repeat: int, more: int) -> None:
    few = copies_of(MATRIX, np.full(3000, repeat), 5)
    many = copies_of(MATRIX, np.full(3000, repeat + more), 5)
    assert (few <= many).all()
    assert set(few.tolist()) <= {repeat // ONCE, repeat // ONCE + 1}


def test_a_half_is_another_share_or_goes_to_those_drawn_first() -> None:
    extra = copies_of(MATRIX, np.full(3000, 2 * ONCE + ONCE // 2), 5) - 2
    assert abs(extra.sum() - 1500) < 5 * np.sqrt(750)
    first = document_keys(MATRIX, 5, DRAW) < np.uint64(2**63)
    assert abs(extra[first].sum() - first.sum() / 2) < 5 * np.sqrt(first.sum() / 4)


def test_whole_repeats_are_hashed() -> None:
    assert (copies_of(MATRIX, np.full(3000, 3 * ONCE), 5) == 3).all()
    assert len(copies_of(MATRIX[:0], np.zeros(0, np.int64), 5)) == 0


@pytest.mark.parametrize("repeat", [0, -1, ONCE - 1, 2**32])
def test_less_than_once_is_a_repeat(repeat: int) -> None:
    repeats = np.full(4, ONCE)
    repeats[2] = repeat
    with pytest.raises(InputError, match=f"row 2: repeat {repeat}, expected {ONCE}"):
        copies_of(MATRIX[:4], repeats, 5)
    with pytest.raises(ValueError, match="expected 4 integers"):
        copies_of(MATRIX[:4], repeats[:3], 5)
