"""Why something existed by a date. One file per type of evidence; each defines EVIDENCE.

The level is computed from type and outcome when it is asked for, and never stored. Its table
stands here and not in the checkers, because recomputing a log's facts must load no plug-in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from ledger.corpus.readers import DEFAULTS, ReadOptions
from ledger.errors import RefusedError, UnknownNameError, printable
from ledger.registry import find

__all__ = [
    "BY_NAME",
    "CHECKED_LEVELS",
    "Checker",
    "Evidence",
    "NotCheckedError",
    "Reading",
    "check",
    "checkers",
    "level",
    "short",
]

Binding = Literal["exact_bytes", "container_member", "derived", "url_only"]
Outcome = Literal["checked", "asserted", "failed"]

CHECKED_LEVELS: Mapping[str, int] = {
    "crawl_index": 4,
    "git_tag": 2,
    "openpgp_release": 3,
    "registry_release": 3,
    "rfc3161": 5,
}
"""E-level of each type whose date was checked. A type not listed is worth what a claim is: 1."""

ASSERTED = 1
FAILED = 0


class NotCheckedError(RefusedError):
    """Nothing was refuted: what the check needs is not at hand (a pin, a program)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a checker found. `existed_by` (Unix seconds) is an upper bound, never a creation date.

    `outcome` is about the date: `checked` against the proof, `asserted` by the subject itself.
    `response_digest` is the SHA-256 of the stored proof, `response` its bytes. `documents` names
    single documents, or the files they lie in, by SHA-256, with a date each; then `existed_by` is
    of the input as a whole, None where the evidence does not cover all of it.
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
    documents: Mapping[bytes, int] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How an input is read, which decides its digest and its documents. No reader: by its name.

    `only`, a glob, restricts the evidence to those files of a folder.
    """

    reader: str | None = None
    options: ReadOptions = field(default=DEFAULTS)
    only: str | None = None


BY_NAME = Reading()


class Checker(Protocol):
    """Checks one type of evidence.

    One that needs nothing but its pins may also define `alone = True`: it is then looked for on
    every input when those pins are given; and `check_pins(pins)`, which raises InputError for one
    that cannot be read, whatever the inputs.
    """

    @property
    def name(self) -> str:
        """The `type` an `[[evidence]]` table names."""
        ...

    @property
    def version(self) -> int:
        """Raised with every change of what is found for the same bytes."""
        ...

    @property
    def proof_setting(self) -> str | None:
        """The setting that takes a file with what `Evidence.response` held, to check it again."""
        ...

    @property
    def pins(self) -> tuple[str, ...]:
        """Settings that say whom to trust: given anew for each check, never part of the proof."""
        ...

    def check(
        self,
        path: Path,
        settings: Mapping[str, str],
        base: Path = Path(),
        reading: Reading = BY_NAME,
    ) -> Evidence:
        """Evidence about the input at `path`; relative paths in `settings` are below `base`.

        Raises VerificationError where the proof contradicts the input, its UntrustedSignerError
        where only the pin and the signer differ, InputError where it cannot be read,
        NotCheckedError where a pin or a program is missing.
        """
        ...


def level(type: str, outcome: str) -> int:
    """The evidence level, 0 (inferred or failed) to 5, of a claim of this type and outcome."""
    if outcome == "checked":
        return CHECKED_LEVELS.get(type, ASSERTED)
    return ASSERTED if outcome == "asserted" else FAILED


def short(text: str) -> str:
    """Untrusted text as a claim's short string, such as an issuer: printable, 1 to 200 long."""
    return printable(text.strip(), 190) or "unnamed"


def checkers() -> dict[str, Checker]:
    """Every checker by the type of evidence it checks."""
    return find("ledger.corpus.evidence", "EVIDENCE")


def check(
    type: str,
    path: Path,
    settings: Mapping[str, str],
    base: Path = Path(),
    reading: Reading = BY_NAME,
) -> Evidence:
    """Have the checker of `type` look. Raises UnknownNameError and what the checker raises."""
    known = checkers()
    if type not in known:
        raise UnknownNameError("type of evidence", type, known)
    return known[type].check(path, settings, base, reading)
