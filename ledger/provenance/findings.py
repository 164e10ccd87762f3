"""What came out when evidence was checked again: one finding a piece, for people and programs."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.corpus.evidence import Evidence, level
from ledger.errors import LedgerError
from ledger.log.canonical import Entry
from ledger.provenance.conditions import seconds
from ledger.provenance.evidence import Dated, Proven
from ledger.provenance.policy import DEFAULT_CUTOFF

__all__ = [
    "NOTHING",
    "NOT_CHECKED",
    "OTHER_SIGNER",
    "Finding",
    "Verified",
    "found",
    "said",
    "told",
    "unavailable",
]

NOT_CHECKED = "not checked"
OTHER_SIGNER = "not checked: signed by somebody the given pin does not name"
NOTHING = "none"  # the type of a finding about an input without evidence


@dataclass(frozen=True)
class Finding:
    """What came out for one piece of evidence.

    `outcome` is checked, asserted, failed, NOT_CHECKED or OTHER_SIGNER; `documents` counts the
    documents or files it is about, 0: the whole input. `entry` is the first claim it was recorded
    by, None for new evidence; `changed`: whether that is no longer what the log says.
    """

    input: str
    digest: str
    type: str
    level: int
    outcome: str
    binding: str
    existed_by: int | None
    issuer: str | None
    documents: int
    why: str
    entry: int | None
    changed: bool


@dataclass(frozen=True)
class Verified:
    """Everything `dataset evidence verify` says. `recorded` counts new entries.

    `before` counts the dates before the usual cut-off only.
    """

    dataset: str
    findings: tuple[Finding, ...]
    recorded: int
    dated: Dated
    before: Dated

    def count(self, outcome: str) -> int:
        """Pieces of evidence with this outcome."""
        return sum(finding.outcome == outcome for finding in self.findings)


def found(
    place: str, digest: bytes, evidence: Evidence, entry: int | None, changed: bool
) -> Finding:
    """Evidence as a checker gave it just now."""
    dates = [*(evidence.documents or {}).values()]
    date = evidence.existed_by if evidence.existed_by is not None else max(dates, default=None)
    failed = evidence.outcome == "failed"
    return Finding(
        input=place,
        digest=f"sha256:{digest.hex()}",
        type=evidence.type,
        level=level(evidence.type, evidence.outcome),
        outcome=evidence.outcome,
        binding=evidence.binding,
        existed_by=None if failed else date,
        issuer=evidence.issuer,
        documents=len(evidence.documents or ()),
        why=evidence.detail + _too_late(date),
        entry=entry,
        changed=changed,
    )


def told(
    place: str,
    proven: Proven,
    outcome: str,
    why: str,
    claims: Sequence[tuple[int, Entry]] | None = None,
    changed: bool = False,
) -> Finding:
    """A recorded piece, or some of its claims, that no checker confirmed."""
    claims = proven.claims if claims is None else claims
    index, entry = claims[0]
    dates = [int(e.body["existed_by"]) for _, e in claims if "existed_by" in e.body]
    failed = outcome == "failed"
    return Finding(
        input=place,
        digest=proven.input,
        type=proven.type,
        level=0 if failed else level(proven.type, str(entry.body["outcome"])),
        outcome=outcome,
        binding=str(entry.body["binding"]),
        existed_by=None if failed else max(dates, default=None),
        issuer=entry.body.get("issuer"),
        documents=sum(e.subject != proven.input for _, e in claims),
        why=why,
        entry=index,
        changed=changed,
    )


def unavailable(
    place: str, digest: bytes, type: str, why: str, outcome: str = NOT_CHECKED
) -> Finding:
    """New evidence that could not be looked at."""
    name = f"sha256:{digest.hex()}"
    return Finding(place, name, type, 0, outcome, "exact_bytes", None, None, 0, why, None, False)


def said(error: LedgerError) -> str:
    """An error and what to do about it, as a reason."""
    return f"{error} ({error.hint})" if error.hint else str(error)


def _too_late(existed_by: int | None) -> str:
    """A date from the cut-off on proves no text older than it, whatever its level."""
    if existed_by is None or existed_by < seconds(DEFAULT_CUTOFF):
        return ""
    return f"; not before the cut-off {DEFAULT_CUTOFF}, so it shows no text to be older than that"
