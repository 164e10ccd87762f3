from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.verdicts.contamination.sampling import OTHERS, draw, keyed_order


def digests(count: int) -> np.ndarray:
    rows = b"".join(sha256(str(number).encode()).digest() for number in range(count))
    return np.frombuffer(rows, np.uint8).reshape(-1, 32)


def test_the_key_is_another_hash() -> None:
    held = digests(40)
    expected = sorted(
        range(40), key=lambda row: sha256((7).to_bytes(8, "big") + held[row].tobytes()).digest()
    )
    assert keyed_order(held, 7).tolist() == expected


@given(st.permutations(range(30)), st.integers(1, 40), st.integers(0, 2**64 - 1))
def test_the_order_of_documents_decides(order: Sequence[int], size: int, seed: int) -> None:
    held = digests(30)
    codes = np.arange(30) % 3
    first = draw(held, size, seed, codes, ("a", "b", "c"))
    again = draw(held[list(order)], size, seed, codes[list(order)], ("a", "b", "c"))
    drawn = [held[row].tobytes() for row in first.places]
    assert [held[list(order)][row].tobytes() for row in again.places] == drawn
    assert again.strata == first.strata
    assert np.array_equal(again.weights, first.weights)


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=12).filter(sum),
    st.integers(1, 200),
    st.integers(0, 5),
)
@example([1, 2, 2], 4, 0)  # the small one was given a second document, which it has not
def test_strata_are_drawn_out_of_proportion(sizes: list[int], size: int, seed: int) -> None:
    count = sum(sizes)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    names = [f"s{place:02}" for place in range(len(sizes))]
    drawn = draw(digests(count), size, seed, codes, names)
    taken = min(size, count)
    assert len(drawn.places) == len(set(drawn.places.tolist())) == taken
    assert sum(item.drawn for item in drawn.strata) == taken
    assert sum(item.documents for item in drawn.strata) == count
    assert all(1 <= item.drawn <= item.documents for item in drawn.strata)
    assert drawn.weights.sum() == pytest.approx(count)
    for item in drawn.strata:
        if item.name != OTHERS and len(drawn.strata) > 1:
            assert abs(item.drawn - item.documents * taken / count) <= 2
    if taken == count:
        assert (drawn.weights == 1).all()


def test_a_small_stratum_stands_alone() -> None:
    codes = np.array([0] * 90 + [1] * 3 + [2] * 4 + [3] * 3)
    drawn = draw(digests(100), 20, 0, codes, ("big", "x", "y", "z"))
    assert [(item.name, item.documents, item.drawn) for item in drawn.strata] == [
        ("big", 90, 18),
        (OTHERS, 10, 2),
    ]


def test_a_smaller_sample_is_not_the_beginning_of_a_larger_one() -> None:
    held = digests(50)
    small, large = draw(held, 10, 3), draw(held, 20, 3)
    assert large.places[:10].tolist() == small.places.tolist()
    assert draw(held, None, 3).places.tolist() == keyed_order(held, 3).tolist()


def test_nothing_to_draw_from_is_an_accident() -> None:
    drawn = draw(digests(0), 5, 0)
    assert drawn.places.tolist() == [] and drawn.strata == ()


@pytest.mark.parametrize(("size", "seed"), [(0, 0), (-1, 0), (1, -1), (1, 2**64)])
def test_a_sample_that_is_none_is_drawn(size: int, seed: int) -> None:
    with pytest.raises(InputError, match="expected"):
        draw(digests(3), size, seed)
