"""key: a public key and its one use. Subject: SHA-256 of canonical {kind, name, version = vkey}."""

from typing import Literal

from ledger.claims.fields import Body, Short

__all__ = ["Key", "KeyUse"]

KeyUse = Literal["log", "statement", "claim", "provider", "seal"]


class Key(Body):
    """`vkey` is the C2SP verifier key."""

    name: Short
    use: KeyUse
    vkey: Short
