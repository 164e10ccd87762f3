"""How much there is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import count, many, size

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement


class Totals:
    """Documents, occurrences, bytes."""

    covers = ("dataset", "manifest")
    name = "totals"
    title = "How much"
    order = 10

    def query(self, view: "View") -> dict[str, Any]:
        """Bytes are of the UTF-8 text of distinct documents."""
        return view.total._asdict()

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        documents, occurrences = count(data, "documents"), count(data, "occurrences")
        return (
            '<dl class="figures">'
            f"<div><dt>distinct documents</dt><dd>{many(documents)}</dd></div>"
            f"<div><dt>times they occur</dt><dd>{many(occurrences)}</dd></div>"
            f"<div><dt>of distinct text</dt><dd>{size(count(data, 'bytes'))}</dd></div></dl>"
            "<p>Two texts are one document if they agree in every byte. Shares below count "
            "distinct documents; shares of text count their bytes, each document once.</p>"
        )


SECTION = Totals()
