"""authorship: who or what wrote a document. Subject: the document."""

from typing import Annotated, Literal

from pydantic import Field

from ledger.claims.fields import Body, Digest, Seconds, Short

__all__ = ["Authorship"]


class Authorship(Body):
    """`assistance`: A0 none … A4 autonomous, AX unknown. `ai_ppm`: AI share, parts per million."""

    assistance: Literal["A0", "A1", "A2", "A3", "A4", "AX"]
    author: Digest | None = None  # commitment, or absent: the actor speaks of no one else
    model: Short | None = None
    ai_ppm: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None = None
    issued_at: Seconds | None = None
    supersedes: Digest | None = None
