"""withdrawal: its actor takes back a claim. Subject: the subject of the withdrawn claim."""

from ledger.claims.fields import Body, Digest, Short

__all__ = ["Withdrawal"]


class Withdrawal(Body):
    """`claim` is the id of what is taken back; it counts for entries before this one."""

    claim: Digest
    reason: Short | None = None
