"""All of a manifest read and held against its statement."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from ledger.corpus.hashing import hash_file
from ledger.errors import RootMismatchError, VerificationError, printable
from ledger.manifests.agreeing import SUMMED, check_strata
from ledger.manifests.layout import STRATA, row_bytes, rows_root
from ledger.manifests.loading.reader import Reader
from ledger.manifests.opening.files import missing
from ledger.manifests.opening.rows import Rows
from ledger.manifests.statement import Statement

__all__ = ["verify_all"]

_BLOCK = 4096


def verify_all(
    statement: Statement, strata: Sequence[Mapping[str, Any]], rows: Rows, reader: Reader
) -> None:
    """Raises VerificationError, DocumentMismatchError or RootMismatchError naming what is wrong."""
    for at in range(0, len(rows), _BLOCK):
        table = reader.table(np.arange(at, min(at + _BLOCK, len(rows))))
        try:
            table.validate(full=True)
        except pa.ArrowInvalid as error:
            part, row = reader.texts.place(at)
            raise VerificationError(
                f"{printable(part.path)}: a text from row {row} on is not UTF-8, expected UTF-8"
            ) from error
    for part in reader.texts.parts:
        try:
            found, _ = hash_file(part.path)
        except OSError as error:
            raise missing(part, error) from error
        if found != part.part.sha256:
            raise VerificationError(
                f"{printable(part.path)}: digest {found.hex()}, expected {part.part.sha256.hex()}",
                hint="every text is right, but the file is not the one that was signed",
            )
    _check_roots(statement, rows)
    _check_strata(statement, strata, rows)


def _check_roots(statement: Statement, rows: Rows) -> None:
    digests = rows.digest.reshape(-1).tobytes()
    ascending = sorted(digests[at : at + 32] for at in range(0, len(digests), 32))
    found = sha256(b"".join(ascending)).digest()
    if found != statement.members:
        raise RootMismatchError(
            f"members come to {found.hex()}, the statement has {statement.members.hex()}"
        )
    numbers = (column.astype(np.int64) for column in (rows.stratum, rows.repeat, rows.units))
    try:
        root = rows_root(row_bytes(rows.digest, *numbers))
    except ValueError as error:  # not distinct
        raise RootMismatchError("rows: the same one twice, expected each once") from error
    if root != statement.content_root:
        raise RootMismatchError(
            f"rows have content root {root.hex()}, the statement has {statement.content_root.hex()}"
        )


def _check_strata(statement: Statement, strata: Sequence[Mapping[str, Any]], rows: Rows) -> None:
    """What strata.json says was drawn is what the rows hold: counted, not believed."""
    copies = rows.copies(statement.seed)
    each = np.ones(len(rows), np.int64), copies, copies * rows.units
    try:
        for name, values in zip(SUMMED, each, strict=True):
            counted = np.zeros(len(strata), np.int64)
            np.add.at(counted, rows.stratum, values)
            for number, (row, found) in enumerate(zip(strata, counted.tolist(), strict=True)):
                if row[name] != found:
                    raise ValueError(
                        f"strata[{number}].{name} is {row[name]}, the rows come to {found}"
                    )
        check_strata(strata, statement.rows, statement.documents, statement.units)
    except (ValueError, KeyError, TypeError) as error:
        raise VerificationError(
            f"{STRATA}: {printable(error)}",
            hint="the issuer signed numbers that are not those of its rows",
        ) from error
