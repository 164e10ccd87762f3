"""A manifest to look at: one of the ledger by its name, or a folder as it lies there, unchecked."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from ledger.errors import InputError, RefusedError, VerificationError, printable
from ledger.log.log import Log
from ledger.manifests.layout import MANIFEST, STRATA
from ledger.manifests.recorded import find_manifest, statement_of
from ledger.manifests.since import superseded_by
from ledger.manifests.statement import Statement, parse_statement
from ledger.provenance.dsse import parse_envelope
from ledger.provenance.shape import Maybe, check_shape
from ledger.reserves.opening.listing import read_bounded

__all__ = ["Shown", "parse_strata", "read_statement", "show_folder", "show_manifest"]

_MOST = 64 << 20
_STRATUM = {
    "achieved_ppm": int,
    "available": int,
    "documents": int,
    "every": int,
    "given": int,
    "planned": int,
    "repeat_q16": int,
    "selected": int,
    "tail": Maybe(
        {
            "classes": Maybe(
                [
                    {
                        "below": str,
                        "documents": int,
                        "name": str,
                        "selected": int,
                        "upto": str,
                        "weight": int,
                    }
                ]
            ),
            "cuts": [int],
        }
    ),
    "target": int,
    "target_ppm": int,
    "threshold": {"digest": str, "key": str},
    "units": int,
    "values": [str],
}


@dataclass(frozen=True)
class Shown:
    """A manifest; `index` is its entry, None for a folder, whose signature nobody checked.

    `strata` is what strata.json says, None where it is withheld. `superseded_by` is NAME@VERSION
    of the one that was recorded last, None where that is this one, or not known.
    """

    statement: Statement
    strata: Mapping[str, Any] | None
    index: int | None
    superseded_by: str | None


def show_folder(folder: Path) -> Shown:
    """The manifest in a folder. Raises InputError where there is none, VerificationError."""
    statement, _ = read_statement(folder)
    data = read_bounded(folder / STRATA, _MOST)
    return Shown(statement, _strata(data, statement, printable(folder / STRATA)), None, None)


def read_statement(folder: Path) -> tuple[Statement, bytes]:
    """(statement, payload) in a folder, the signature unchecked.

    Raises InputError where there is none, VerificationError.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(
            f"{printable(folder)}: found no manifest",
            hint="headwater manifest build MIX.toml -o DIR",
        )
    payload, _ = parse_envelope(read_bounded(path, _MOST), printable(path))
    return parse_statement(payload, printable(path)), payload


def show_manifest(log: Log, reference: str) -> Shown:
    """The newest manifest of NAME or NAME@VERSION.

    Raises UnknownNameError, RefusedError where the vault withholds the statement.
    """
    index, entry = find_manifest(log, reference)
    found = statement_of(log, index, entry)
    if found is None:
        raise RefusedError(
            f"entry {index}: the vault withholds the statement of {printable(reference)}",
            hint="headwater manifest show DIR reads it from the folder",
        )
    data = None if log.vault is None else log.vault.attachment(found[0].strata)
    strata = None if data is None else _strata(data, found[0], f"entry {index}: strata")
    return Shown(found[0], strata, index, superseded_by(log, index, found[0].name))


def parse_strata(data: bytes, where: str) -> Mapping[str, Any]:
    """What a strata.json says. Raises VerificationError naming `where`."""
    try:
        document: dict[str, Any] = orjson.loads(data)
        check_shape(document, {"axes": [str], "strata": [_STRATUM], "unit": str}, "strata")
        if any(len(row["values"]) != len(document["axes"]) for row in document["strata"]):
            raise ValueError("strata: another number of values than of axes")
    except (ValueError, TypeError, KeyError) as error:
        raise VerificationError(f"{where}: not a list of strata: {printable(error)}") from error
    return document


def _strata(data: bytes, statement: Statement, where: str) -> Mapping[str, Any]:
    if sha256(data).digest() != statement.strata:
        raise VerificationError(f"{where}: SHA-256 is {sha256(data).hexdigest()}, "
                                f"expected {statement.strata.hex()}")  # fmt: skip
    return parse_strata(data, where)
