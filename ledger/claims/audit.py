"""audit: what a measurement of a whole dataset came to. Subject: {dataset, name, version}.

`contamination`: which share of a dataset resembles AI text. `batches`: which batches of it, in the
order in which they are trained on, differ from known human text.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ledger.claims.fields import Body, Count, DatasetName, Digest, Short
from ledger.claims.verdict import Ppm

__all__ = ["Audit", "BatchAudit", "ContaminationAudit"]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]


class ContaminationAudit(Body):
    """Shares in parts per million, intervals at 95 %. `documents` are in the dataset, `measurable`
    of them could be measured, `sampled` were.

    `flagged` of the sampled scored above `cut_milli`, as `human_above` of `human` and `ai_above` of
    `ai` calibration documents did. `mixture_*` is a second estimate of the same by another method.
    `bound_ppm` is the share if everything that could not be measured were AI text. `reviewed`
    decisions of people were folded in. `gate` compares estimate and upper end with the two levels.
    `known_human` documents existed before AI text of the kind did, by date: neither measured nor
    unmeasured. `human_source` names the known human text that it rests on, a source of the
    calibration; `own_source` says that this is text of the dataset itself.
    """

    documents: Count
    measurable: Count
    sampled: Count
    unmeasured: dict[Name, Count]  # by reason
    cut_milli: Annotated[int, Field(strict=True, gt=-(2**31), lt=2**31)]
    flagged: Count
    human: Count
    human_above: Count
    ai: Count
    ai_above: Count
    estimate_ppm: Ppm
    low_ppm: Ppm
    high_ppm: Ppm
    bound_ppm: Ppm
    level_ppm: Ppm
    upper_level_ppm: Ppm
    gate: Literal["passed", "failed"]
    mixture_ppm: Ppm | None = None
    mixture_low_ppm: Ppm | None = None
    mixture_high_ppm: Ppm | None = None
    reviewed: Count | None = None
    known_human: Count | None = None
    human_source: Short | None = None
    own_source: Literal[True] | None = None


class BatchAudit(Body):
    """`held` of `batches` were held for review, by `reasons`; `alpha_ppm` is the level of a batch's
    test. `drifted_at` is the batch, from 0, at which the running sum first said so.
    """

    batches: Count
    documents: Count
    held: Count
    alpha_ppm: Ppm
    rule: Short
    reasons: dict[Name, Count]
    drifted_at: Count | None = None


class Audit(Body):
    """One measurement. `content_root` is that of the documents, `results` that of their scores,
    `parameters` digests what determined the result.
    """

    dataset: DatasetName
    content_root: Digest
    audit: Literal["contamination", "batches"]
    method: Short
    detector: Short
    detector_version: Short
    calibration: Digest
    parameters: Digest
    results: Digest
    weights: Digest | None = None
    contamination: ContaminationAudit | None = None
    batches: BatchAudit | None = None
