"""manifest: a signed selection of documents for one training run was made.

Subject: {manifest, name, version}.
"""

from typing import Literal

from ledger.claims.fields import Body, Count, Digest, Short

__all__ = ["Manifest"]


class Manifest(Body):
    """`content_root` is over the rows, `statement` the signed payload, an attachment.

    `parent` is the statement of the manifest that this one takes the place of. `size` and `root`
    are of the log as it was.
    """

    name: Short
    version: Short
    stage: Literal["pretrain", "mid", "anneal", "calibration"]
    unit: Literal["documents", "tokens", "bytes"]
    content_root: Digest
    statement: Digest
    rows: Count
    units: Count
    seed: Short
    size: Count
    root: Digest
    parent: Digest | None = None
