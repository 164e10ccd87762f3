"""dataset: what a dataset says of itself. Subject: SHA-256 of canonical {kind, name, version}."""

from typing import Literal

from ledger.claims.fields import Body, Channel, Date, Digest, Short

__all__ = ["Dataset"]


class Dataset(Body):
    """What all members share, and how they were found."""

    name: Short
    version: Short
    channel: Channel
    digests: Literal["sha256", "hmac-sha256"] = "sha256"
    license: Short | None = None
    ai_tools_since: Date | None = None
    columns: dict[str, Short] | None = None
    include: list[Short] | None = None
    language: Short | None = None
    options: list[Short] | None = None  # readers' own, `reader.option=value`
    description: Digest | None = None  # the dataset.toml itself, an attachment in the vault
