import re
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ledger.errors import InfeasibleError
from ledger.manifests.allocation.allocate import allocate, nearest
from ledger.manifests.allocation.conflicts import percent
from ledger.manifests.allocation.strata import Strata
from ledger.manifests.mix.mix import Bound, Gate, Mix, Share, Shares
from ledger.manifests.mix.where import EVERYTHING
from tests.manifests.allocation.cases import OPEN, bound, mix, strata, where

TABLE = strata(
    {
        ("human_verified", "de"): 50,
        ("human_verified", "en"): 100,
        ("synthetic_known", "de"): 450,
        ("synthetic_known", "en"): 400,
    }
)


def refused(asked: Mix, table: Strata = TABLE) -> tuple[str, str | None]:
    with pytest.raises(InfeasibleError) as caught:
        allocate(asked, table)
    assert "\n" not in str(caught.value)
    return str(caught.value), caught.value.hint


def test_one_bound_that_there_is_too_little_for() -> None:
    words, hint = refused(
        mix(budget=500, bounds=(bound("people", "0.45", label="human_verified"),))
    )
    assert words == (
        "mix m@1: people (label = human_verified): found at most 30 % of the budget "
        "(150 of 500 documents, each once), expected at least 45 %: 15 % short"
    )
    assert (
        hint == "--allow-repeat 2; or a budget of at most 333 documents; or people at_least = 0.3"
    )


def test_one_bound_that_there_is_too_much_for() -> None:
    words, hint = refused(mix(budget=500, gate=Gate(Fraction(1, 10), Fraction(1, 4))))
    assert words == (
        "mix m@1: max_synthetic (label = synthetic_known | synthetic_suspected): found at least "
        "70 % of the budget, since everything else comes to 150 documents, expected at most 10 %"
    )
    assert hint == (
        "--allow-repeat 3; or a budget of at most 166 documents; or --accept-synthetic REASON"
    )


def test_a_bound_on_documents_that_there_are_none_of() -> None:
    french = bound("french", "0.1", language="fr")
    for budget in (10, None):
        words, hint = refused(mix(budget=budget, bounds=(french,)))
        assert words == (
            "mix m@1: french (language = fr): found no documents, expected at least 10 % of the "
            "budget"
        )
        assert hint is None
    made = allocate(mix(bounds=(bound("french", None, "0.1", language="fr"),)), TABLE)
    assert made.total == 1_000  # at most some of nothing is nothing


def test_a_share_of_documents_that_there_are_none_of() -> None:
    target = Shares(
        (Share(where(language="fr"), Fraction(1, 2)), Share(EVERYTHING, Fraction(1, 2)))
    )
    words, _ = refused(mix(target=target))
    assert words == (
        "mix m@1: share 1 (language = fr): found no documents, expected at least 50 % of the budget"
    )


def test_a_budget_that_there_is_too_little_for() -> None:
    words, hint = refused(mix(budget=3_000, repeat=Fraction(3, 2)))
    assert words == (
        "mix m@1: found 1,500 documents (each 1.5 times at most), expected the budget of 3,000"
    )
    assert hint == "--allow-repeat 3; or a budget of at most 1,500 documents"


def test_bounds_that_contradict_each_other() -> None:
    bounds = (
        bound("people", "0.3", label="human_verified"),
        bound("german", "0.9", language="de"),
        bound("idle", None, "0.9", language="en"),
    )
    words, hint = refused(mix(budget=400, bounds=bounds))
    assert words.startswith(
        "mix m@1: found bounds that cannot hold together, 7.5 % of the budget short: "
    )
    assert "people (label = human_verified) at least 30 %" in words
    assert "german (language = de) at least 90 %" in words
    assert "idle" not in words
    assert hint is not None
    assert "--allow-repeat 2" in hint
    assert "people at_least = " in hint
    assert "german at_least = " in hint


def test_bounds_that_only_whole_documents_cannot_keep() -> None:
    words, hint = refused(
        mix(budget=7, bounds=(bound("third", "1/3", "1/3", language="de"),)), TABLE
    )
    assert words == (
        "mix m@1: third (language = de): found no whole number of documents that is 33.33 % of 7"
    )
    assert hint == "a larger budget, or wider bounds"
    allocate(mix(budget=9, bounds=(bound("third", "1/3", "1/3", language="de"),)), TABLE)
    odd = tuple(
        bound(name, "0.5", label=("human_verified", "synthetic_known")[at], language=language)
        for at, (name, language) in enumerate([("one", "de"), ("two", "en")])
    )
    words, hint = refused(mix(budget=7, bounds=odd))
    assert "one (label = human_verified, language = de) at least 50 %" in words
    assert "two (label = synthetic_known, language = en) at least 50 %" in words


def test_pairs_that_only_half_documents_could_be() -> None:
    table = strata(dict.fromkeys("abcd", 9), ("topic",))
    bounds = tuple(bound(f"{a}{b}", "0.5", "0.5", topic=(a, b)) for a, b in ("ab", "bc", "ac"))
    words, hint = refused(mix(strata=("topic",), budget=2, bounds=bounds), table)
    assert words.startswith(
        "mix m@1: found no whole numbers of documents that keep every bound of 2: "
    )
    assert all(f"{name} (topic = " in words for name in ("ab", "bc", "ac"))
    assert hint == "a larger budget, or wider bounds"
    made = allocate(mix(strata=("topic",), budget=4, bounds=bounds), table)
    assert made.units.tolist() == [1, 1, 1, 1]
    without = allocate(mix(strata=("topic",), bounds=bounds), table)
    assert without.total == 36


def test_nothing_to_choose_from() -> None:
    words, _ = refused(mix(), strata({("human_verified", "de"): 0}))
    assert words == "mix m@1: found no documents to choose from"
    with pytest.raises(InfeasibleError, match="found no documents to choose from"):
        nearest(mix(), strata({("human_verified", "de"): 0}))


def test_the_nearest_mix_says_what_it_breaks() -> None:
    made = nearest(
        mix(budget=500, bounds=(bound("people", "0.45", label="human_verified"),)), TABLE
    )
    assert made.total == 500
    (broken,) = [found for found in made.achieved if not found.holds]
    assert broken.limit.name == "people"
    assert broken.share == Fraction(3, 10)
    whole = nearest(mix(budget=3_000), TABLE)
    assert whole.units.tolist() == TABLE.available.tolist()
    assert all(found.holds for found in whole.achieved)


def test_figures_that_differ_never_look_alike() -> None:
    assert percent(Fraction(15, 100)) == "15 %"
    assert percent(Fraction(1, 3)) == "33.33 %"
    assert percent(Fraction(149_999, 1_000_000), Fraction(15, 100)) == "14.9999 %"
    assert percent(Fraction(1, 10**6), Fraction(0)) == "0.0001 %"
    assert percent(Fraction(0)) == "0 %"
    assert percent(Fraction(1, 10**30), Fraction(0)).endswith(" %")


def test_a_way_that_is_short_by_one_document_is_none() -> None:
    """Three tenths of 1,000,001 are 300,001: one more than four times what there is."""
    table = strata(
        {
            ("human_verified", "de"): 10_000,
            ("human_verified", "en"): 165_001,
            ("synthetic_known", "de"): 75_000,
        }
    )
    asked = mix(budget=1_000_001, bounds=(bound("b", "0.3", label="synthetic_known"),))
    words, hint = refused(asked, table)
    assert "found at most 7.5 % of the budget (75,000 of 1,000,001 documents" in words
    assert hint == "a budget of at most 250,000 documents"
    words, _ = refused(replace(asked, repeat=Fraction(4)), table)
    assert "found at most 29.99997 % of the budget" in words
    assert "expected at least 30 %: 0.00003 % short" in words


HINTED = st.lists(
    st.tuples(
        st.sampled_from([*product(("human_verified", "synthetic_known"), ("de", "en"))]),
        st.integers(0, 9),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda row: row[0],
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    HINTED,
    st.dictionaries(
        st.sampled_from([*product(("human_verified", "synthetic_known"), ("de", "en"))]),
        st.integers(10_000, 10**7),
        min_size=2,
    ),
    st.integers(20_000, 10**7),
)
def test_every_way_out_is_one(
    rows: list[tuple[tuple[str, str], int, int]], counts: dict[tuple[str, str], int], budget: int
) -> None:
    bounds = tuple(
        replace(
            bound(f"b{place}", label=row[0], language=row[1])
            if place % 2
            else bound(f"b{place}", label=row[0]),
            at_least=Fraction(least, 10) if place != 1 else None,
            at_most=Fraction(max(least, most), 10) if place else None,
        )
        for place, (row, least, most) in enumerate(rows)
    )
    asked, table = mix(budget=budget, bounds=bounds, gate=OPEN), strata(counts)
    try:
        allocate(asked, table)
    except InfeasibleError as error:
        hint = error.hint
    else:
        assume(False)
    if hint is None or "larger budget" in hint:  # advice, of which no more is said
        return
    for way in hint.split("; or "):
        if found := re.fullmatch(r"--allow-repeat (\d+)", way):
            allocate(asked, table, repeat=Fraction(found[1]))
        elif found := re.fullmatch(r"a budget of at most ([\d,]+) documents", way):
            allocate(replace(asked, budget=int(found[1].replace(",", ""))), table)
        else:
            found = re.fullmatch(r"(b\d) (at_least|at_most) = ([\d.]+)", way)
            assert found is not None, way
            moved = tuple(
                _moved(b, found[2], found[3]) if b.name == found[1] else b for b in bounds
            )
            allocate(replace(asked, bounds=moved), table)


def _moved(which: Bound, side: str, share: str) -> Bound:
    exact = Fraction(share)
    if side == "at_least":
        return replace(which, at_least=exact)
    return replace(which, at_most=exact)
