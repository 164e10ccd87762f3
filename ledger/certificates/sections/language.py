"""In which languages, and which detectors were asked where no source says."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.certificates.markup import text
from ledger.certificates.sections._attribute import AttributeSection

if TYPE_CHECKING:
    from ledger.certificates.composition import View
    from ledger.certificates.statement import Statement


class Language(AttributeSection):
    """Counts per language; `detectors` are those of the operations that read the dataset."""

    def query(self, view: "View") -> dict[str, Any]:
        detectors = view.named("language_detector")
        return {"detectors": detectors, **super().query(view)}

    def render(self, data: Mapping[str, Any], statement: "Statement") -> str:
        detectors = data["detectors"]
        if not isinstance(detectors, list):
            raise ValueError("detectors is not a list")
        named = ", ".join(text(name) for name in detectors)
        said = f"<p>Asked where no source names a language: {named}.</p>" if detectors else ""
        return super().render(data, statement) + said


SECTION = Language(
    "language",
    "Language",
    50,
    plural="languages",
    note="From the source's own field, or else detected from the text. Short or mixed texts stay "
    "unknown.",
)
