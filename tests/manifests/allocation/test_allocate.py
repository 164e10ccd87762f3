from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from ledger.errors import InfeasibleError, InputError
from ledger.manifests.allocation.allocate import Allocation, allocate, check, nearest
from ledger.manifests.allocation.limits import ONE, Limit, limits_of
from ledger.manifests.allocation.strata import Strata
from ledger.manifests.allocation.targets import caps_of, targets_of
from ledger.manifests.mix.mix import Gate, Mix, Natural, Share, Shares, Temperature, Unimax
from ledger.manifests.mix.where import EVERYTHING, Where
from tests.manifests.allocation.cases import (
    AXES,
    OPEN,
    bound,
    distance,
    every,
    holds,
    mix,
    strata,
    where,
)

LABELS = ("human_verified", "human_unverified", "synthetic_known")
LANGUAGES = ("de", "en")
CELLS = [*product(LABELS, LANGUAGES)]
SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # of which each asks the solver several times


def tenths() -> st.SearchStrategy[Fraction]:
    return st.integers(0, 10).map(lambda n: Fraction(n, 10))


@st.composite
def clauses(draw: Any) -> Where:
    values = {}
    if draw(st.booleans()):
        values["label"] = tuple(draw(st.sets(st.sampled_from(LABELS), min_size=1, max_size=2)))
    if draw(st.booleans()):
        values["language"] = (draw(st.sampled_from(LANGUAGES)),)
    return Where.of(values)


@st.composite
def mixes(draw: Any) -> Mix:
    bounds = []
    for place in range(draw(st.integers(0, 4))):
        low, high = sorted([draw(tenths()), draw(tenths())])
        side = draw(st.integers(0, 2))
        bounds.append(
            replace(
                bound(f"b{place}"),
                where=draw(clauses()),
                at_least=None if side == 0 else low,
                at_most=None if side == 1 else high,
            )
        )
    part = draw(st.integers(0, 6).map(lambda n: Fraction(n, 6)))
    over = draw(st.sampled_from([AXES, ("language",)]))
    target = draw(
        st.sampled_from(
            [
                Natural(),
                Temperature(Fraction(3, 10), over),
                Unimax(over),
                Shares((Share(draw(clauses()), part), Share(EVERYTHING, 1 - part))),
            ]
        )
    )
    return mix(
        target=target,
        bounds=tuple(bounds),
        budget=draw(st.integers(1, 9)),
        repeat=draw(st.sampled_from([Fraction(1), Fraction(3, 2), Fraction(2)])),
        gate=draw(st.sampled_from([OPEN, Gate(Fraction(1, 2), Fraction(1))])),
    )


TABLES = st.dictionaries(st.sampled_from(CELLS), st.integers(0, 5), min_size=1).map(strata)


def keeps(made: Allocation, asked: Mix) -> None:
    units = made.units.tolist()
    assert sum(units) == made.total
    assert all(
        0 <= given_ <= most
        for given_, most in zip(units, caps_of(asked, made.strata).tolist(), strict=True)
    )
    assert holds(made.limits, units)
    assert all(found.holds for found in made.achieved)


@SLOW
@given(mixes(), TABLES)
def test_every_bound_holds_or_the_error_names_those_that_cannot(asked: Mix, table: Strata) -> None:
    """Beside every way there is to give so many units."""
    budget = asked.budget or 0
    limits, caps = limits_of(asked, table), caps_of(asked, table)
    ways = [units for units in every(caps, budget) if holds(limits, units)]
    try:
        made = allocate(asked, table)
    except InfeasibleError as error:
        assert not ways, str(error)
        named = [limit for limit in limits if f"{limit.name} (" in str(error)]
        short = int(caps.sum()) < budget
        assert named or short
        if not short:  # what it names is enough to forbid everything
            kept = [units for units in every(caps, budget) if holds(tuple(named), units)]
            assert not kept, str(error)
        if int(caps.sum()):
            closest = nearest(asked, table)
            assert int(closest.units.sum()) == closest.total == min(budget, int(caps.sum()))
            assert (closest.units <= caps).all()
            assert closest.total < budget or not all(found.holds for found in closest.achieved)
        return
    keeps(made, asked)
    targets = targets_of(asked, table, budget)
    assert made.targets.tolist() == targets.tolist()
    best = min(distance(units, targets) for units in ways)
    # whole numbers are rounded from shares: at most a unit for each limit beyond the best
    assert distance(made.units, targets) <= best + 2 * len(limits)


@SLOW
@given(mixes(), TABLES, st.integers(1, 10**8))
def test_large_budgets_keep_every_bound_too(asked: Mix, table: Strata, scale: int) -> None:
    large = strata(
        {row: n * scale for row, n in zip(table.values, table.available.tolist(), strict=True)}
    )
    wide = replace(asked, budget=(asked.budget or 0) * scale)
    try:
        made = allocate(wide, large)
    except InfeasibleError:
        if not isinstance(asked.target, Shares):  # a tenth of one document may be none
            with pytest.raises(InfeasibleError):  # else `scale` times its units would do here
                allocate(asked, table)
        return
    keeps(made, wide)


@settings(SLOW, max_examples=30)
@given(mixes(), st.dictionaries(st.sampled_from(CELLS), st.integers(0, 3), min_size=1).map(strata))
def test_without_a_budget_it_is_as_much_as_the_bounds_allow(asked: Mix, table: Strata) -> None:
    whole = replace(asked, budget=None, repeat=Fraction(1))
    if isinstance(asked.target, Temperature | Unimax):
        whole = replace(whole, target=Natural())
    caps, limits = caps_of(whole, table), limits_of(whole, table)
    possible = [
        total
        for total in range(1, int(caps.sum()) + 1)
        if any(holds(limits, units) for units in every(caps, total))
    ]
    # shares hold to the next unit, so that a few units more than shares allow may do
    exact = not isinstance(whole.target, Shares)
    try:
        made = allocate(whole, table)
    except InfeasibleError:
        assert not (exact and possible)
        return
    keeps(made, whole)
    assert made.total in possible
    assert made.total == max(possible) or not exact


@given(TABLES.filter(lambda table: int(table.available.sum()) > 0))
def test_everything_is_given_once_where_nothing_forbids_it(table: Strata) -> None:
    made = allocate(mix(budget=None), table)
    assert made.units.tolist() == table.available.tolist()
    assert made.distance == 0
    assert set(made.repeat_q16.tolist()) == {ONE}


def many(seed: int, scale: float = 1.0) -> tuple[Mix, Strata]:
    """240 strata under 22 bounds that some other mix of them meets by a hair."""
    rng = np.random.default_rng(seed)
    topics, languages = [f"t{n}" for n in range(20)], [f"l{chr(97 + n)}" for n in range(12)]
    held = (rng.lognormal(6, 2, (20, 12)) * scale).astype(np.int64) + 1
    table = strata(
        {(t, languages[k]): int(held[i, k]) for i, t in enumerate(topics) for k in range(12)},
        ("topic", "language"),
    )
    budget = int(held.sum() * 0.5)
    witness = np.minimum(held * rng.uniform(0.05, 1, (20, 1)) * rng.uniform(0.05, 1, 12), held)
    witness += (held - witness) * (budget - witness.sum()) / (held - witness).sum()
    drawn: dict[tuple[str, ...], Any] = {
        (t, languages[k]): witness[i, k] for i, t in enumerate(topics) for k in range(12)
    }
    bounds = []
    for place in range(22):
        values: dict[str, Any] = (
            {"language": languages[place]}
            if place < 12
            else {"topic": tuple(topics[place - 12 : place - 4])}
        )
        meant = [table.values[at] for at in np.flatnonzero(table.mask(where(**values)))]
        share = sum(drawn[row] for row in meant) / budget
        natural = table.available[table.mask(where(**values))].sum() / held.sum()
        exact, slack = Fraction(round(share * 10**6), 10**6), Fraction(1, 10**5)
        least = max(exact - slack, Fraction()) if share > natural else None
        most = None if share > natural else exact + slack
        bounds.append(bound(f"b{place}", least, most, **values))
    asked = mix(strata=("topic", "language"), budget=budget, bounds=tuple(bounds), unit="tokens")
    return asked, table


@pytest.mark.parametrize(("seed", "scale"), [(0, 1.0), (1, 1.0), (2, 1e7), (3, 0.01)])
def test_the_distance_is_the_plain_programmes(seed: int, scale: float) -> None:
    """Stratum by stratum, without cells, steps or rounding."""
    asked, table = many(seed, scale)
    made = allocate(asked, table)
    keeps(made, asked)
    total, n = made.total, len(table)
    weights = np.array([limit.weights / ONE for limit in made.limits])
    least = np.array([float(limit.at_least) for limit in made.limits])
    most = np.array([float(limit.at_most) for limit in made.limits])
    targets, caps = made.targets / total, table.available / total
    found = linprog(
        np.ones(2 * n),
        A_ub=np.block([[weights, -weights], [-weights, weights]]),
        b_ub=np.concatenate([most - weights @ targets, weights @ targets - least]),
        A_eq=np.concatenate([np.ones(n), -np.ones(n)])[None],
        b_eq=[0.0],
        bounds=np.stack([np.zeros(2 * n), np.concatenate([caps - targets, targets])], 1),
        method="highs",
    )
    assert found.status == 0
    assert float(made.distance) <= found.fun * (1 + 2**-10) + 2 * len(made.limits) / total
    assert float(made.distance) >= found.fun - 1e-6


def test_the_same_again_in_whatever_order_strata_were_counted() -> None:
    asked, table = many(0)
    rows = list(zip(table.values, table.available.tolist(), strict=True))
    again = strata(dict(reversed(rows)), table.axes)
    assert allocate(asked, table).units.tolist() == allocate(asked, again).units.tolist()


def test_strata_that_no_bound_tells_apart_change_in_proportion() -> None:
    table = strata(
        {
            ("human_verified", "de"): 1_000,
            ("human_verified", "en"): 3_000,
            ("synthetic_known", "de"): 2_000,
            ("synthetic_known", "en"): 4_000,
        }
    )
    made = allocate(mix(budget=4_000, gate=Gate(Fraction(1, 10), Fraction(1))), table)
    assert made.units.tolist() == [900, 2_700, 133, 267]
    assert made.achieved[0].share == Fraction(1, 10)
    assert made.share(1) == Fraction(27, 40)


def test_the_cut_is_spread_over_cells_that_may_give_it() -> None:
    counts = dict(zip(CELLS, [900, 900, 900, 900, 900, 900], strict=True))
    made = allocate(
        mix(budget=2_700, bounds=(bound("de", None, "0.4", language="de"),)), strata(counts)
    )
    keeps(made, mix(budget=2_700))
    assert made.units.tolist() == [360, 540] * 3


def test_shares_are_met_to_the_unit() -> None:
    target = Shares(tuple(Share(where(label=label), Fraction(1, 3)) for label in LABELS))
    table = strata(dict.fromkeys(CELLS, 1_000))
    made = allocate(mix(target=target, budget=1_000), table)
    by_label = made.units.reshape(3, 2).sum(1).tolist()
    assert sorted(by_label) == [333, 333, 334]
    assert allocate(mix(target=target), table).total == 6_000


def test_a_repeat_is_used_only_where_there_is_too_little() -> None:
    table = strata({("human_verified", "de"): 100, ("human_verified", "en"): 1_000})
    target = Shares(
        (Share(where(language="de"), Fraction(1, 4)), Share(EVERYTHING, Fraction(3, 4)))
    )
    with pytest.raises(InfeasibleError):
        allocate(mix(target=target, budget=1_000), table)
    made = allocate(mix(target=target, budget=1_000), table, repeat=Fraction(3))
    assert made.units.tolist() == [250, 750]
    assert made.repeat_q16.tolist() == [5 * ONE // 2, ONE]
    assert made.repeat == 3


def test_recorded_shares_add_up_to_a_whole() -> None:
    asked, table = many(1)
    made = allocate(asked, table)
    assert int(made.shares_q16.sum()) == ONE
    exact = [made.share(place) * ONE for place in range(len(table))]
    assert all(abs(a - b) < 1 for a, b in zip(made.shares_q16.tolist(), exact, strict=True))


def test_a_gate_may_weigh_strata_by_their_synthetic_part() -> None:
    table = strata(dict.fromkeys(CELLS, 1_000))
    upper = np.array([0, 0, ONE // 4, ONE // 4, ONE, ONE])
    gate = Limit("max_synthetic", "upper bound", upper, at_most=Fraction(1, 4))
    made = allocate(mix(budget=3_000), table, further=[gate])
    keeps(made, mix(budget=3_000))
    assert made.achieved[-1].share <= Fraction(1, 4)
    assert made.achieved[-1].share > Fraction(249, 1_000)
    open_ = allocate(mix(budget=3_000), table)
    assert check([gate], open_.units)[0].holds is False


@st.composite
def weighted(draw: Any) -> tuple[Mix, Strata, list[Limit]]:
    """Limits with weights in 65536ths, each with a hundredth of room round a certain mix."""
    count = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    held = (rng.lognormal(3, 2, count) * 10.0 ** draw(st.integers(1, 11))).astype(np.int64) + 9
    table = strata({f"t{place:02}": int(n) for place, n in enumerate(held)}, ("topic",))
    witness = np.floor(held * rng.random(count))
    budget = int(witness.sum()) + 1
    witness[0] += 1
    limits = []
    for place in range(draw(st.integers(1, 12))):
        weights = rng.integers(0, ONE + 1, count)
        if draw(st.booleans()):
            weights = (weights > ONE // 2) * ONE
        share = Fraction(round(float(weights @ witness) / ONE / budget * 10**6), 10**6)
        room = Fraction(1, 100) + Fraction(count, budget)
        least = max(Fraction(), share - room) if draw(st.booleans()) else Fraction()
        most = min(Fraction(1), share + room) if draw(st.booleans()) else Fraction(1)
        limits.append(Limit(f"w{place}", "", weights.astype(np.int64), least, most))
    return mix(strata=("topic",), budget=budget), table, limits


@SLOW
@given(weighted())
def test_limits_that_some_mix_meets_with_room_are_met(
    case: tuple[Mix, Strata, list[Limit]],
) -> None:
    asked, table, limits = case
    made = allocate(asked, table, further=limits)
    keeps(made, asked)
    assert made.total == asked.budget


@example(2**53 - 8)
@settings(deadline=None, max_examples=20)
@given(st.integers(10**12, 2**53 - 8))
def test_bounds_hold_exactly_where_floats_cannot_count(total: int) -> None:
    held = total // 6 + 1
    table = strata(dict.fromkeys(CELLS, held))
    third = bound("third", "0.333333333", "0.333333334", language="de")
    asked = mix(budget=total // 2, bounds=(third,), gate=Gate(Fraction("0.123456789"), Fraction(1)))
    keeps(allocate(asked, table), asked)


def test_strata_on_other_axes_than_the_mixes() -> None:
    with pytest.raises(InputError, match="found strata by language, expected label, language"):
        allocate(mix(), strata({"de": 1}, ("language",)))
