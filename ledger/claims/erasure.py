"""erasure: what the vault knew of a person was destroyed. Subject: what it was known of."""

from ledger.claims.fields import Body, Digest, Short

__all__ = ["Erasure"]


class Erasure(Body):
    """`scope` is the scope whose key is gone, in SHA-256's spelling: nothing that was committed to
    under it can be opened again.
    """

    scope: Digest
    reason: Short | None = None
