"""operation: one input file, archive or folder was read. Subject: the input's digest."""

from typing import Literal

from ledger.claims.fields import Body, Count, DatasetName, Digest, Short

__all__ = ["Operation"]


class Operation(Body):
    """`rows` were recorded and `rejected` were not; `map` digests the column map and options.

    `extractors` made text out of bytes that are none (`name/version options`).
    """

    operation: Literal["ingest"] = "ingest"
    dataset: DatasetName
    bytes: Count
    rows: Count
    rejected: Count
    reader: Short
    reader_version: Count
    map: Digest
    extractors: list[Short] | None = None
    language_detector: Short | None = None  # name/version, where it was asked
    path: Digest | None = None  # commitment
