"""takedown: a document must not be used any more. Subject: the document."""

from typing import Literal

from ledger.claims.fields import Body, Digest

__all__ = ["Takedown"]


class Takedown(Body):
    """The document stays recorded; what is sealed or selected from now on leaves it out."""

    reason: Literal["rights_holder", "privacy", "legal", "error", "other"]
    because: Digest | None = None  # in words, an attachment in the vault
