"""How many generations of models lie between the documents and people, as far as is known."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import amounts_table, count, plain_percent

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement

_LATEST = 1_001  # of what a model claim can say, and one more


class Generations:
    """Counts per generation, a lower bound; documents of which nothing is known have none."""

    covers = ("dataset", "manifest")
    name = "generations"
    title = "Model generations"
    order = 25

    def query(self, view: "View") -> dict[str, Any]:
        from ledger.provenance.models.generations import generation_sql

        rows = view.connection.execute(
            f"WITH part AS ({view.by_profile()}) "
            f"SELECT {generation_sql(cutoff=view.cutoff)} AS g, "
            "sum(part.documents), sum(part.occurrences), sum(part.bytes) "
            "FROM part JOIN profile p ON p.id = part.profile GROUP BY g",
            (view.dataset_id,),
        ).fetchall()
        return {"rows": view.rows(["generation"], rows)}

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        rows = list(data["rows"])
        known = [row for row in rows if "generation" in row]
        table = amounts_table(
            "Documents by the least generation that is known",
            ["Generation"],
            (([_words(row)], row, "unsaid" if "generation" not in row else "solid")
             for row in rows),
            more="generations",
        )  # fmt: skip
        later = [(n, _at_least(known, n)) for n in (1, 2)]
        said = "; ".join(
            f"at least {plain_percent(ppm)} is generation {n} or later" for n, ppm in later if ppm
        )
        return (
            "<p>Text by people, or dated before AI text, is generation 0; a model that learned "
            "from generation <i>n</i> writes <i>n</i> + 1. Each document counts once, with the "
            "least generation that follows from what was declared; of the others nothing is known."
            f"{f' Of the documents {said}.' if said else ''}</p>" + table
        )


def _words(row: Mapping[str, Any]) -> str:
    if "generation" not in row:
        return '<span class="unknown">unknown</span>'
    number = count(row, "generation")
    if number >= _LATEST:
        raise ValueError("generation is too great")
    if number == 0:
        return "<b>0</b> by people, or dated before AI text"
    return f"<b>{number}</b> or later"


def _at_least(rows: list[Mapping[str, Any]], least: int) -> int:
    return sum(count(row, "documents_ppm") for row in rows if count(row, "generation") >= least)


SECTION = Generations()
