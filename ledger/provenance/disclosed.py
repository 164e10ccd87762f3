"""What the vault discloses of an entry, for people: values that opened, and what is withheld.

Whether a value opens its commitment is decided in log/vaultcheck.py, for `verify` and for us.
"""

from ledger.log.canonical import Entry
from ledger.log.log import Log
from ledger.log.vaultcheck import check_disclosure

__all__ = ["committed_fields", "disclosed"]

_COMMITTED = {"authorship": ("author",), "key": ("person",), "operation": ("path",)}


def committed_fields(entry: Entry) -> list[str]:
    """Names of what the entry commits to without saying it, sorted."""
    if entry.kind == "origin":
        return sorted(entry.body.get("private", {}))
    return [field for field in _COMMITTED.get(entry.kind, ()) if field in entry.body]


def disclosed(log: Log, index: int, entry: Entry) -> dict[str, str | None]:
    """Each committed field's value; None where the vault, the value or its scope's key is absent.

    Raises VerificationError for a value that does not open the entry's commitment.
    """
    values: dict[str, str | None] = dict.fromkeys(committed_fields(entry))
    found = log.vault.disclosure(index) if log.vault is not None else None
    if log.vault is None or found is None:
        return values
    opened = check_disclosure(index, log.entry_bytes(index), found, log.vault)
    return values | dict(found.values) if opened else values
