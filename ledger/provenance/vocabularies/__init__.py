"""What we know, in the words of others, and back. One file a vocabulary; each defines VOCABULARY.

`say` is total: every combination of label, basis, assistance, channel and review gives a term or
the reason why there is none. Only what somebody declared or signed is said of a document: a mark
or a classifier's result is inference, and inference is reported as statistics, never as a
statement by whoever made the text. `read` turns a term back. Where a term covers several degrees
it reads as the greater one, so reading back never takes AI away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from ledger.errors import UnknownNameError

__all__ = [
    "ASSISTANCE",
    "Degree",
    "Known",
    "Said",
    "Vocabulary",
    "find_vocabulary",
    "source_claim",
    "vocabularies",
]

ASSISTANCE = ("A0", "A1", "A2", "A3", "A4", "AX")
_INFERRED = {"marked": "a watermark was detected", "classified": "a classifier's result"}


@dataclass(frozen=True)
class Known:
    """What is known of a document: its label and basis, and what its live claims state.

    `reviewed`: whether a person answers for the AI's text; None if nobody said.
    """

    label: str
    basis: str
    assistance: str
    channel: str
    reviewed: bool | None = None


@dataclass(frozen=True)
class Said:
    """A term, or None and `why` there is none; with a term, `why` is empty."""

    term: str | None
    why: str = ""


@dataclass(frozen=True)
class Degree:
    """What a term states: A0 … A4 or AX, and whether it was reviewed; None if it does not say."""

    assistance: str
    reviewed: bool | None = None


class Vocabulary(Protocol):
    """Terms that others use for who wrote a text."""

    @property
    def name(self) -> str:
        """As in `--as`, lower case."""
        ...

    @property
    def terms(self) -> tuple[str, ...]:
        """Every term that is ever said."""
        ...

    @property
    def of_authorship(self) -> bool:
        """Whether a term states who wrote the text; if not, it says how it was obtained."""
        ...

    def say(self, known: Known) -> Said:
        """The term for what is known. Total."""
        ...

    def read(self, term: str) -> Degree | None:
        """What a term states of authorship; None for a term that is not of this vocabulary."""
        ...


@cache
def vocabularies() -> Mapping[str, Vocabulary]:
    """Every vocabulary by name, ours and those of installed plug-ins."""
    from ledger.registry import find

    return find(__name__, "VOCABULARY")


def find_vocabulary(name: str) -> Vocabulary:
    """The vocabulary of that name. Raises UnknownNameError."""
    known = vocabularies()
    if name not in known:
        raise UnknownNameError("vocabulary", name, known)
    return known[name]


def source_claim(known: Known) -> Said:
    """The assistance that may be stated of a document as its maker's own word, or why none may.

    The gate that every vocabulary of authorship passes.
    """
    if known.basis in _INFERRED:
        return Said(None, f"{_INFERRED[known.basis]} is inference, not a statement of its maker")
    if known.label == "synthetic_suspected":
        return Said(None, "a suspicion is not a statement of its maker")
    if known.assistance not in ASSISTANCE or known.assistance == "AX":
        return Said(None, "nobody stated how it was written")
    by_ai = known.assistance in ("A2", "A3", "A4")
    if known.label == "synthetic_known" and not by_ai:
        return Said(None, "stated as written by a person, and as AI-generated: a conflict")
    if known.label == "human_verified" and by_ai:
        return Said(None, "stated as AI-generated, and attested as a person's: a conflict")
    return Said(known.assistance)
