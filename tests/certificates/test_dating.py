import sqlite3
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from ledger.certificates.dating import PERIOD_SQL, RANK_SQL, level_of, period, rank, year
from ledger.provenance.facts import DATE_FIELDS, NO_DATES, Dates

moments = st.none() | st.integers(-(2**40), 2**40) | st.sampled_from([0, -1, 86_399, 86_400])
all_dates = st.tuples(*[moments] * len(DATE_FIELDS))


def dated(**known: int) -> Dates:
    return tuple(known.get(name) for name in DATE_FIELDS)


@given(st.lists(all_dates, min_size=1, max_size=20))
@example([NO_DATES])
def test_sql_and_python_agree(rows: list[Dates]) -> None:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(f"CREATE TABLE profile (id, {', '.join(DATE_FIELDS)})")
        marks = ", ".join("?" * (1 + len(DATE_FIELDS)))
        connection.executemany(
            f"INSERT INTO profile VALUES ({marks})", [(n, *row) for n, row in enumerate(rows)]
        )
        found = connection.execute(
            f"SELECT {RANK_SQL}, {PERIOD_SQL} FROM profile p ORDER BY id"
        ).fetchall()
    finally:
        connection.close()
    for row, (place, outside, day) in zip(rows, found, strict=True):
        assert place == rank(row)
        assert (None if day is None else (bool(outside), day)) == period(row)


def test_any_checked_evidence_ranks_above_any_asserted() -> None:
    assert level_of(rank(dated(checked_e0=5, asserted_e5=1))) == ("checked", 0)
    assert level_of(rank(dated(asserted_e1=5, asserted_e4=9))) == ("asserted", 4)
    assert rank(NO_DATES) == 0


def test_a_checked_self_dating_gives_no_outside_period() -> None:
    assert period(dated(checked_e2=0, checked_e3=86_400 * 9)) == (True, 9)
    assert period(dated(checked_e2=86_400, asserted_e5=86_400 * 4)) == (False, 1)
    assert period(NO_DATES) is None


@given(st.datetimes())
def test_years_are_those_of_the_calendar(moment: datetime) -> None:
    assert year(int(moment.replace(tzinfo=UTC).timestamp() // 86_400)) == moment.year


def test_years_no_calendar_holds_go_on() -> None:
    assert year(year_day := 2**40) == 1970 + (year_day * 400) // 146_097
    assert year(-719_163) == 0  # the day before 0001-01-01
