"""Who wrote it, as far as the policy can say: label and basis, never one without the other."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import amounts_table, count, many, stacked_bar, words

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement

_FILLS = {
    "human_verified": "solid",
    "human_unverified": "unsaid",
    "synthetic_known": "hatch",
    "synthetic_suspected": "dots",
}


class Labels:
    """Counts per rule of the policy, each with its label and basis."""

    covers = ("dataset", "manifest")
    name = "labels"
    title = "Who wrote it"
    order = 20

    def query(self, view: "View") -> dict[str, Any]:
        from ledger.provenance.labels import count_labels

        found = count_labels(
            view.connection, view.policy, view.dataset_id, view.cutoff, table=view.table
        )
        rows = [
            {"basis": row.basis, "label": row.label, "rule": row.rule}
            | view.shares((row.documents, row.occurrences or 0, row.bytes or 0))
            for row in found
        ]
        return {"rows": rows}

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        rules = {rule["number"]: rule for rule in statement.policy["rules"]}
        rows: Sequence[Mapping[str, Any]] = data["rows"]
        if len(rows) > 26:
            raise ValueError(f"{len(rows)} rows of labels")
        named = [(chr(65 + n), rules[row["rule"]], row) for n, row in enumerate(rows)]
        table = amounts_table(
            "Documents by label and its basis",
            ["Label", "Basis"],
            ((self._cells(letter, rule), row, _fill(row)) for letter, rule, row in named),
        )
        said = statement.warning
        warning = f'<p class="warning">{words(said)}</p>' if said else ""
        return (
            f"{warning}{_chart(named)}{table}"
            "<p>Each label stands on the basis beside it and is no more certain than that. "
            "<em>Author unknown</em> means that no signal was found, or only a date; it is never "
            "added to another row. A label that is not listed was given to no document, "
            "which does not mean that anybody looked for it.</p>"
        )

    def _cells(self, letter: str, rule: Mapping[str, str]) -> list[str]:
        return [
            f'<span class="key">{letter}</span><span class="beside">{words(rule["shown"])}</span>',
            f"{words(rule['why'])} "
            f'<span class="unknown rule">(rule {words(rule["number"])})</span>',
        ]


def _fill(row: Mapping[str, Any]) -> str:
    if (row["label"], row["basis"]) == ("human_unverified", "predates"):
        return "tint"
    return _FILLS.get(row["label"], "unsaid")


def _chart(named: Sequence[tuple[str, Mapping[str, str], Mapping[str, Any]]]) -> str:
    """One bar of the whole, a segment a label and basis; letters join it to the table."""
    total = sum(count(row, "documents") for _, _, row in named)
    return stacked_bar(
        "chart",
        f"Shares of {many(total, 'document')} by label and basis",
        [
            (letter, f"{rule['shown']}, {rule['why']}", count(row, "documents_ppm"), _fill(row))
            for letter, rule, row in named
        ],
    )


SECTION = Labels()
