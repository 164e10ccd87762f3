"""Records a manifest in the ledger, or finds that it was recorded already."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256

from ledger.claims import Manifest
from ledger.errors import LogMovedError
from ledger.log.canonical import parse_digest
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.manifests.recorded import newest_of, statement_of
from ledger.manifests.statement import (
    Statement,
    format_statement,
    manifest_body,
    manifest_subject,
)

__all__ = ["record_manifest"]

Describe = Callable[[Statement], bytes]
"""The bytes of croissant.json for a statement."""


def record_manifest(
    log: Log, draft: Statement, describe: Describe, kept: Sequence[bytes]
) -> tuple[Statement, bytes, int, bool]:
    """(statement, payload, entry, whether new); the payload and what is `kept` go to the vault.

    The newest manifest of this name and version is taken instead where it says the same. Raises
    LogMovedError if another writer came between.
    """
    newest = newest_of(log, draft.name, draft.version)
    found = None if newest is None else statement_of(log, *newest)
    if newest is not None and found is not None and _same(draft, found[0], describe):
        return found[0], found[1], newest[0], False
    draft = _described(draft, describe)
    payload = format_statement(draft)
    body = manifest_body(draft, f"sha256:{sha256(payload).hexdigest()}")
    claim = Claim("manifest", manifest_subject(draft), Manifest.model_validate(body))
    (recorded,) = record(
        log,
        [claim],
        attachments=[payload, *kept],
        check=partial(_still_newest, log, draft),
    )
    return draft, payload, recorded.index, recorded.new


def _described(statement: Statement, describe: Describe) -> Statement:
    return replace(statement, croissant=sha256(describe(statement)).digest())


def _same(draft: Statement, earlier: Statement, describe: Describe) -> bool:
    """Whether `draft` says what `earlier` said at an older head."""
    moved = replace(
        draft,
        head=earlier.head,
        issued_at=earlier.issued_at,
        parent=earlier.parent,
        tool=earlier.tool,
    )
    return _described(moved, describe) == earlier


def _still_newest(log: Log, draft: Statement) -> None:
    newest = newest_of(log, draft.name)
    parent = None if newest is None else parse_digest(str(newest[1].body["statement"]))
    if parent != draft.parent:
        raise LogMovedError(
            f"{draft.reference}: another manifest of that name was recorded meanwhile",
            hint="build it again",
        )
