"""operation: one input file, archive or folder was read. Subject: the input's digest."""

from typing import Literal

from ledger.claims.fields import Body, Count, DatasetName, Digest, Short

__all__ = ["Operation"]


class Operation(Body):
    """`rows` were recorded and `rejected` were not; `map` digests the column map and globs."""

    operation: Literal["ingest"] = "ingest"
    dataset: DatasetName
    bytes: Count
    rows: Count
    rejected: Count
    reader: Short
    reader_version: Count
    map: Digest
    path: Digest | None = None  # commitment
