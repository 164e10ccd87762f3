"""verdict_calibration: human text, scored by a detector, that documents are ranked in.

Subject: {verdict_calibration, name, version}.
"""

from typing import Annotated, Literal

from pydantic import Field

from ledger.claims.fields import Body, Count, Date, Digest, Seconds, Short

__all__ = ["CalibratedSource", "VerdictCalibration"]


class CalibratedSource(Body):
    """Documents of one source. `source` is NAME@VERSION, or reserve:NAME@VERSION, and after a `/`
    a topic; `content_root` is of the documents, `reserve_root` of the seal they are from.

    `before` is the date by which checked evidence shows that each of them existed; `asserted` says
    that of some only their source does.
    """

    source: Short
    documents: Count
    content_root: Digest
    reserve_root: Digest | None = None
    before: Date | None = None
    asserted: Literal[True] | None = None


class VerdictCalibration(Body):
    """A calibration profile. `sample` digests scores, lengths and digests of the documents, an
    attachment in the vault; `bands` the measures of whole batches of their text, likewise.

    `weights` is absent where `detector` is a vendor's. `synthetic` counts AI documents; where
    `synthetic_root` is absent they are those that the detector brought along. It does not count
    from `expires_at` on.
    """

    name: Short
    version: Short
    source: Short  # headwater, or a vendor
    detector: Short
    detector_version: Short
    sample: Digest
    human: Annotated[list[CalibratedSource], Field(min_length=1, max_length=40)]
    synthetic: Count
    expires_at: Seconds
    weights: Digest | None = None
    synthetic_root: Digest | None = None
    bands: Digest | None = None
    tokenizer: Digest | None = None  # of the bands
