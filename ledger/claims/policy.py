"""policy: a label policy in use. Subject: SHA-256 of canonical {kind, name, version}."""

from ledger.claims.fields import Body, Digest, Short

__all__ = ["Policy"]


class Policy(Body):
    """Name and version are those in the TOML."""

    name: Short
    version: Short
    source: Digest  # SHA-256 of the policy's TOML, an attachment in the vault
