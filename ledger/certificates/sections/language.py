"""In which languages."""

from ledger.certificates.sections._attribute import AttributeSection

SECTION = AttributeSection(
    "language",
    "Language",
    50,
    plural="languages",
    note="From the source's own field, or else detected from the text. Short or mixed texts stay "
    "unknown.",
)
