"""review: what a person decided of a document after reading it. Subject: the document."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ledger.claims.fields import Body, Digest, Seconds

__all__ = ["Review"]

_Ppb = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
_Tool = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]


class Review(Body):
    """`task` is SHA-256 of canonical {document, draw, mode}; `reviewer` that of the reviewer's
    verifier key, so one person is one reviewer under whatever name.

    `mode` says why the document was asked about, `draw` by what it was drawn and `inclusion_ppb`
    with which chance, in parts per billion; without them it was not drawn. `stage`: before and
    after the evidence was shown, or a third person's word where two disagree. `source` digests what
    was found outside the text, `because` the reasons in words: attachments in the vault. `tool` is
    the other program in which it was decided; its `reviewer` is a commitment to a name, and it
    counts in statistics only.
    """

    task: Digest
    reviewer: Digest
    mode: Literal["audit", "complaint", "conflict", "held", "uncertain"]
    stage: Literal["blind", "informed", "adjudication"]
    decision: Literal["human", "ai", "mixed", "unsure"]
    reason: Literal[
        "known_source", "author_known", "process_seen", "style", "factual", "artefact", "other"
    ]
    draw: Digest | None = None
    inclusion_ppb: _Ppb | None = None
    source: Digest | None = None
    because: Digest | None = None
    issued_at: Seconds | None = None
    supersedes: Digest | None = None
    tool: _Tool | None = None
