"""certificate: a composition certificate was issued. Subject: {certificate, dataset, statement}."""

from ledger.claims.fields import Body, Count, DatasetName, Digest

__all__ = ["Certificate"]


class Certificate(Body):
    """`statement` digests the signed payload; `size` is the log size its numbers are as of."""

    dataset: DatasetName
    content_root: Digest
    statement: Digest
    size: Count
    root: Digest
    policy: Digest
