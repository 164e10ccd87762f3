"""By which year the documents existed."""

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import amounts_table, count, many, words

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement


class Period:
    """Counts per year of `existed_by`, checked and asserted apart."""

    covers = ("dataset", "manifest")
    name = "period"
    title = "Period"
    order = 60

    def query(self, view: "View") -> dict[str, Any]:
        from ledger.certificates.composition import add_up
        from ledger.certificates.dating import ASSERTED, CHECKED, PERIOD_SQL, period, year

        days = view.connection.execute(
            f"WITH part AS ({view.by_profile()}), dated AS (SELECT {PERIOD_SQL}, "
            "part.documents AS d, part.occurrences AS o, part.bytes AS b "
            "FROM part JOIN profile p ON p.id = part.profile) "
            "SELECT outside, day, sum(d), sum(o), sum(b) FROM dated GROUP BY outside, day",
            (view.dataset_id,),
        )
        years: defaultdict[tuple[str | None, int | None], list[int]] = defaultdict(lambda: [0] * 3)
        for outside, day, *amount in days:
            key = (None, None) if day is None else (CHECKED if outside else ASSERTED, year(day))
            years[key] = [a + b for a, b in zip(years[key], amount, strict=True)]
        earlier = [
            amount
            for (dates, own), amount in view.shared.items()
            if _is_earlier(period(dates), period(own))
        ]
        rows = [(*key, *amount) for key, amount in years.items()]
        return {
            "earlier_elsewhere": view.shares(add_up(earlier)),
            "rows": view.rows(["standing", "year"], rows),
        }

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        def place(row: Mapping[str, Any]) -> tuple[bool, int, str]:
            return "year" not in row, -row.get("year", 0), row.get("standing", "")

        rows = sorted(data["rows"], key=place)
        table = amounts_table(
            "Documents by the year they existed by",
            ["Existed by", "Standing"],
            ((self._cells(row), row, self._fill(row)) for row in rows),
            more="years",
        )
        earlier = count(data["earlier_elsewhere"], "documents")
        owe = (
            "1 of these documents owes its"
            if earlier == 1
            else (f"{many(earlier)} of these documents owe their")
        )
        note = (
            f"<p>{owe} date to another dataset of the same ledger, whose checked evidence dates "
            "the same text, or dates it earlier.</p>"
            if earlier
            else ""
        )
        return (
            "<p>The year by which a text existed at the latest. <em>Checked</em>: an outside "
            "record of level E3 or better was checked. <em>Asserted</em>: only dates that the "
            "holder set.</p>" + table + note
        )

    def _cells(self, row: Mapping[str, Any]) -> list[str]:
        if "year" not in row:
            return ['<span class="unknown">not dated</span>', "unknown"]
        return [f"{int(row['year'])}", words(row["standing"])]

    def _fill(self, row: Mapping[str, Any]) -> str:
        return (
            "unsaid" if "year" not in row else "solid" if row["standing"] == "checked" else "tint"
        )


def _is_earlier(found: tuple[bool, int] | None, own: tuple[bool, int] | None) -> bool:
    """Whether checked evidence dates it, and its own gives no checked date or a later one."""
    if found is None or not found[0]:
        return False
    return own is None or not own[0] or found[1] < own[1]


SECTION = Period()
