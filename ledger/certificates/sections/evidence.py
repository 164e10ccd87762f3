"""Why it is believed that the documents existed by a date, and how strongly."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import amounts_table, count, many, words

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement

_LEVELS = (
    "inferred",
    "the holder's own word",
    "signed, but dated by the signer",
    "an unchangeable registry or release holds a dated digest",
    "an independent archive captured it",
    "a cryptographic time from a third party",
)


class Evidence:
    """Counts per best evidence level, checked and asserted apart."""

    name = "evidence"
    title = "Evidence of age"
    order = 30

    def query(self, view: "View") -> dict[str, Any]:
        from ledger.certificates.composition import add_up
        from ledger.certificates.dating import RANK_SQL, level_of, rank

        rows = view.connection.execute(
            f"WITH part AS ({view.by_profile()}) SELECT {RANK_SQL} AS place, "
            "sum(part.documents), sum(part.occurrences), sum(part.bytes) "
            "FROM part JOIN profile p ON p.id = part.profile GROUP BY place",
            (view.dataset_id,),
        ).fetchall()
        rows = [(*(level_of(place) if place else (None, None)), *amount) for place, *amount in rows]
        lifted = [amount for (dates, own), amount in view.shared.items() if rank(dates) > rank(own)]
        return {
            "lifted_elsewhere": view.shares(add_up(lifted)),
            "rows": view.rows(["standing", "level"], rows),
        }

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        def place(row: Mapping[str, Any]) -> tuple[int, int]:
            order = {"checked": 0, "asserted": 1}
            return order[row["standing"]] if "standing" in row else 2, -row.get("level", 0)

        rows = sorted(data["rows"], key=place)
        table = amounts_table(
            "Documents by their best evidence of age",
            ["Evidence", "Standing"],
            ((self._cells(row), row, _FILLS[place(row)[0]]) for row in rows),
        )
        lifted = count(data["lifted_elsewhere"], "documents")
        owe = (
            "1 of these documents owes its"
            if lifted == 1
            else (f"{many(lifted)} of these documents owe their")
        )
        note = (
            f"<p>{owe} row to another dataset of the same ledger, which holds the same text with "
            "better evidence.</p>"
            if lifted
            else ""
        )
        return (
            "<p>Each document counts once: by its best evidence that was checked when it was "
            "recorded, else by its best evidence that was only asserted. Evidence says that a text "
            "existed by a date, not when or by whom it was written.</p>" + table + note
        )

    def _cells(self, row: Mapping[str, Any]) -> list[str]:
        if "standing" not in row:
            return ['<span class="unknown">no dated evidence</span>', "unknown"]
        level = count(row, "level")
        return [f"<b>E{level}</b> {words(_LEVELS[level])}", words(row["standing"])]


_FILLS = ("solid", "tint", "unsaid")

SECTION = Evidence()
