"""W3C AI Content Disclosure Community Group, draft: `ai-disclosure` of a page or an element.

`mixed`, of a page, says that its elements differ; whoever writes one says it beside them.
"""

from ledger.provenance.vocabularies._table import Table

__all__ = ["VOCABULARY"]

VOCABULARY = Table(
    name="w3c",
    said={
        "A0": "none",
        "A1": "ai-assisted",
        "A2": "ai-assisted",
        "A3": "ai-generated",
        "A4": "ai-autonomous",
    },
    reads={
        "none": "A0",
        "ai-assisted": "A2",
        "mixed": "A2",
        "ai-generated": "A3",
        "ai-autonomous": "A4",
        "autonomous": "A4",  # an earlier draft's
    },
    silent={},
)
