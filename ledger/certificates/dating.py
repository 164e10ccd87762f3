"""A document's evidence row and period, from its profile's dates: in SQL and in Python.

Row: its best checked level, else its best asserted one, else none; so each document counts once.
Period: the day of the least checked date of level E3 or better, else of the least date of any
other kind, which is then only asserted. Both say "by then at the latest", not when it was written.
"""

from collections.abc import Sequence
from datetime import date

from ledger.provenance.facts import DATE_FIELDS, Dates

__all__ = ["ASSERTED", "CHECKED", "PERIOD_SQL", "RANK_SQL", "level_of", "period", "rank", "year"]

CHECKED, ASSERTED = "checked", "asserted"
OUTSIDE = 3  # from E3 on, somebody else's record holds the date; below, the dating is its own
_DAY = 86_400
_CYCLE = 146_097  # days in 400 Gregorian years
_EPOCH = date(1970, 1, 1).toordinal()

_CHECKED, _ASSERTED = DATE_FIELDS[:6], DATE_FIELDS[6:]
_RANKED = (*_ASSERTED, *_CHECKED)  # weakest first; rank 0 is none, rank n is _RANKED[n - 1]
_OUTSIDE = _CHECKED[OUTSIDE:]
_OWN = (*_CHECKED[:OUTSIDE], *_ASSERTED)


def _least(fields: Sequence[str]) -> str:
    first, *rest = fields
    values = f"SELECT p.{first} AS at" + "".join(f" UNION ALL SELECT p.{name}" for name in rest)
    return f"(SELECT min(t.at) FROM ({values}) AS t)"


# Over `profile AS p`: the rank, as rank() below.
RANK_SQL = (
    "CASE "
    + " ".join(
        f"WHEN p.{name} IS NOT NULL THEN {number}"
        for number, name in reversed(list(enumerate(_RANKED, 1)))
    )
    + " ELSE 0 END"
)
_AT_SQL = f"coalesce({_least(_OUTSIDE)}, {_least(_OWN)})"

# Over `profile AS p`: the columns outside and day, as period() below; 0 and NULL where undated.
PERIOD_SQL = (
    f"{_least(_OUTSIDE)} IS NOT NULL AS outside, "
    # integer division cuts towards zero, days before 1970 are negative
    f"({_AT_SQL} - (({_AT_SQL} % {_DAY}) + {_DAY}) % {_DAY}) / {_DAY} AS day"
)


def rank(dates: Dates) -> int:
    """The evidence row: 0 for none, else for `level_of`."""
    known = dict(zip(DATE_FIELDS, dates, strict=True))
    return max((n for n, name in enumerate(_RANKED, 1) if known[name] is not None), default=0)


def level_of(rank: int) -> tuple[str, int]:
    """(standing, level) of a rank above 0."""
    standing, _, level = _RANKED[rank - 1].partition("_e")
    return standing, int(level)


def period(dates: Dates) -> tuple[bool, int] | None:
    """(whether an outside record was checked, days since 1970), or None if nothing dates it."""
    known = dict(zip(DATE_FIELDS, dates, strict=True))
    for outside, fields in ((True, _OUTSIDE), (False, _OWN)):
        found = [at for name in fields if (at := known[name]) is not None]
        if found:
            return outside, min(found) // _DAY
    return None


def year(day: int) -> int:
    """The Gregorian year of a day since 1970, for any whole number; before year 1 come 0 and -1."""
    cycle, rest = divmod(day + _EPOCH - 1, _CYCLE)
    return 400 * cycle + date.fromordinal(rest + 1).year
