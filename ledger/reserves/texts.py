"""The texts of a sealed reserve, to be read again: from its folder, or as the ledger found them."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ledger.corpus.texts import text_sources
from ledger.engines import Source
from ledger.errors import InputError, LedgerError, RefusedError, UnknownNameError, printable
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.provenance.overlap import Reference
from ledger.reserves.audit import reserve_reference
from ledger.reserves.opening.open import is_reserve
from ledger.reserves.sealed import find_reserve, members_of, statement_of

__all__ = ["no_reserve", "reserve_texts"]

_NAMED = "@"


def reserve_texts(log: Log, reserve: str, roots: Sequence[Path] = ()) -> Reference:
    """The texts of a sealed reserve: in its folder, or where the ledger found them.

    `reserve` is the folder of a seal, or NAME[@VERSION] of one that the ledger recorded; its texts
    are then read in the datasets it was sealed from. A folder that is no seal hides no name. Raises
    UnknownNameError, InputError for a folder that is none, RefusedError where the vault withholds
    what is needed, VerificationError or a kind of it.
    """
    folder = Path(reserve)
    if folder.is_dir() and is_reserve(folder):
        return reserve_reference(folder)
    index, entry = _find(log, reserve, folder.is_dir())
    members, statement = members_of(log, index, entry), statement_of(log, index, entry)
    if members is None or statement is None:
        raise RefusedError(
            f"entry {index}: the vault withholds what the reserve holds",
            hint="name the folder of the seal instead",
        )
    return Reference(
        name=f"reserve:{entry.body['name']}@{entry.body['version']}",
        root=parse_digest(str(entry.body["content_root"])),
        documents=int(entry.body["documents"]),
        sources=_sources(log, statement[0].rule.get("datasets") or _datasets(log), roots),
        members=members,
    )


def _find(log: Log, reserve: str, is_folder: bool) -> tuple[int, Entry]:
    name, _, version = reserve.partition(_NAMED)
    if version and not (version.isascii() and version.isdigit() and len(version) < 10):
        raise InputError(f"{printable(reserve)}: found no version, expected NAME@NUMBER")
    try:
        return find_reserve(log, name, int(version) if version else None)
    except UnknownNameError:
        if is_folder:
            raise no_reserve(reserve) from None
        raise


def no_reserve(folder: str) -> InputError:
    """What to say of a folder that nobody sealed."""
    return InputError(
        f"{printable(folder)}: a folder that is no sealed reserve",
        hint="a reserve is NAME, NAME@VERSION or the folder that `reserve seal` wrote",
    )


def _datasets(log: Log) -> list[str]:
    rows = log.connection.execute("SELECT name, version FROM dataset ORDER BY id").fetchall()
    return [f"{name}@{version}" for name, version in rows]


def _sources(log: Log, datasets: Sequence[str], roots: Sequence[Path]) -> tuple[Source, ...]:
    """All inputs of some datasets that are at hand; what is missing shows in the count."""
    absent: dict[bytes, LedgerError] = {}
    found: dict[str, Source] = {}
    for dataset in datasets:
        with suppress(UnknownNameError):  # nothing was read into it
            found |= {source.key: source for source in text_sources(log, dataset, roots, absent)}
    return tuple(found.values())
