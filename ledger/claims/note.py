"""note: what a tool attached to a commit, as it was uploaded. Subject: {commit, name, version}."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from ledger.claims.fields import Body, Count, Digest

__all__ = ["Commit", "Note"]

Commit = Annotated[str, StringConstraints(pattern=r"^([0-9a-fA-F]{40}|[0-9a-fA-F]{64})$")]


class Note(Body):
    """`note` digests the bytes, an attachment, of which nothing is read here; `supersedes` is the
    claim about the same commit that stood before.
    """

    commit: Commit
    convention: Literal["git_ai"] = "git_ai"
    note: Digest
    bytes: Count
    supersedes: Digest | None = None
