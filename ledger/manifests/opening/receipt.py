"""The two files that show a manifest was recorded: its entry, and the proof of that entry.

They lie in its folder, both or none. Checking them needs only `cryptography` and `orjson`.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import VerificationError, printable
from ledger.log.notes import Verifier
from ledger.log.proofs import format_proof
from ledger.manifests.names import ENTRY, MANIFEST, PROOF
from ledger.manifests.opening.files import read_file
from ledger.manifests.statement import (
    Statement,
    format_statement,
    manifest_body,
    manifest_subject,
)
from ledger.provenance.included import Places, Stranger, TrustedKeys, check_body, check_included

if TYPE_CHECKING:
    from ledger.log.log import Log

__all__ = ["Receipt", "check_receipt", "receipt_files"]

_MOST = 1 << 20


@dataclass(frozen=True)
class Receipt:
    """The manifest's entry and its index; who signed the checkpoint that includes it.

    `strangers` are those of the log's signers that nobody here trusts.
    """

    index: int
    entry: bytes
    log_signers: tuple[Verifier, ...]
    strangers: tuple[Stranger, ...]


def receipt_files(log: "Log", index: int) -> dict[str, bytes]:
    """The two files of the manifest at an entry, by name. Raises as proving."""
    return {
        ENTRY: log.entry_bytes(index),
        PROOF: format_proof(log.prove(index)).encode(),
    }


def check_receipt(folder: Path, statement: Statement, keys: TrustedKeys) -> Receipt | None:
    """Check the two files against the manifest's statement; None where there are none.

    Raises VerificationError or a kind of it naming the file, also where one of the two is missing.
    """
    paths = folder / ENTRY, folder / PROOF
    if not any(path.exists() for path in paths):
        return None
    entry, proof = (read_file(path, _MOST) for path in paths)
    places = Places(printable(folder / MANIFEST), *map(printable, paths))
    body = manifest_body(statement, f"sha256:{sha256(format_statement(statement)).hexdigest()}")
    try:
        check_body(entry, "manifest", manifest_subject(statement), body, places.entry)
    except VerificationError as error:
        raise type(error)(
            str(error), hint="the entry of another manifest; copy this one's folder again"
        ) from error
    strangers: list[Stranger] = []
    found, signers = check_included(
        entry, proof, statement.head, statement.log_vkeys, keys.log, places, strangers
    )
    return Receipt(found.index, entry, signers, tuple(strangers))
