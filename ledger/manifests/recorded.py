"""The manifests a ledger has recorded: found by name, with their statements and members."""

from dataclasses import dataclass

from ledger.errors import UnknownNameError, VerificationError
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.record import live
from ledger.manifests.statement import Statement, parse_statement

__all__ = [
    "MAX_MEMBERS",
    "Holding",
    "find_manifest",
    "holding",
    "manifests",
    "members_of",
    "newest_of",
    "statement_of",
]

MAX_MEMBERS = 30_000_000
"""Documents whose digests the vault keeps in one piece; those of SQLite are below 10^9 bytes."""


def manifests(log: Log) -> list[tuple[int, Entry]]:
    """The unwithdrawn `manifest` entries, in the log's order."""
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind = 'manifest' ORDER BY idx"
    ).fetchall()
    found = [(int(index), log.entry(index)) for (index,) in rows]
    alive: set[int] = set()
    for subject in {entry.subject for _, entry in found}:
        about = live([(index, log.entry(index)) for index in log.find(subject)])
        alive.update(index for index, _ in about)
    return [(index, entry) for index, entry in found if index in alive]


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


@dataclass(frozen=True)
class Holding:
    """A manifest that selects a document, and the consumers that pulled it, by name."""

    name: str
    version: str
    consumers: tuple[str, ...]


def holding(log: Log, document: str) -> list[Holding]:
    """The manifests that select a document, as far as the vault tells, by name and version.

    All that were ever recorded, superseded ones too: a model may have been trained on any of them.
    """
    digest = parse_digest(document)
    found: dict[tuple[str, str], set[str]] = {}
    for index, entry in manifests(log):
        members = members_of(log, index, entry)
        if members is not None and _has(members, digest):
            key = str(entry.body["name"]), str(entry.body["version"])
            found.setdefault(key, set()).update(_consumers(log, entry))
    return [Holding(*key, tuple(sorted(consumers))) for key, consumers in sorted(found.items())]


def _consumers(log: Log, manifest: Entry) -> list[str]:
    about = live([(index, log.entry(index)) for index in log.find(manifest.subject)])
    return [
        str(entry.body["consumer"])
        for _, entry in about
        if entry.kind == "pull" and entry.body["manifest"] == manifest.body["statement"]
    ]


def _has(members: bytes, digest: bytes) -> bool:
    low, high = 0, len(members) // 32
    while low < high:
        middle = (low + high) // 2
        if members[32 * middle : 32 * middle + 32] < digest:
            low = middle + 1
        else:
            high = middle
    return members[32 * low : 32 * low + 32] == digest
