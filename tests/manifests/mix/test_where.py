from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.manifests.mix.where import EVERYTHING, Where

VALUES = {"label": "abc", "topic": "xy", "language": "de"}
STRATA = [dict(zip(VALUES, row, strict=True)) for row in product(*VALUES.values())]


def clauses() -> st.SearchStrategy[Where]:
    axes: dict[str, Any] = {
        axis: st.lists(st.sampled_from(values), min_size=1).map(tuple)
        for axis, values in VALUES.items()
    }
    return st.fixed_dictionaries({}, optional=axes).map(Where.of)


def meant(clause: Where) -> set[int]:
    return {place for place, stratum in enumerate(STRATA) if clause.matches(stratum)}


@given(clauses(), clauses())
def test_covering_and_disjoint_are_what_every_stratum_says(one: Where, other: Where) -> None:
    # a clause that lists all values of an axis covers one that leaves the axis out only in fact
    if one.covers(other):
        assert meant(other) <= meant(one)
    if one.disjoint(other):
        assert not meant(one) & meant(other)
    else:
        assert meant(one) & meant(other)


@given(clauses())
def test_everything_covers_and_is_covered_by_itself_alone(clause: Where) -> None:
    assert EVERYTHING.covers(clause)
    assert clause.covers(clause)
    assert clause.covers(EVERYTHING) == (clause == EVERYTHING)
    assert EVERYTHING.disjoint(clause) is False


def test_equal_clauses_are_equal_however_they_are_written() -> None:
    one = Where.of({"topic": ("y", "x", "x"), "label": ("a",)})
    assert one == Where.of({"label": ("a",), "topic": ("x", "y")})
    assert one.axes == ("label", "topic")
    assert str(one) == "label = a, topic = x | y"
    assert str(EVERYTHING) == "everything"


def test_a_clause_is_shown_short_and_printable() -> None:
    many = Where.of({"topic": tuple(f"t{n}" for n in range(9))})
    assert str(many) == "topic = t0 | t1 | t2 | t3 | … (9 values)"
    assert str(Where.of({"topic": ("a\u202eb",)})) == "topic = a\\u202eb"
