"""What a certificate may be about: a dataset, or the documents that a manifest selects."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from ledger.certificates.composition import View, find_dataset
from ledger.certificates.statement import MANIFEST
from ledger.provenance.rules import Policy

if TYPE_CHECKING:
    from ledger.certificates.sections import Subject
    from ledger.log.log import Log
    from ledger.log.projection import Reader

__all__ = ["kind_of", "view_of"]


def kind_of(subject: str) -> "Subject":
    """What `NAME@VERSION` or `manifest:NAME@VERSION` is."""
    return "manifest" if subject.startswith(MANIFEST) else "dataset"


def view_of(
    log: "Log",
    tables: "Reader",
    size: int,
    subject: str,
    policy: Policy,
    cutoff: date,
    attachment: Callable[[bytes], bytes | None],
    *,
    manifest: bytes | None = None,
) -> View:
    """The subject's documents as of the first `size` entries, in the caller's read transaction.

    `manifest` is the digest of the statement that is meant, where a name alone would not say.
    Raises UnknownNameError and InputError for a subject that is none, RefusedError where the vault
    withholds what a manifest selects, VerificationError.
    """
    if kind_of(subject) == "dataset":
        number = find_dataset(tables.connection, subject)
        return View(tables, subject, number, policy, cutoff, size, attachment)
    from ledger.certificates.selected import TABLE, find_selected, select

    asked = subject.removeprefix(MANIFEST) if manifest is None else manifest
    found = select(log, tables, size, find_selected(log, tables, size, asked))
    named = f"{MANIFEST}{found.statement.reference}"
    return View(tables, named, 0, policy, cutoff, size, attachment, TABLE, found)
