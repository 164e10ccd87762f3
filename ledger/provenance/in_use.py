"""The policy that a ledger labels by: the newest that its statement key signed as being in use."""

from dataclasses import dataclass

from ledger.claims import Policy as PolicyBody
from ledger.errors import InputError, RefusedError, printable
from ledger.log.canonical import Entry, parse_digest, subject_of
from ledger.log.log import Log
from ledger.log.record import Claim, live, record
from ledger.provenance.named import NamedKey, named_keys
from ledger.provenance.opening import statement_key_name
from ledger.provenance.policy import builtin_policies, load_policy, parse_policy
from ledger.provenance.rules import Policy
from ledger.provenance.signing import attested, sign_claim

__all__ = ["Used", "choose_policy", "policy_in_use", "use_policy"]


@dataclass(frozen=True)
class Used:
    """A policy in use, by the entry that says so; `new` is False if it was in use before."""

    policy: Policy
    index: int
    new: bool


def choose_policy(log: Log, reference: str | None) -> Policy:
    """The policy of that name or file; without one that in use, else the default.

    Raises as load_policy, and RefusedError where the vault withholds the one in use.
    """
    if reference is not None:
        return load_policy(reference)
    used = policy_in_use(log)
    return load_policy() if used is None else used.policy


def policy_in_use(log: Log) -> Used | None:
    """The newest live policy claim that is a decision, signed by a statement key that the log named
    before and had not taken back; None if nobody decided. Raises RefusedError where the vault
    withholds its text.
    """
    keys = _statement_keys(log)
    for index, entry in reversed(_entries(log, "policy")):
        if "issued_at" in entry.body and attested(index, entry, keys) and _stands(log, index):
            return Used(_text_of(log, str(entry.body["source"]), index), index, False)
    return None


def use_policy(log: Log, reference: str) -> Used:
    """Label by this policy from now on, where nobody names another: signed and recorded.

    Raises as load_policy; InputError where the log knows another text by its name and version,
    RefusedError without a statement key that stands, and what appending raises.
    """
    policy = load_policy(reference)
    version = str(policy.version)
    subject = subject_of("policy", policy.name, version)
    for index, entry in live([(index, log.entry(index)) for index in log.find(subject)]):
        if entry.kind == "policy" and entry.body["source"] != policy.digest:
            raise InputError(
                f"{policy.reference}: found {policy.digest}, entry {index} has it as "
                f"{printable(entry.body['source'])}",
                hint="give the changed policy another version",
            )
    used = policy_in_use(log)
    if used is not None and used.policy.digest == policy.digest:
        return used
    name = statement_key_name(log.log_name)
    signer = log.keys.signer("statement", name, log.log_vkeys("statement"))
    known = _statement_keys(log).get(signer.verifier.label)
    if known is None or known.revoked:
        raise RefusedError(
            f"{log.location}: statement key {printable(signer.verifier.label)} was taken back, "
            "expected one that the log names"
        )
    at = log.clock()
    if used is not None:  # twice in a second is not the same decision
        at = max(at, int(log.entry(used.index).body["issued_at"]) + 1)
    body = PolicyBody(name=policy.name, version=version, source=policy.digest, issued_at=at)
    sigs = (sign_claim(signer, "policy", subject, body.plain()),)
    claim = Claim("policy", subject, body, sigs=sigs)
    (recorded,) = record(log, [claim], attachments=[policy.source])
    return Used(policy, recorded.index, True)


def _statement_keys(log: Log) -> dict[str, NamedKey]:
    return named_keys([*_entries(log, "key"), *_entries(log, "withdrawal")], "statement")


def _entries(log: Log, kind: str) -> list[tuple[int, Entry]]:
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = ? ORDER BY idx", (kind,)
    ).fetchall()
    return [(int(index), log.entry(int(index))) for (index,) in rows]


def _stands(log: Log, index: int) -> bool:
    subject = log.entry(index).subject
    about = [(place, log.entry(place)) for place in log.find(subject)]
    return any(place == index for place, _ in live(about))


def _text_of(log: Log, digest: str, index: int) -> Policy:
    for policy in builtin_policies():
        if policy.digest == digest:
            return policy
    source = None if log.vault is None else log.vault.attachment(parse_digest(digest))
    if source is None:
        raise RefusedError(
            f"entry {index}: the vault withholds the policy in use, {digest}",
            hint="--policy NAME|FILE names another",
        )
    return parse_policy(source, f"policy {digest}")
