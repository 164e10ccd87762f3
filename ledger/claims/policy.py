"""policy: a label policy in use. Subject: SHA-256 of canonical {kind, name, version}."""

from ledger.claims.fields import Body, Digest, Seconds, Short

__all__ = ["Policy"]


class Policy(Body):
    """Name and version are those in the TOML. One with `issued_at`, signed by a statement key, says
    that from then on labels are given by it where nobody names another.
    """

    name: Short
    version: Short
    source: Digest  # SHA-256 of the policy's TOML, an attachment in the vault
    issued_at: Seconds | None = None
