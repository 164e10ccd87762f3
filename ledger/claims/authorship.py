"""authorship: who or what wrote a document. Subject: the document, by its exact bytes."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ledger.claims.fields import Body, Digest, Seconds, Short

__all__ = ["Authorship", "Convention"]

Convention = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
_Ppm = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class Authorship(Body):
    """`assistance`: A0 none … A4 autonomous, AX unknown. `ai_ppm`: AI share, parts per million.

    `spans` digests an attachment that lists the byte ranges spoken of; they cover `covered_ppm` of
    the bytes, rounded down. Without them the claim is about the whole document. `evidence` is how
    whoever recorded it knows; absent is `declared`. A signature is not spelled here: it is there or
    it is not. `convention` is the form it was read from; `weight` is present where that form says
    little by itself. `reviewed`: a person read the AI's text and answers for it. `repeats` is the
    claim about another rendering of the same text that this one repeats. `normal` digests the
    normal form of the text, by which such a rendering is known.
    """

    assistance: Literal["A0", "A1", "A2", "A3", "A4", "AX"]
    author: Digest | None = None  # commitment, or absent: the actor speaks of no one else
    model: Short | None = None
    ai_ppm: _Ppm | None = None
    issued_at: Seconds | None = None
    supersedes: Digest | None = None
    spans: Digest | None = None
    covered_ppm: _Ppm | None = None
    evidence: Literal["observed", "imported"] | None = None
    convention: Convention | None = None
    weight: Literal["medium", "weak"] | None = None
    reviewed: bool | None = None
    repeats: Digest | None = None
    normal: Digest | None = None
