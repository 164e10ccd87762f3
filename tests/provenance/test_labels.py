import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.log.schema import ddl
from ledger.log.tables import PROJECTION
from ledger.provenance import tables
from ledger.provenance.conditions import MEASURES, AtLeast, Condition, ExistedBy, FlagIs, seconds
from ledger.provenance.facts import DATE_FIELDS, FLAGS, PROFILE_FIELDS, content_id
from ledger.provenance.labels import LabelCount, count_labels, explain_plan, label_of, labelled
from ledger.provenance.policy import Policy, Rule, load_policy

CUTOFF = seconds(date(2022, 11, 30))
NAMES = {"fact", "profile", "member"}


def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    assert set(PROJECTION.tables) >= NAMES, tables.__name__
    for statement in ddl(PROJECTION, NAMES):
        connection.execute(statement)
    return connection


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = database()
    yield opened
    opened.close()


def profile(*flags: str, **fields: int) -> tuple[int | None, ...]:
    values = {"flags": sum(FLAGS[flag] for flag in flags), **fields}
    return tuple(values.get(name) for name in PROFILE_FIELDS)


def add(
    connection: sqlite3.Connection,
    values: Sequence[int | None],
    documents: range,
    *,
    dataset: int = 1,
    occurrences: int = 1,
    size: int = 100,
) -> None:
    number = content_id(values)
    marks = ", ".join("?" * (2 + len(values)))
    connection.execute(
        f"INSERT INTO profile (id, documents, {', '.join(PROFILE_FIELDS)}) VALUES ({marks})",
        (number, len(documents), *values),
    )
    connection.executemany("INSERT INTO fact VALUES (?, ?)", ((d, number) for d in documents))
    connection.executemany(
        "INSERT INTO member VALUES (?, ?, ?, ?, NULL, 7, NULL)",
        ((dataset, d, occurrences, size) for d in documents),
    )


DAY = seconds(date(2022, 11, 30))


@pytest.mark.parametrize(
    ("values", "number"),
    [
        (profile(), "5"),
        (profile("declared_human"), "5"),
        (profile("declared_ai"), "1a"),
        (profile("marked", marked_milli=9_000), "1b"),
        (profile("marked", marked_milli=8_999), "5"),
        (profile("declared_ai", "attested", "conflict"), "1a"),
        (profile("attested"), "2a"),
        (profile("attested", "sourced_review"), "2a"),
        (profile("observed"), "2b"),
        (profile("sourced_review"), "2c"),
        (profile("sourced_review", "marked", "conflict", marked_milli=12_000), "1b"),
        (profile("sourced_review", "marked", marked_milli=6_000), "2c"),
        (profile(checked_e3=DAY - 1), "3"),
        (profile(checked_e3=DAY), "5"),
        (profile(checked_e5=DAY - 1), "3"),
        (profile(checked_e2=DAY - 1), "5"),
        (profile(asserted_e1=DAY - 1), "5"),
        (profile(asserted_e5=DAY - 1), "5"),
        (profile(checked_e3=DAY, checked_e4=DAY - 1), "3"),
        (profile("classified", "classified_fdr", checked_e3=DAY - 1), "3"),
        (profile("classified", "classified_fdr"), "4a"),
        (profile("classified"), "5"),
        (profile("marked_public", marked_public_milli=9_000), "4b"),
        (profile("marked_public", marked_milli=9_000), "5"),
        (profile("attested", checked_e3=DAY - 1), "2a"),
    ],
)
def test_clean_strict_decides_as_the_design_says(
    connection: sqlite3.Connection, values: tuple[int | None, ...], number: str
) -> None:
    policy = load_policy("clean-strict@1")
    assert label_of(values, policy).number == number
    add(connection, values, range(3))
    assert [row.rule for row in count_labels(connection, policy, 1)] == [number]


def test_age_alone_is_never_human_unless_the_policy_says_so_on_the_page() -> None:
    old = profile(checked_e5=0)
    assert label_of(old, load_policy("clean-strict")).label == "human_unverified"
    dated = load_policy("clean-dated")
    assert (label_of(old, dated).label, label_of(old, dated).basis) == (
        "human_verified",
        "predates",
    )


def test_the_cutoff_is_midnight_utc_at_the_start_of_its_day() -> None:
    assert DAY == 1669766400
    policy = load_policy("clean-strict")
    assert label_of(profile(checked_e3=DAY), policy).number == "5"
    assert label_of(profile(checked_e3=DAY), policy, date(2022, 12, 1)).number == "3"
    assert label_of(profile(checked_e3=0), policy, date(1969, 12, 31)).number == "5"


def test_a_count_is_of_one_datasets_members(connection: sqlite3.Connection) -> None:
    policy = load_policy("clean-strict")
    add(connection, profile("declared_ai"), range(0, 10), occurrences=2, size=50)
    add(connection, profile(checked_e3=5), range(10, 14))
    add(connection, profile(), range(14, 20), dataset=2)
    assert count_labels(connection, policy, 1) == [
        LabelCount("synthetic_known", "declared", "1a", 10, 20, 500),
        LabelCount("human_unverified", "predates", "3", 4, 4, 400),
    ]
    assert count_labels(connection, policy, 2) == [
        LabelCount("human_unverified", "none", "5", 6, 6, 600)
    ]
    assert count_labels(connection, policy, 3) == []


def test_a_document_of_two_datasets_is_one_document_of_the_ledger(
    connection: sqlite3.Connection,
) -> None:
    add(connection, profile(), range(5))
    connection.executemany(
        "INSERT INTO member VALUES (2, ?, 1, 100, NULL, 7, NULL)", ((d,) for d in range(5))
    )
    assert count_labels(connection, load_policy("clean-strict")) == [
        LabelCount("human_unverified", "none", "5", 5, None, None)
    ]


def test_the_plan_labels_profiles_and_not_documents(connection: sqlite3.Connection) -> None:
    policy = load_policy("clean-strict")
    add(connection, profile(), range(5))
    plan = explain_plan(connection, policy, 1)
    assert plan[0] == "MATERIALIZE labelled"
    assert any("m USING PRIMARY KEY (dataset=?)" in step for step in plan)
    assert any("f USING INTEGER PRIMARY KEY" in step for step in plan)
    assert explain_plan(connection, policy)


def test_at_least_includes_its_own_number_and_unknown_is_not_enough() -> None:
    half = AtLeast("ai_ppm", 500_000)
    shares = (None, 499_999, 500_000, 500_001)
    answers = [
        half.holds(profile() if share is None else profile(ai_ppm=share), CUTOFF)
        for share in shares
    ]
    assert answers == [False, False, True, True]


# --- SQL and Python are two readings of one table

INTEGERS = st.one_of(
    st.none(),
    st.sampled_from([CUTOFF - 1, CUTOFF, CUTOFF + 1, 0, -1]),
    st.integers(-(2**53) + 1, 2**53 - 1),
)
PROFILES = st.tuples(
    st.integers(0, 2 ** len(FLAGS) - 1),
    st.one_of(st.none(), st.sampled_from([0, 7, 8]), st.integers(0, 1_000_000)),
    st.one_of(st.none(), st.sampled_from([0, 7, 8]), st.integers(0, 400_000)),
    st.one_of(st.none(), st.sampled_from([0, 7, 8]), st.integers(0, 400_000)),
    st.one_of(st.none(), st.integers(0, 9)),
    *[INTEGERS] * len(DATE_FIELDS),
)
CONDITIONS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(FlagIs, st.sampled_from(sorted(FLAGS)), st.booleans()),
    st.builds(AtLeast, st.sampled_from(sorted(MEASURES)), st.sampled_from([0, 7, 8, 250_000])),
    st.builds(
        ExistedBy,
        st.integers(0, 5),
        st.booleans(),
        st.one_of(st.none(), st.dates(date(1, 1, 1), date(9999, 12, 31))),
    ),
)
ALTERNATIVES = st.lists(
    st.lists(CONDITIONS, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3
).map(tuple)
LAST = Rule("9", "human_unverified", "none", "Else.")
POLICIES = st.lists(ALTERNATIVES, max_size=5).map(
    lambda tables: Policy(
        "any",
        1,
        "Any",
        date(2022, 11, 30),
        (
            *(
                Rule(str(number), "synthetic_known", "declared", "Words.", alternatives)
                for number, alternatives in enumerate(tables, 1)
            ),
            LAST,
        ),
        b"",
    )
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(POLICIES, st.sampled_from(["clean-strict", "clean-dated"]).map(load_policy)),
    st.lists(PROFILES, min_size=1, max_size=12, unique=True),
    st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2100, 1, 1))),
)
def test_sql_and_python_give_every_profile_the_same_rule(
    policy: Policy, profiles: list[tuple[int | None, ...]], cutoff: date | None
) -> None:
    connection = database()
    try:
        for number, values in enumerate(profiles):
            add(connection, values, range(number, number + 1))
        rows = connection.execute(
            f"WITH {labelled(policy, cutoff)} SELECT profile, rule FROM labelled"
        ).fetchall()
        by_sql = {number: policy.rules[place].number for number, place in rows}
        by_python = {content_id(v): label_of(v, policy, cutoff).number for v in profiles}
        assert by_sql == by_python
        counted = {row.rule: row.documents for row in count_labels(connection, policy, 1, cutoff)}
        assert counted == {
            rule: sum(r == rule for r in by_python.values()) for rule in by_python.values()
        }
    finally:
        connection.close()


@settings(max_examples=100, deadline=None)
@given(POLICIES, PROFILES)
def test_every_rule_gives_a_reason_for_its_answer(
    policy: Policy, values: tuple[int | None, ...]
) -> None:
    for rule in policy.rules:
        reason = rule.because(values, CUTOFF)
        assert reason and "\n" not in reason
        if rule.alternatives and rule.applies(values, CUTOFF):
            held = rule.deciding(values, CUTOFF)
            assert reason == " and ".join(c.because(values, CUTOFF) for c in held)
            assert all(c.holds(values, CUTOFF) for c in held)
