"""Coefficients equal those of two other programs, and hand-computed ones."""

import math

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.provenance.review.agreement import CATEGORIES, LEAST, Coefficient, agreement

H, A, M = CATEGORIES

Rows = list[list[str | None]]

DESIGNS = {  # seed, documents, raters, share human, share missing → AC1, alpha of irrCAC 0.4.4
    (1, 12, 2, 0.5, 0.0): (0.64792, 0.58683),
    (2, 40, 3, 0.9, 0.2): (0.76643, 0.25442),
    (3, 60, 4, 0.97, 0.4): (0.71922, 0.14108),
    (4, 25, 5, 0.7, 0.5): (0.66424, 0.67887),
    (5, 30, 2, 0.6, 0.1): (0.35455, 0.33726),
}


def drawn(seed: int, documents: int, raters: int, human: float, missing: float) -> Rows:
    """As the script that asked irrCAC drew them: RandomState's stream never changes."""
    random = np.random.RandomState(seed)
    rows: Rows = []
    for _ in range(documents):
        truth = random.choice(3, p=[human, (1 - human) * 0.7, (1 - human) * 0.3])
        row: list[str | None] = []
        for _ in range(raters):
            found = truth if random.rand() < 0.85 else random.choice(3)
            row.append(None if random.rand() < missing else CATEGORIES[found])
        rows.append(row)
    return rows


def given_ones(rows: Rows) -> list[list[str]]:
    return [[one for one in row if one is not None] for row in rows]


def alpha_of(rows: Rows) -> float:
    codes = {name: float(place) for place, name in enumerate(CATEGORIES)}
    table = [[math.nan if one is None else codes[one] for one in row] for row in rows]
    return float(krippendorff.alpha(np.array(table).T, level_of_measurement="nominal"))


@pytest.mark.parametrize("design", DESIGNS)
def test_coefficients_are_not_those_of_irrcac(
    design: tuple[int, int, int, float, float],
) -> None:
    found = agreement(given_ones(drawn(*design)))
    ac1, alpha = DESIGNS[design]
    assert found.ac1.point == pytest.approx(ac1, abs=5e-6)
    assert found.alpha.point == pytest.approx(alpha, abs=5e-6)
    for one in (found.ac1, found.alpha):
        assert one.low is not None and one.high is not None and one.point is not None
        assert one.low < one.point < one.high


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([*CATEGORIES, None]), min_size=3, max_size=3),
        min_size=2,
        max_size=9,
    )
)
def test_alpha_is_not_that_of_krippendorff(rows: Rows) -> None:
    found = agreement(given_ones(rows)).alpha
    paired = {one for row in given_ones(rows) if len(row) > 1 for one in row}
    if len(paired) < 2:
        assert found.point is None  # where all are alike there is nothing to agree on
    else:
        assert found.point == pytest.approx(alpha_of(rows), abs=1e-12)


def test_by_hand() -> None:
    """Ten documents, two people: 8 alike (7 human, 1 ai), 2 apart."""
    found = agreement([[H, H]] * 7 + [[A, A]] + [[H, A]] * 2)
    assert (found.documents, found.compared, found.pairs, found.agreeing) == (10, 10, 10, 8)
    # 16 of 20 decisions human: pe = 2 · 0.8 · 0.2 / (2 - 1) = 0.32
    assert found.ac1.point == pytest.approx((0.8 - 0.32) / (1 - 0.32))
    # 2 + 2 ordered unequal pairs of 20; expected 2 · 16 · 4 / 19
    assert found.alpha.point == pytest.approx(1 - 19 * 4 / (20 * 20 - 16 * 16 - 4 * 4))
    assert found.percent == 0.8


def test_nearly_all_of_one_kind() -> None:
    found = agreement([[H, H]] * 96 + [[H, A], [A, H], [H, M], [H, H]])
    assert found.alpha.point is not None and found.alpha.point < 0.05
    assert found.ac1.point is not None and found.ac1.point > 0.96


def test_all_alike_and_nothing_at_all() -> None:
    found = agreement([[H, H]] * 20)
    assert found.alpha == Coefficient(None, None, None)
    assert found.ac1 == Coefficient(1.0, 1.0, 1.0)
    nothing = agreement([[], ["unsure", "unsure"]])
    assert (nothing.documents, nothing.percent) == (0, None)
    alone = agreement([[H], [A]])
    assert (alone.compared, alone.alpha.point, alone.ac1.point) == (0, None, None)


def test_few_documents_have_no_interval() -> None:
    few = agreement([[H, H]] * (LEAST - 2) + [[H, A]])
    assert few.alpha.point is not None and few.alpha.low is None
    enough = agreement([[H, H]] * (LEAST - 1) + [[H, A]])
    assert enough.ac1.low is not None


def test_the_same_in_any_order() -> None:
    rows = given_ones(drawn(2, 40, 3, 0.6, 0.3))
    assert agreement(rows) == agreement([row[::-1] for row in reversed(rows)])


def test_an_interval_holds_what_is_true_about_as_often_as_it_says() -> None:
    """Two people, each right four times in five, on 200 documents, half of each kind: by chance
    they agree on 0.68, so that alpha is 0.36.
    """
    random, inside, runs = np.random.RandomState(11), 0, 60
    for _ in range(runs):
        truth = random.rand(200) < 0.5
        said = [truth ^ (random.rand(200) < 0.2) for _ in range(2)]
        rows = [[A if one else H for one in row] for row in zip(*said, strict=True)]
        found = agreement(rows).alpha
        assert found.low is not None and found.high is not None
        inside += found.low <= 0.36 <= found.high
    assert inside >= 50
