"""The manifests a ledger has recorded: found by name, with their statements and members."""

from ledger.errors import InputError, UnknownNameError, VerificationError, printable
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.manifests.statement import Statement, parse_statement
from ledger.provenance.recorded import live_claims

__all__ = [
    "MAX_MEMBERS",
    "find_manifest",
    "find_statement",
    "manifests",
    "members_of",
    "newest_of",
    "statement_of",
]

MAX_MEMBERS = 30_000_000
"""Documents whose digests the vault keeps in one piece; those of SQLite are below 10^9 bytes."""


def manifests(log: Log) -> list[tuple[int, Entry]]:
    """The unwithdrawn `manifest` entries, in the log's order."""
    return live_claims(log, "manifest")


def newest_of(log: Log, name: str, version: int | None = None) -> tuple[int, Entry] | None:
    """The manifest of a name that was recorded last, of any version or of this one."""
    same = [
        (index, entry)
        for index, entry in manifests(log)
        if entry.body["name"] == name and version in (None, int(entry.body["version"]))
    ]
    return same[-1] if same else None


def find_manifest(log: Log, reference: str) -> tuple[int, Entry]:
    """The newest manifest of NAME or NAME@VERSION. Raises UnknownNameError."""
    name, _, version = reference.partition("@")
    known = manifests(log)
    same = [
        (index, entry)
        for index, entry in known
        if entry.body["name"] == name and (not version or entry.body["version"] == version)
    ]
    if not same:
        raise UnknownNameError(
            "manifest",
            reference,
            {f"{entry.body['name']}@{entry.body['version']}" for _, entry in known},
            hint=None if known else "headwater manifest build MIX.toml -o DIR",
        )
    return same[-1]


def find_statement(log: Log, digest: bytes) -> tuple[int, Entry]:
    """The manifest whose statement has that digest. Raises InputError."""
    named = f"sha256:{digest.hex()}"
    for index, entry in manifests(log):
        if entry.body["statement"] == named:
            return index, entry
    raise InputError(
        f"{named}: found no live manifest of that statement in {printable(log.location)}",
        hint="name the ledger that it was built in",
    )


def statement_of(log: Log, index: int, entry: Entry) -> tuple[Statement, bytes] | None:
    """(statement, payload) of a manifest's entry, None where the vault withholds it.

    Raises VerificationError where what the vault has is no statement.
    """
    digest = parse_digest(str(entry.body["statement"]))
    payload = None if log.vault is None else log.vault.attachment(digest)
    if payload is None:
        return None
    return parse_statement(payload, f"entry {index}: statement"), payload


def members_of(log: Log, index: int, entry: Entry) -> bytes | None:
    """The sorted 32-byte digests, one after the other; None where the vault has them not.

    Raises VerificationError where they are not as many as were selected.
    """
    found = statement_of(log, index, entry)
    members = None
    if found is not None and log.vault is not None:
        members = log.vault.attachment(found[0].members)
    if members is not None and len(members) != 32 * int(entry.body["rows"]):
        raise VerificationError(
            f"entry {index}: {len(members)} bytes of members, "
            f"expected 32 for each of {entry.body['rows']} rows"
        )
    return members
