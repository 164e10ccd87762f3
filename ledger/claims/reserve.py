"""reserve: dated documents were sealed with their text. Subject: {reserve, name, version}."""

from typing import Annotated, Literal

from pydantic import Field

from ledger.claims.fields import Body, Count, Digest, Short

__all__ = ["Reserve"]


class Reserve(Body):
    """`size` and `root` are the log the selection is as of; `parent` the root it supersedes.

    `sums` digests content/SHA256SUMS, `statement` the signed payload, `members` the sorted 32-byte
    digests one after the other; the vault holds the latter two.
    """

    name: Short
    version: Annotated[int, Field(strict=True, ge=1, lt=2**31)]
    stage: Literal["any", "final"]  # final: an anchor, for the last stage of training only
    content_root: Digest
    documents: Count
    bytes: Count
    sums: Digest
    statement: Digest
    members: Digest
    size: Count
    root: Digest
    parent: Digest | None = None
