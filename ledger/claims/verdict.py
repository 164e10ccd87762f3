"""verdict: what a detector says of a document. Subject: the document, by its exact bytes.

Evidence beside others, never more: it counts for a label only where a calibration on known human
text stands behind it, and then for a suspicion.
"""

from typing import Annotated, Literal

from pydantic import Field

from ledger.claims.fields import Body, Count, Digest, Short

__all__ = ["Ppm", "Verdict"]

Ppm = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class Verdict(Body):
    """`source` is `headwater` or the vendor whose result this is; `stated` is the vendor's word.

    `profile` is the subject of the calibration profile that the score was ranked in, `calibration`
    the claim that made it. `p_human_ppm` is the
    share of its human documents, this one counted, that score as high or higher; `p_ai_ppm` the
    share of its AI documents that score as low or lower. `q_ppm` is the least level of false
    discoveries, over all documents of the run, at which this one is still found.
    """

    source: Short
    detector: Short
    version: Short
    outcome: Literal["like_ai_sample", "unlike_ai_sample", "uncertain", "insufficient_text"]
    score_milli: Annotated[int, Field(strict=True, gt=-(2**31), lt=2**31)]
    weights: Digest | None = None
    profile: Digest | None = None
    calibration: Digest | None = None
    words: Count | None = None
    p_human_ppm: Ppm | None = None
    p_ai_ppm: Ppm | None = None
    q_ppm: Ppm | None = None
    stated: Short | None = None
    file: Digest | None = None  # a vendor's results, as they were read
