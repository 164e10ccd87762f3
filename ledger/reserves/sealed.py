"""The reserves a ledger has recorded: found by name, with their statements and members."""

from dataclasses import dataclass

from ledger.errors import UnknownNameError, VerificationError, printable
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.provenance.recorded import holds, live_claims
from ledger.reserves.statement import Statement, parse_statement

__all__ = [
    "Listed",
    "find_reserve",
    "holding",
    "list_reserves",
    "members_of",
    "newest_reserves",
    "reserves",
    "statement_of",
]


@dataclass(frozen=True)
class Listed:
    """A row of `reserve list`. `superseded` by a newer version of its name; `before` as the rule.

    `before` is None for an anchor, and where the vault withholds the statement.
    """

    name: str
    version: int
    stage: str
    documents: int
    bytes: int
    content_root: str
    index: int
    before: str | None
    superseded: bool

    @property
    def shown_before(self) -> str:
        """The cut-off as a list prints it."""
        return "anchor" if self.stage == "final" else self.before or "withheld"


def reserves(log: Log) -> list[tuple[int, Entry]]:
    """The unwithdrawn `reserve` entries, in the log's order."""
    return live_claims(log, "reserve")


def find_reserve(log: Log, name: str, version: int | None = None) -> tuple[int, Entry]:
    """The newest reserve of a name, or its `version`. Raises UnknownNameError."""
    known = reserves(log)
    same = [
        (index, entry)
        for index, entry in known
        if entry.body["name"] == name and version in (None, entry.body["version"])
    ]
    if not same:
        wanted = name if version is None else f"{name} version {version}"
        raise UnknownNameError(
            "reserve",
            wanted,
            {str(entry.body["name"]) for _, entry in known},
            hint=None if known else "headwater reserve seal NAME -o DIR",
        )
    return max(same, key=lambda item: int(item[1].body["version"]))


def statement_of(log: Log, index: int, entry: Entry) -> tuple[Statement, bytes] | None:
    """(statement, payload) of a reserve's entry, None where the vault withholds it.

    Raises VerificationError where what the vault has is no statement.
    """
    digest = parse_digest(str(entry.body["statement"]))
    payload = None if log.vault is None else log.vault.attachment(digest)
    if payload is None:
        return None
    return parse_statement(payload, f"entry {index}: statement"), payload


def members_of(log: Log, index: int, entry: Entry) -> bytes | None:
    """The sorted 32-byte digests, one after the other; None where the vault withholds them.

    Raises VerificationError where they are not as many as were sealed.
    """
    members = None
    if log.vault is not None:
        members = log.vault.attachment(parse_digest(str(entry.body["members"])))
    if members is not None and len(members) != 32 * int(entry.body["documents"]):
        raise VerificationError(
            f"entry {index}: {len(members)} bytes of members, "
            f"expected 32 for each of {entry.body['documents']} documents"
        )
    return members


def newest_reserves(log: Log) -> list[tuple[int, Entry]]:
    """The newest live version of every name, in the log's order."""
    newest: dict[str, tuple[int, Entry]] = {}
    for index, entry in reserves(log):
        known = newest.get(str(entry.body["name"]))
        if known is None or known[1].body["version"] < entry.body["version"]:
            newest[str(entry.body["name"])] = index, entry
    return sorted(newest.values(), key=lambda item: item[0])


def holding(log: Log, document: str) -> list[tuple[str, int]]:
    """(name, version) of the newest reserves that hold a document, as far as the vault tells."""
    digest = parse_digest(document)
    found = []
    for index, entry in newest_reserves(log):
        members = members_of(log, index, entry)
        if members is not None and holds(members, digest):
            found.append((str(entry.body["name"]), int(entry.body["version"])))
    return found


def list_reserves(log: Log) -> list[Listed]:
    """Every unwithdrawn reserve, by name and version."""
    newest = {index for index, _ in newest_reserves(log)}
    rows = []
    for index, entry in reserves(log):
        body = entry.body
        found = statement_of(log, index, entry)
        rows.append(
            Listed(
                name=printable(body["name"]),
                version=int(body["version"]),
                stage=str(body["stage"]),
                documents=int(body["documents"]),
                bytes=int(body["bytes"]),
                content_root=str(body["content_root"]),
                index=index,
                before=None if found is None else found[0].rule.get("before"),
                superseded=index not in newest,
            )
        )
    return sorted(rows, key=lambda row: (row.name, row.version))
