"""Keys of commit trailers: `Assisted-by` (Linux kernel, Fedora) and `Generated-by` (Apache).

A co-author's line is read as a hint elsewhere, and never said.
"""

from ledger.provenance.vocabularies._table import Table

__all__ = ["VOCABULARY"]

VOCABULARY = Table(
    name="trailer",
    said={
        "A1": "Assisted-by",
        "A2": "Assisted-by",
        "A3": "Generated-by",
        "A4": "Generated-by",
    },
    reads={"Assisted-by": "A2", "Generated-by": "A3"},
    silent={"A0": "no trailer says that there was no AI"},
)
