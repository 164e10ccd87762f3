"""Agent Trace's `contributor.type` of lines."""

from ledger.provenance.vocabularies._table import Table

__all__ = ["VOCABULARY"]

VOCABULARY = Table(
    name="agent-trace",
    said={"A0": "human", "A1": "mixed", "A2": "mixed", "A3": "ai", "A4": "ai"},
    reads={"human": "A0", "mixed": "A2", "ai": "A3", "unknown": "AX"},
    silent={},
)
