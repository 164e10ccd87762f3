"""What was sealed before: the very set, or an earlier version of the name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.errors import (
    AlreadySealedError,
    InputError,
    LogMovedError,
    RefusedError,
    printable,
)
from ledger.log.canonical import Entry
from ledger.log.log import Log
from ledger.reserves.sealed import reserves, statement_of
from ledger.reserves.sealing.content import Root, Written
from ledger.reserves.selection.rule import Rule
from ledger.reserves.statement import Statement

__all__ = ["Earlier", "already", "newest_of", "same_again", "sealed_before", "still_fits"]


@dataclass(frozen=True)
class Earlier:
    """A recorded reserve of the very set. `statement` and `payload` are None where withheld."""

    index: int
    entry: Entry
    statement: Statement | None
    payload: bytes | None


def sealed_before(log: Log, rule: Rule, root: Root) -> Earlier | None:
    """The live reserve of this set by this rule, whatever its name."""
    wanted = f"sha256:{root.content_root.hex()}"
    for index, entry in reversed(reserves(log)):
        if entry.body["content_root"] != wanted:
            continue
        statement, payload = statement_of(log, index, entry) or (None, None)
        if statement is None or _nameless(statement.rule) == _nameless(rule.plain()):
            return Earlier(index, entry, statement, payload)
    return None


def _nameless(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if name != "name"}


def already(earlier: Earlier) -> AlreadySealedError:
    """The refusal to seal that set again."""
    body = earlier.entry.body
    return AlreadySealedError(
        f"already sealed, as {printable(body['name'])} version {body['version']} "
        f"at entry {earlier.index}: content root {body['content_root']}",
        hint="if its folder is lost, --again writes it once more",
    )


def newest_of(log: Log, rule: Rule) -> Entry | None:
    """The newest live reserve of the name. Raises InputError if it is of another stage."""
    known = [entry for _, entry in reserves(log) if entry.body["name"] == rule.name]
    if not known:
        return None
    newest = max(known, key=lambda entry: int(entry.body["version"]))
    if newest.body["stage"] != rule.stage:
        kind = "an anchor" if newest.body["stage"] == "final" else "a dated reserve"
        raise InputError(f"{rule.name}: is the name of {kind} already", hint="choose another name")
    return newest


def same_again(earlier: Earlier, written: Written) -> tuple[Statement, bytes, int]:
    """The recorded statement, if what was written now is what it is about."""
    if earlier.statement is None or earlier.payload is None:
        raise RefusedError(
            f"entry {earlier.index}: the vault withholds the statement of this reserve",
            hint="use the vault that stood beside the ledger when it was sealed",
        )
    if earlier.statement.sums != written.sums:
        raise RefusedError(
            f"entry {earlier.index}: this set was sealed with other evidence than there is now, "
            "so its folder cannot be made again",
            hint="use a copy of that folder",
        )
    return earlier.statement, earlier.payload, earlier.index


def still_fits(log: Log, rule: Rule, root: Root, version: int) -> None:
    """Whether the set may still be recorded as this version of its name.

    Raises AlreadySealedError or LogMovedError where another process sealed in the meantime.
    """
    earlier = sealed_before(log, rule, root)
    if earlier is not None:
        raise already(earlier)
    newest = newest_of(log, rule)
    if newest is not None and int(newest.body["version"]) >= version:
        raise LogMovedError(
            f"{rule.name}: another process sealed version {version} in the meantime",
            hint="the same command again seals the version after it",
        )
