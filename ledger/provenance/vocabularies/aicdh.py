"""The HTTP header `AI-Disclosure` of the IETF draft draft-abaris-aicdh."""

from ledger.provenance.vocabularies._table import Table

__all__ = ["VOCABULARY"]

VOCABULARY = Table(
    name="ai-disclosure-header",
    said={
        "A0": "none",
        "A1": "ai-modified",
        "A2": "ai-modified",
        "A3": "ai-originated",
        "A4": "machine-generated",
    },
    reads={
        "none": "A0",
        "ai-modified": "A2",
        "ai-originated": "A3",
        "machine-generated": "A4",
    },
    silent={},
)
