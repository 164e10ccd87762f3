"""certificate: a composition certificate was issued. Subject: {certificate, subject, statement}."""

from typing import Self

from pydantic import model_validator

from ledger.claims.fields import Body, Count, DatasetName, Digest

__all__ = ["Certificate"]


class Certificate(Body):
    """`statement` digests the signed payload; `size` is the log size its numbers are as of.

    It is of a `dataset`, or of a `manifest`: the digest of that one's statement.
    """

    dataset: DatasetName | None = None
    manifest: Digest | None = None
    content_root: Digest
    statement: Digest
    size: Count
    root: Digest
    policy: Digest

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if (self.dataset is None) == (self.manifest is None):
            raise ValueError("expected one of dataset and manifest")
        return self
