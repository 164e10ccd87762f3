"""key: a public key and its one use. Subject: SHA-256 of canonical {kind, name, version = vkey}."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from ledger.claims.fields import Body, Digest, Short

__all__ = ["Key", "KeyUse"]

KeyUse = Literal["log", "statement", "claim", "provider", "seal"]


class Key(Body):
    """`vkey` is the C2SP verifier key, whose name and P-256 key may need more than a Short.

    `person` is a commitment to whose key it is: name and address lie in the vault, erasable.
    """

    name: Short
    use: KeyUse
    vkey: Annotated[
        str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")
    ]
    person: Digest | None = None
