"""watermark: a mark was found in a document. Subject: the document, by its exact bytes.

Absence is no claim: that a mark was looked for and not found is said by the scan.
"""

from typing import Annotated, Literal

from pydantic import Field

from ledger.claims.fields import Body, Count, Digest, Short

__all__ = ["Watermark", "WatermarkPrivate"]


class WatermarkPrivate(Body):
    """A salted commitment to what nobody else may learn of a non-public key's detector."""

    result: Digest


class Watermark(Body):
    """A registered mark (`mark` is its subject, `state` the claim that described it), or `unicode`.

    `vectors` digests the conformance vectors that the detector had reproduced with the key. p is of
    this document and this mark alone; `keys` is how many marks were looked for, by which a policy
    corrects it. A public key's claim says `neg_log10_p_milli` (rounded down) and `statistic`; any
    other says `bucket_milli`, the largest of 5000, 6000, 9000 and 12000 that the corrected value
    reaches, and commits to the rest. `alpha_milli` is the level that `decision` was made at.
    """

    detector: Short
    decision: Literal["detected", "below_alpha", "found"]
    mark: Digest | None = None
    state: Digest | None = None
    vectors: Digest | None = None
    tokenizer: Digest | None = None
    tokens: Count | None = None
    counted: Count | None = None
    keys: Annotated[int, Field(strict=True, ge=1, lt=2**31)] | None = None
    alpha_milli: Count | None = None
    statistic: Short | None = None
    neg_log10_p_milli: Count | None = None
    bucket_milli: Count | None = None
    private: WatermarkPrivate | None = None
    unicode: Short | None = None  # a kind of Unicode mark, which no key is behind
    marks: Count | None = None  # how many of that kind
    spans: Digest | None = None  # where it lies, an attachment in the vault
