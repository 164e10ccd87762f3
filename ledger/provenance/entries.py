"""Single entries for people: a page of them, or one with everything that is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.claims import BODIES
from ledger.errors import InputError, UnknownNameError, printable
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.merkle import leaf_hash
from ledger.provenance.disclosed import committed_fields, disclosed
from ledger.provenance.explain import withdrawals
from ledger.provenance.words import claim_words

__all__ = ["Listed", "ShownEntry", "list_entries", "show_entry"]

# Body fields that digest an attachment in the vault.
_ATTACHED = ("because", "description", "members", "pairs", "proof", "source", "statement")
_SHORT = 72  # characters of a sentence in a list


@dataclass(frozen=True)
class Listed:
    """A row of `entry list`. `words` says in short what the claim is about."""

    index: int
    kind: str
    subject: str
    actor: str
    at: int
    words: str


@dataclass(frozen=True)
class ShownEntry:
    """One entry, its exact bytes, and what the vault adds.

    `values` are private fields, None where withheld; `attachments` are sizes in bytes by field,
    None where withheld. `checkpoint` is the size of the newest one that includes the entry.
    """

    index: int
    log_name: str
    entry: Entry
    text: bytes
    leaf_hash: bytes
    words: str
    values: Mapping[str, str | None]
    attachments: Mapping[str, int | None]
    withdrawn_by: int | None
    checkpoint: int | None


def list_entries(
    log: Log, *, kind: str | None = None, start: int = 0, limit: int = 20
) -> list[Listed]:
    """The first `limit` entries from index `start`, of one kind or of all.

    Raises UnknownNameError for a kind that neither this program nor the log knows, InputError for
    a start beyond the log.
    """
    size = log.size
    if start >= size:
        raise InputError(
            f"{log.location}: entry {start:,} is beyond the last, {size - 1:,}",
            hint=f"--from takes 0 to {size - 1}",
        )
    # the index on kind leaves origins out, the bulk of a log; the words of its WHERE select it
    indexed = " AND kind <> 'origin'" if kind not in (None, "origin") else ""
    of_kind = f" AND kind = ?{indexed}" if kind is not None else ""
    rows = log.connection.execute(
        f"SELECT idx FROM entry WHERE idx >= ?{of_kind} ORDER BY idx LIMIT ?",
        (start, *([] if kind is None else [kind]), limit),
    ).fetchall()
    if kind is not None and not rows and kind not in BODIES:
        raise UnknownNameError("kind of entry", kind, BODIES)
    found = []
    for (index,) in rows:
        entry = log.entry(index)
        found.append(
            Listed(index, entry.kind, entry.subject, entry.actor, entry.at, _in_short(entry))
        )
    return found


def _words(entry: Entry) -> str:
    body = entry.body
    if entry.kind == "key":
        return f"names the {printable(body['use'])} key {printable(body['name'])}"
    if entry.kind == "dataset":
        return f"declares {printable(body['name'])}@{printable(body['version'])}"
    if entry.kind == "policy":
        return f"uses policy {printable(body['name'])}@{printable(body['version'])}"
    if entry.kind == "certificate":
        return f"certifies {printable(body['dataset'])} as of {body['size']:,} entries"
    return claim_words(entry)


def _in_short(entry: Entry) -> str:
    if entry.kind != "origin":
        return printable(_words(entry), _SHORT)
    body, place = entry.body, entry.body["locator"]
    part = f", part {place['part']:,}" if place["part"] else ""
    return f"in {printable(body['dataset'])}: row {place['row']:,}{part}, {body['bytes']:,} bytes"


def show_entry(log: Log, index: int) -> ShownEntry:
    """Everything about one entry. Raises InputError if there is none.

    VerificationError for a value or attachment in the vault that is not what the leaf says.
    """
    text = log.entry_bytes(index)
    entry = log.entry(index)
    about = [(i, log.entry(i)) for i in log.find(entry.subject)]
    found = log.store.last_checkpoint()
    signed = found[0] if found is not None else 0
    return ShownEntry(
        index=index,
        log_name=log.log_name,
        entry=entry,
        text=text,
        leaf_hash=leaf_hash(text),
        words=_words(entry),
        values=disclosed(log, index, entry),
        attachments=_attachments(log, entry),
        withdrawn_by=withdrawals(about).get(index),
        checkpoint=signed if index < signed else None,
    )


def _attachments(log: Log, entry: Entry) -> dict[str, int | None]:
    sizes: dict[str, int | None] = {}
    for field in _ATTACHED:
        value = entry.body.get(field)
        if not isinstance(value, str) or field in committed_fields(entry):
            continue
        held = log.vault.attachment(parse_digest(value)) if log.vault is not None else None
        sizes[field] = None if held is None else len(held)
    return sizes
