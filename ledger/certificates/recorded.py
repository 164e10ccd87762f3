"""What the log and its vault hold of certificates: earlier ones, and the policies they name."""

from collections.abc import Callable
from datetime import date
from typing import Any

from ledger.claims import Policy as PolicyBody
from ledger.log.canonical import parse_digest, subject_of
from ledger.log.log import Log
from ledger.log.record import Claim, live, record
from ledger.provenance.labels import basis_words, label_words
from ledger.provenance.policy import builtin_policies, parse_policy
from ledger.provenance.rules import Policy, fill

__all__ = ["attachments_of", "certificates_of", "find_policy", "policy_shown", "record_policy"]


def attachments_of(log: Log) -> Callable[[bytes], bytes | None]:
    """What the vault has under a digest; None where it, or all of it, is withheld."""
    vault = log.vault
    return (lambda _digest: None) if vault is None else vault.attachment


def certificates_of(log: Log, dataset: str) -> list[int]:
    """Entries of the dataset's unwithdrawn certificates, newest first."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'certificate' ORDER BY idx DESC"
    ).fetchall()
    found = []
    for (index,) in rows:
        entry = log.entry(index)
        if entry.body.get("dataset") == dataset and _alive(log, index, entry.subject):
            found.append(int(index))
    return found


def _alive(log: Log, index: int, subject: str) -> bool:
    about: list[tuple[int, Any]] = [(i, log.entry(i)) for i in log.find(subject)]
    return any(i == index for i, _ in live(about))


def record_policy(log: Log, policy: Policy) -> None:
    """Record that a policy is in use, with its text in the vault, unless that stands already."""
    version = str(policy.version)
    body = PolicyBody(name=policy.name, version=version, source=policy.digest)
    claim = Claim("policy", subject_of("policy", policy.name, version), body)
    record(log, [claim], attachments=[policy.source])


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
