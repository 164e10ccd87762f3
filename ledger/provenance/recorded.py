"""What is recorded of one kind, and which documents are among an attachment's members."""

from ledger.claims import Policy as PolicyBody
from ledger.log.canonical import Entry, subject_of
from ledger.log.log import Log
from ledger.log.record import Claim, live, record
from ledger.provenance.rules import Policy

__all__ = ["claims", "holds", "live_claims", "record_policy"]

_WIDTH = 32


def claims(log: Log, kind: str) -> list[tuple[int, Entry]]:
    """The entries of a kind other than `origin`, withdrawn ones too, in the log's order."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = ? ORDER BY idx", (kind,)
    ).fetchall()
    return [(int(index), log.entry(index)) for (index,) in rows]


def live_claims(log: Log, kind: str) -> list[tuple[int, Entry]]:
    """The unwithdrawn ones of claims."""
    found = claims(log, kind)
    alive: set[int] = set()
    for subject in {entry.subject for _, entry in found}:
        about = live([(index, log.entry(index)) for index in log.find(subject)])
        alive.update(index for index, _ in about)
    return [(index, entry) for index, entry in found if index in alive]


def holds(members: bytes, digest: bytes) -> bool:
    """Whether a digest is among sorted ones, 32 bytes each, one after the other."""
    low, high = 0, len(members) // _WIDTH
    while low < high:
        middle = (low + high) // 2
        if members[_WIDTH * middle : _WIDTH * (middle + 1)] < digest:
            low = middle + 1
        else:
            high = middle
    return members[_WIDTH * low : _WIDTH * (low + 1)] == digest


def record_policy(log: Log, policy: Policy) -> None:
    """Record that labels were made by a policy, with its text in the vault, unless that stands."""
    number = str(policy.version)
    body = PolicyBody(name=policy.name, version=number, source=policy.digest)
    claim = Claim("policy", subject_of("policy", policy.name, number), body)
    record(log, [claim], attachments=[policy.source])
