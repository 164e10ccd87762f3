"""Opens every value in the vault against the leaf that commits to it.

Three states that are never confused: disclosed and matching; withheld (no value here); and a
value that does not open its commitment, which is a failed check.
"""

from dataclasses import dataclass

import orjson

from ledger.errors import InputError, VerificationError
from ledger.log.canonical import parse_digest
from ledger.log.log import Log
from ledger.log.vault import Disclosure, Vault, commit

__all__ = ["VaultReport", "check_disclosure", "check_vault"]


_COMMITTED = ("author", "path", "person")  # members of a body that are commitments


@dataclass(frozen=True)
class VaultReport:
    """Counts over the vault; `present` is False where the whole vault is withheld."""

    present: bool
    opened: int = 0
    without_key: int = 0
    attachments: int = 0


def check_disclosure(index: int, data: bytes, disclosure: Disclosure, vault: Vault) -> int:
    """How many values open the commitments of entry `data` (0 if the scope's key is gone).

    Raises VerificationError for a value that opens none, or that the entry does not commit to.
    """
    key = vault.scope_key(disclosure.scope)
    if key is None:
        return 0
    entry = orjson.loads(data)  # canonical, or the walk over the log has refused it
    body, subject = entry["body"], parse_digest(entry["subject"])
    try:
        committed = dict(body.get("private") or {})
        committed |= {field: body[field] for field in _COMMITTED if field in body}
        locator = body.get("locator") or {"file": entry["subject"], "row": 0, "part": 0}
        place = (parse_digest(locator["file"]), int(locator["row"]), int(locator["part"]))
        if min(place[1:]) < 0:
            raise ValueError("a row or part below 0")
    except (AttributeError, KeyError, TypeError, ValueError, InputError) as error:
        raise VerificationError(
            f"disclosure {index}: entry {index} has no place to commit to: {error!r}"
        ) from error
    for field, value in disclosure.values.items():
        made = commit(key, field, subject, place, value).hex()
        if committed.get(field) != f"sha256:{made}":
            raise VerificationError(
                f"disclosure {index}: the vault's {field} does not open the commitment in entry "
                f"{index}"
            )
    return len(disclosure.values)


def check_vault(log: Log, size: int) -> VaultReport:
    """Check all that the vault holds about entries below `size`. Raises VerificationError."""
    vault = log.vault
    if vault is None:
        return VaultReport(False)
    problems = vault.problems()
    if problems:
        raise VerificationError(f"{vault.location}: {problems[0]}")
    opened = gone = attachments = 0
    for index, disclosure in vault.disclosures():
        if index >= size:
            continue  # left by a write that never reached the log; the next one drops it
        count = check_disclosure(index, log.store.entry(index), disclosure, vault)
        opened += count
        gone += len(disclosure.values) - count
    for digest, _ in vault.attachments():
        vault.attachment(digest)
        attachments += 1
    return VaultReport(True, opened, gone, attachments)
