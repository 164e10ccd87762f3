"""origin: this document is a member of this dataset, found there. Subject: the document."""

from typing import Annotated

from pydantic import Field

from ledger.claims.fields import Body, Channel, Count, DatasetName, Digest, Seconds, Short

__all__ = ["Locator", "Origin", "Private"]


class Locator(Body):
    """Where the occurrence lies: input file, row or archive member from 0, chat message."""

    file: Digest
    row: Count
    part: Count


class Private(Body):
    """Salted commitments to what no leaf may hold in the clear; the vault has the values."""

    author: Digest | None = None
    path: Digest | None = None
    record: Digest | None = None
    rights_holder: Digest | None = None
    title: Digest | None = None
    url: Digest | None = None


class Origin(Body):
    """Sizes in bytes of UTF-8; `license` is concluded, `license_stated` as the source spells it.

    `language_ppm` is the score of the operation's detector, absent where the source names the
    language or nobody does.
    """

    bytes: Count
    channel: Channel
    dataset: DatasetName
    locator: Locator
    claimed_at: Seconds | None = None
    collected_at: Seconds | None = None
    content_type: Short | None = None
    crawler: Short | None = None
    language: Short | None = None
    language_ppm: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None = None
    license: Short | None = None
    license_stated: Short | None = None
    private: Private | None = None
    site: Short | None = None
    tokenizer: Short | None = None
    tokens: Count | None = None
    topic: Short | None = None
