"""Receipts from other people, recorded by one command: every one is good, or none is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import InputError, printable
from ledger.log.log import Log
from ledger.log.record import Recorded
from ledger.provenance.tags.drain import ahead_of, author_keys, record_tags
from ledger.provenance.tags.make import Tag
from ledger.provenance.tags.receipt import MAX_RECEIPT, check_signatures, parse_receipt

__all__ = ["Taken", "read_receipts", "take"]


@dataclass(frozen=True)
class Taken:
    """A receipt's tag where it stands now. `signer`: the author's key that this ledger knows and
    that signed it; `note`: what people should know of it.
    """

    tag: Tag
    recorded: Recorded
    signer: str | None
    note: str | None


def read_receipts(files: Sequence[Path]) -> list[tuple[Path, Tag]]:
    """The tags in receipt files. Raises InputError, MalformedError, VerificationError."""
    found = []
    for file in files:
        try:
            with file.open("rb") as opened:
                data = opened.read(MAX_RECEIPT + 1)
        except OSError as error:
            reason = (error.strerror or "unreadable").lower()
            raise InputError(f"{printable(file)}: {reason}, expected a receipt") from error
        found.append((file, parse_receipt(data, file)))
    return found


def take(log: Log, tags: Sequence[tuple[Path, Tag]]) -> list[Taken]:
    """Record them as one batch. Raises BadSignatureError for one that a known key did not sign,
    and as `record_tags`.
    """
    known = author_keys(log)
    signers = [check_signatures(tag, known, file) for file, tag in tags]
    recorded = record_tags(log, [tag for _, tag in tags])
    now = log.clock()
    return [
        Taken(tag, stands, by[0].label if by else None, ahead_of(tag, now))
        for (_, tag), by, stands in zip(tags, signers, recorded, strict=True)
    ]
