"""What a person is asked to read, and how far people have come with it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from ledger.claims import Review
from ledger.log.canonical import Entry, encode
from ledger.provenance.reviewed import ADJUDICATION

__all__ = ["DECISIONS", "MODES", "PPB", "REASONS", "Progress", "Task", "progress_of", "side_of"]

PPB = 1_000_000_000

MODES = ("conflict", "held", "uncertain", "audit", "complaint")
"""Why a document is asked about, in the order in which they are."""


def _choices(field: str) -> tuple[str, ...]:
    return tuple(getattr(Review.model_fields[field].annotation, "__args__", ()))


DECISIONS, REASONS = _choices("decision"), _choices("reason")


@dataclass(frozen=True)
class Task:
    """One document to read, asked about for one reason.

    `draw` digests what it was drawn by, with a chance of `inclusion_ppb` parts per billion; both
    None where it was not drawn. `stratum` is a place among the draw's strata.
    """

    document: str
    mode: str
    draw: str | None = None
    inclusion_ppb: int | None = None
    stratum: int = 0

    @property
    def identity(self) -> str:
        """SHA-256 of canonical {document, draw, mode}; draw is empty where there is none."""
        parts = {"document": self.document, "draw": self.draw or "", "mode": self.mode}
        return f"sha256:{sha256(encode(parts)).hexdigest()}"


@dataclass(frozen=True)
class Progress:
    """How far a document is: `status` is open, disputed or settled.

    `decided` people decided, `unsure` ones not counted. `side` is human or ai, what those who
    decided agree on or who adjudicated says, None where they disagree or there is nobody.
    """

    status: str
    decided: int
    side: str | None


def side_of(decision: str) -> str | None:
    """Whether AI wrote any of it: `mixed` is on the side of `ai`; None for `unsure`."""
    return {"human": "human", "ai": "ai", "mixed": "ai"}.get(decision)


def progress_of(standing: Iterable[Entry]) -> Progress:
    """From the review claims that stand about a document, one a reviewer, ascending.

    Two who agree settle it; where two disagree, a third does.
    """
    bodies = [entry.body for entry in standing]
    sides = [side for body in bodies if (side := side_of(str(body["decision"]))) is not None]
    final = [
        side
        for body in bodies
        if body["stage"] == ADJUDICATION and (side := side_of(str(body["decision"]))) is not None
    ]
    if final:
        return Progress("settled", len(sides), final[-1])
    if len(set(sides)) > 1:
        return Progress("disputed", len(sides), None)
    return Progress(
        "settled" if len(sides) > 1 else "open", len(sides), sides[0] if sides else None
    )
