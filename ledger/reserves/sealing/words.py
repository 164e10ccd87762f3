"""A reserve in words: what `seal` and `show` print. What is verified is said by report.py."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import InputError, RefusedError, printable
from ledger.log.log import Log
from ledger.provenance.conditions import moment
from ledger.provenance.trust import key_label
from ledger.reserves.sealed import find_reserve, newest_reserves, statement_of
from ledger.reserves.sealing.seal import Sealed, left_out
from ledger.reserves.sealing.target import held_at
from ledger.reserves.statement import Statement

__all__ = [
    "Shown",
    "sealed_data",
    "sealed_lines",
    "show_data",
    "show_folder",
    "show_lines",
    "show_reserve",
]


def sealed_lines(sealed: Sealed) -> list[str]:
    """What was just sealed."""
    statement = sealed.statement
    lines = [*_lines(statement), ""]
    lines.append(f"signed by {key_label(sealed.signer)}; entry {sealed.index}")
    if sealed.again:
        lines.append(f"recorded before, at entry {sealed.index}; its folder was written again")
    if sealed.new_key is not None:
        lines.append(f"made the key that seals: {sealed.new_key}; keep a copy")
    lines.append(f"verify  headwater verify {sealed.folder}")
    return [printable(line, 4000) for line in lines]


def _documents(count: int) -> str:
    return f"{count:,} document{'' if count == 1 else 's'}"


def _lines(statement: Statement) -> list[str]:
    totals, guards = statement.totals, statement.contamination["guards"]
    version = f"{statement.name} version {statement.version}"
    lines = [
        f"{version}: {_documents(totals['documents'])}, {totals['bytes']:,} bytes",
        f"content root {statement.content_root.hex()}",
    ]
    if statement.parent is not None:
        lines.append(f"supersedes the one with content root {statement.parent.hex()}")
    lines += [
        f"  E{row['level']} {row['standing']}: {_documents(row['documents'])}"
        for row in sorted(totals["levels"], key=lambda row: (-row["level"], row["standing"]))
    ]
    for run in guards:
        counted = ", ".join(f"{run[kind]:,} {kind}" for kind in _KINDS)
        lines.append(f"held against {run['against']}: {counted}")
    reasons = left_out(statement.contamination)
    lines += [f"left out {line}" for line in reasons] or ["nothing was left out"]
    return [*lines, "", *statement.limits]


_KINDS = ("exact", "normalised", "near", "contained")


def sealed_data(sealed: Sealed) -> dict[str, Any]:
    """The same as JSON values."""
    return {
        **_data(sealed.statement),
        "again": sealed.again,
        "folder": str(sealed.folder),
        "index": sealed.index,
        "new_key": None if sealed.new_key is None else str(sealed.new_key),
        "signer": sealed.signer,
        "statement": sealed.statement_digest,
    }


def _data(statement: Statement) -> dict[str, Any]:
    parent = statement.parent
    return {
        "content_root": f"sha256:{statement.content_root.hex()}",
        "contamination": statement.contamination,
        "issuer": statement.issuer,
        "limits": list(statement.limits),
        "name": statement.name,
        "parent": None if parent is None else f"sha256:{parent.hex()}",
        "rule": statement.rule,
        "sealed_at": statement.sealed_at,
        "size": statement.head.size,
        "stage": statement.stage,
        "sums": f"sha256:{statement.sums.hex()}",
        "totals": statement.totals,
        "version": statement.version,
    }


@dataclass(frozen=True)
class Shown:
    """A reserve to show: of the ledger at `index`, or of a folder, whose signature nobody checked.

    `superseded_by` is the newest version of its name, None where that is this one, or not known.
    """

    statement: Statement
    index: int | None
    superseded_by: int | None


def show_folder(folder: Path) -> Shown:
    """The reserve in a folder. Raises InputError where there is none, VerificationError."""
    statement = held_at(folder)
    if statement is None:
        raise InputError(f"{printable(folder)}: found no reserve", hint="headwater reserve list")
    return Shown(statement, None, None)


def show_reserve(log: Log, reference: str) -> Shown:
    """The reserve `NAME`, its newest version, or `NAME@VERSION`.

    Raises UnknownNameError, InputError, RefusedError where the vault withholds the statement.
    """
    name, at, number = reference.rpartition("@")
    if at and not (number.isascii() and number.isdecimal()):
        raise InputError(f"{printable(reference)}: expected NAME or NAME@VERSION, such as old@2")
    index, entry = find_reserve(log, name if at else reference, int(number) if at else None)
    found = statement_of(log, index, entry)
    if found is None:
        raise RefusedError(
            f"entry {index}: the vault withholds the statement of {printable(reference)}",
            hint="headwater reserve show DIR reads it from the sealed folder",
        )
    newest = next(
        item for _, item in newest_reserves(log) if item.body["name"] == entry.body["name"]
    )
    later = int(newest.body["version"])
    return Shown(found[0], index, later if later > found[0].version else None)


def show_lines(shown: Shown) -> list[str]:
    """A reserve as its statement describes it."""
    statement, rule = shown.statement, shown.statement.rule
    lines = [
        *_lines(statement),
        "",
        f"from {', '.join(rule['datasets'])}",
        f"sealed {moment(statement.sealed_at)}, by the issuer's clock; as of the first "
        f"{statement.head.size} entries of {statement.head.log_name}",
    ]
    if shown.index is not None:
        lines.append(f"entry {shown.index}")
    if shown.superseded_by is not None:
        lines.append(f"superseded by version {shown.superseded_by}")
    if shown.index is None:
        lines.append("read from its folder, unchecked: headwater verify DIR")
    return [printable(line, 4000) for line in lines]


def show_data(shown: Shown) -> dict[str, Any]:
    """The same as JSON values."""
    return {
        **_data(shown.statement),
        "index": shown.index,
        "superseded_by": shown.superseded_by,
    }
