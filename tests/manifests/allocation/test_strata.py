from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.manifests.allocation.limits import ONE, Limit, limits_of, weighted_sums
from ledger.manifests.allocation.strata import MOST_STRATA, make_strata
from ledger.manifests.mix.mix import Gate, Replay, Share, Shares, Tail
from ledger.manifests.mix.where import EVERYTHING, Where
from tests.manifests.allocation.cases import AXES, bound, mix, strata, where

VALUES = [*product(("human_verified", "synthetic_known"), ("de", "en", "fr"))]


@given(
    st.sets(st.sampled_from(VALUES), min_size=1),
    st.dictionaries(
        st.sampled_from(AXES),
        st.sets(
            st.sampled_from(["human_verified", "synthetic_known", "de", "en", "xx"]), min_size=1
        ),
    ),
)
def test_a_mask_is_what_the_clause_matches(
    values: set[tuple[str, str]], clause: dict[str, set[str]]
) -> None:
    table = strata(dict.fromkeys(values, 1))
    meant = Where.of({axis: tuple(found) for axis, found in clause.items()})
    wanted = [meant.matches(dict(zip(AXES, row, strict=True))) for row in table.values]
    assert table.mask(meant).tolist() == wanted


def test_strata_are_sorted_in_whatever_order_they_were_counted() -> None:
    counts: dict[tuple[str, ...], tuple[int, int]] = {("b",): (2, 20), ("a",): (1, 10)}
    one, other = (
        make_strata(("topic",), counts),
        make_strata(("topic",), dict(reversed(counts.items()))),
    )
    assert one.values == other.values == (("a",), ("b",))
    assert one.available.tolist() == other.available.tolist() == [10, 20]
    assert one.documents.tolist() == [1, 2]
    assert one.name(1) == "topic = b"


def test_groups_are_numbered_in_order() -> None:
    table = strata(dict.fromkeys(VALUES, 1))
    assert table.groups(("language",)).tolist() == [0, 1, 2, 0, 1, 2]
    assert table.groups(AXES).tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, "found no documents"),
        ({("a", "b"): (1, 1)}, "found 2 values, 1 documents and 1 units, expected 1 values"),
        ({("a",): (-1, 0)}, "found 1 values, -1 documents"),
        ({("a",): (0, 3)}, "0 documents and 3 units"),
        ({("a\n\u202e",): (0, 3)}, r"a\n\u202e: found"),
        ({("a",): (1, 2**53)}, "at most 9,007,199,254,740,991"),
        (
            {(f"{n}",): (1, 1) for n in range(MOST_STRATA + 1)},
            "found 32,769 strata, at most 32,768",
        ),
    ],
)
def test_counts_that_no_documents_have(
    counts: dict[tuple[str, ...], tuple[int, int]], words: str
) -> None:
    with pytest.raises(InputError) as caught:
        make_strata(("topic",), counts)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_clause_on_an_axis_that_the_strata_lack() -> None:
    with pytest.raises(InputError, match="found no such axis, expected label, language"):
        strata({VALUES[0]: 1}).mask(where(topic="law"))


@given(
    st.lists(
        st.tuples(st.integers(0, 2**53 - 1), st.integers(0, ONE), st.integers(0, ONE)),
        min_size=1,
        max_size=20,
    )
)
def test_sums_are_exact_beyond_64_bits(rows: list[tuple[int, int, int]]) -> None:
    units = np.array([row[0] for row in rows], np.int64)
    weights = np.array([[row[1] for row in rows], [row[2] for row in rows]], np.int64)
    wanted = [sum(row[0] * row[k] for row in rows) for k in (1, 2)]
    assert weighted_sums(weights, units) == wanted


def test_ranges_are_whole_units_that_hold() -> None:
    whole = Limit("w", "", np.array([ONE, 0]), Fraction("0.15"), Fraction("0.34"))
    assert whole.range(7) == (2 * ONE, 2 * ONE)  # 1.05 and 2.38 of 7
    part = Limit("p", "", np.array([ONE // 2, 0]), Fraction("0.15"), Fraction("0.34"))
    assert part.range(7) == (68_813, 155_975)
    share = Limit("s", "", np.array([ONE, 0]), Fraction(1, 3), Fraction(1, 3), promised=True)
    assert share.range(7) == (2 * ONE, 3 * ONE)
    assert share.range(9) == (3 * ONE, 3 * ONE)
    assert share.range(2**53 - 1)[1] == -(-(2**53 - 1) // 3) * ONE


def test_limits_come_in_the_order_of_the_mix() -> None:
    axes = ("label", "dataset", "tail")
    values = product(("human_verified", "synthetic_known"), ("a@1", "reserve:r@1"), ("q0", "q1"))
    table = strata(dict.fromkeys(values, 1), axes)
    asked = mix(
        strata=axes,
        datasets=("a@1", "reserve:r@1"),
        target=Shares((Share(where(tail="q1"), Fraction(1, 4)), Share(EVERYTHING, Fraction(3, 4)))),
        bounds=(bound("one", "0.1", dataset="a@1"), bound("two", None, "0.9", tail="q0")),
        gate=Gate(Fraction(1, 10), Fraction(1, 4)),
        tail=Tail("words@1", (Fraction(9, 10),)),
        novel_tail=Fraction(1, 20),
        replay=Replay("r@1", Fraction(1, 20)),
    )
    limits = limits_of(asked, table)
    assert [limit.name for limit in limits] == [
        "share 1",
        "share 2",
        "one",
        "two",
        "max_synthetic",
        "novel_tail",
        "replay",
    ]
    named = {limit.name: limit.counted.tolist() for limit in limits}
    assert named["share 2"] == [True, False, True, False, True, False, True, False]
    assert named["max_synthetic"] == [False] * 4 + [True] * 4
    assert named["novel_tail"] == [False, True, False, True] + [False] * 4  # the rarest, of people
    assert named["replay"] == [False, False, True, True, False, False, True, True]
    accepted = limits_of(asked, table, accept_synthetic=True)
    assert [limit.name for limit in accepted] == [
        limit.name for limit in limits if limit.name != "max_synthetic"
    ]
    further = Limit("gate", "upper bound", np.full(8, ONE // 3))
    assert limits_of(asked, table, further=[further])[-1] is further
