"""Why something existed by a date. One file per type of evidence; each defines EVIDENCE.

The level is computed from type and outcome when it is asked for, and never stored. Its table
stands here and not in the checkers, because recomputing a log's facts must load no plug-in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from ledger.errors import UnknownNameError
from ledger.registry import find

__all__ = ["CHECKED_LEVELS", "Checker", "Evidence", "check", "checkers", "level"]

Binding = Literal["exact_bytes", "container_member", "derived", "url_only"]
Outcome = Literal["checked", "asserted", "failed"]

CHECKED_LEVELS: Mapping[str, int] = {
    "registry_release": 3,
}
"""E-level of each type whose date was checked. A type not listed is worth what a claim is: 1."""

ASSERTED = 1
FAILED = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a checker found. `existed_by` (Unix seconds) is an upper bound, never a creation date.

    `outcome` is about the date: `checked` against the proof, `asserted` by the subject itself.
    `response_digest` is the SHA-256 of the stored proof, `response` its bytes.
    """

    type: str
    binding: Binding
    outcome: Outcome
    checker: str
    detail: str
    existed_by: int | None = None
    issuer: str | None = None
    response_digest: bytes | None = None
    response: bytes | None = None


class Checker(Protocol):
    """Checks one type of evidence."""

    @property
    def name(self) -> str:
        """The `type` an `[[evidence]]` table names."""
        ...

    def check(self, path: Path, settings: Mapping[str, str], base: Path = Path()) -> Evidence:
        """Evidence about the input at `path`; relative paths in `settings` are below `base`.

        Raises VerificationError where the proof contradicts the input, InputError where it
        cannot be read.
        """
        ...


def level(type: str, outcome: str) -> int:
    """The evidence level, 0 (inferred or failed) to 5, of a claim of this type and outcome."""
    if outcome == "checked":
        return CHECKED_LEVELS.get(type, ASSERTED)
    return ASSERTED if outcome == "asserted" else FAILED


def checkers() -> dict[str, Checker]:
    """Every checker by the type of evidence it checks."""
    return find("ledger.corpus.evidence", "EVIDENCE")


def check(type: str, path: Path, settings: Mapping[str, str], base: Path = Path()) -> Evidence:
    """Have the checker of `type` look. Raises UnknownNameError and what the checker raises."""
    known = checkers()
    if type not in known:
        raise UnknownNameError("type of evidence", type, known)
    return known[type].check(path, settings, base)
