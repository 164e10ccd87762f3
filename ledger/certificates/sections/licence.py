"""Under which licences."""

from ledger.certificates.sections._attribute import AttributeSection

SECTION = AttributeSection(
    "license",
    "Licence",
    40,
    plural="licences",
    note="As the issuer concluded or the source stated. Whether it is true is not checked here.",
)
