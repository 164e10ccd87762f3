"""Sections that count one attribute of members: a known value, "mixed", or unknown."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import amounts_table, count, text, words

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement

__all__ = ["AttributeSection"]

_MIXED = '<span class="unknown">mixed: occurrences differ</span>'
_UNKNOWN = '<span class="unknown">unknown</span>'


class AttributeSection:
    """`column` of the attributes table; `plural` names its values, `note` their source."""

    covers = ("dataset", "manifest")

    def __init__(
        self,
        column: str,
        title: str,
        order: int,
        *,
        plural: str,
        note: str,
        shown: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.title, self.order = column, title, order
        self._column, self._plural, self._note = column, plural, note
        self._shown = shown or {}

    def query(self, view: "View") -> dict[str, Any]:
        rows = view.connection.execute(
            f"SELECT a.{self._column}, count(*), sum(m.occurrences), sum(m.bytes) "
            f"FROM {view.table} m JOIN attributes a ON a.id = m.attributes "
            f"WHERE m.dataset = ? GROUP BY a.{self._column}",
            (view.dataset_id,),
        ).fetchall()
        return {"rows": view.rows(["value"], rows)}

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        rows = sorted(data["rows"], key=lambda row: ("value" not in row, -count(row, "documents")))
        table = amounts_table(
            f"Documents by {words(self.title).lower()}",
            [self.title],
            (([self._cell(row)], row, "unsaid" if "value" not in row else "solid") for row in rows),
            more=self._plural,
        )
        return f"<p>{words(self._note)}</p>{table}"

    def _cell(self, row: Mapping[str, Any]) -> str:
        if "value" not in row:
            return _UNKNOWN
        value = row["value"]
        return _MIXED if value == "mixed" else text(self._shown.get(value, value))
