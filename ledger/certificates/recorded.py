"""What the log and its vault hold of certificates: earlier ones, and the policies they name."""

from collections.abc import Callable
from datetime import date
from typing import Any

from ledger.log.canonical import parse_digest
from ledger.log.log import Log
from ledger.provenance.labels import basis_words, label_words
from ledger.provenance.policy import builtin_policies, parse_policy
from ledger.provenance.recorded import live_claims
from ledger.provenance.rules import Policy, fill

__all__ = ["attachments_of", "certificates_of", "find_policy", "policy_shown"]


def attachments_of(log: Log) -> Callable[[bytes], bytes | None]:
    """What the vault has under a digest; None where it, or all of it, is withheld."""
    vault = log.vault
    return (lambda _digest: None) if vault is None else vault.attachment


def certificates_of(log: Log, subject: str | bytes) -> list[int]:
    """Entries of unwithdrawn certificates, newest first.

    `subject` is a dataset, or the digest of a manifest's statement.
    """
    field, about = "dataset", subject
    if isinstance(subject, bytes):
        field, about = "manifest", f"sha256:{subject.hex()}"
    found = live_claims(log, "certificate")
    return [index for index, entry in reversed(found) if entry.body.get(field) == about]


def find_policy(log: Log, digest: str) -> Policy | None:
    """The policy of these bytes, ours or from the vault; None if its text is withheld."""
    for policy in builtin_policies():
        if policy.digest == digest:
            return policy
    source = None if log.vault is None else log.vault.attachment(parse_digest(digest))
    return None if source is None else parse_policy(source, f"policy {digest}")


def policy_shown(policy: Policy, cutoff: date) -> dict[str, Any]:
    """The policy as a certificate prints it: every rule in words, with the cut-off put in."""
    return {
        "cutoff": cutoff.isoformat(),
        "digest": policy.digest,
        "name": policy.name,
        "rules": [
            {
                "basis": rule.basis,
                "label": rule.label,
                "number": rule.number,
                "shown": label_words(policy, rule.label, rule.basis),
                "why": basis_words(rule.basis, cutoff),
                "words": fill(rule.words, cutoff),
            }
            for rule in policy.rules
        ],
        "title": policy.title,
        "version": str(policy.version),
    }
