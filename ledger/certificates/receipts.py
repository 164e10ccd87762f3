"""What a certificate brings along of each reserve it names: statement, entry, inclusion proof.

Three files a reserve, numbered by its row in `composition.reserves`; all three or none. Checking
them needs only `cryptography` and `orjson`.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.certificates.folder import is_receipt, read_file, receipt_names
from ledger.certificates.statement import Statement
from ledger.errors import VerificationError, printable
from ledger.log.canonical import parse_digest, parse_entry, subject_of
from ledger.log.notes import Signer, Verifier
from ledger.log.proofs import format_proof
from ledger.provenance.dsse import sign_envelope

if TYPE_CHECKING:
    from ledger.log.log import Log

__all__ = ["check_receipts", "has_receipts", "reserve_receipts"]

Keys = tuple[Sequence[Verifier], Sequence[Verifier]]
"""Those trusted for checkpoints, those for statements."""

_MOST = 9_999  # reserves in one certificate
_SAME = ("content_root", "name", "stage", "statement", "version")


def has_receipts(row: Mapping[str, Any]) -> bool:
    """Whether receipts belong to a row: some of the reserve's documents are in the dataset."""
    return "withheld" not in row and isinstance(row["documents"], int) and row["documents"] > 0


def _rows(statement: Statement) -> Iterator[tuple[int, Mapping[str, Any]]]:
    section = statement.composition.get("reserves", {"rows": []})
    for number, row in enumerate(section["rows"], 1):
        if number <= _MOST and has_receipts(row):
            yield number, row


def reserve_receipts(log: "Log", statement: Statement, signer: Signer) -> dict[str, bytes]:
    """The files for a certificate's statement, by name.

    A reserve's statement is signed again by the same key, which gives the same bytes; one that
    names another statement key, such as an older one, goes without.
    """
    files: dict[str, bytes] = {}
    for number, row in _rows(statement):
        index = _claim_of(log, row)
        payload = (
            None if log.vault is None else log.vault.attachment(parse_digest(row["statement"]))
        )
        if index is None or payload is None:
            continue
        from ledger.reserves.statement import parse_statement

        if signer.verifier.vkey not in parse_statement(payload, f"entry {index}").statement_vkeys:
            continue
        envelope, entry, proof = receipt_names(number)
        files[envelope] = sign_envelope(payload, signer)
        files[entry] = log.entry_bytes(index)
        files[proof] = format_proof(log.prove(index)).encode()
    return files


def _claim_of(log: "Log", row: Mapping[str, Any]) -> int | None:
    for index in log.find(subject_of("reserve", row["name"], str(row["version"]))):
        entry = log.entry(index)
        if entry.kind == "reserve" and entry.body.get("statement") == row["statement"]:
            return index
    return None


def check_receipts(
    folder: Path,
    statement: Statement,
    trusted: Keys,
    where: str,
    strangers: list[tuple[Verifier, str]],
) -> list[str]:
    """Check the receipts in a folder against its statement; returns notes.

    Raises VerificationError for one that does not hold, that is missing beside others, or that
    belongs to no row. Signers nobody trusts are added to `strangers`.
    """
    found = {item.name for item in folder.iterdir() if is_receipt(item.name)}
    try:
        rows = dict(_rows(statement))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VerificationError(
            f"{where}: composition.reserves has not its section's shape: {printable(error)}"
        ) from error
    foreign = found - {name for number in rows for name in receipt_names(number)}
    if foreign:
        raise VerificationError(
            f"{printable(folder / min(foreign))}: a receipt for no reserve that the certificate "
            "says holds its documents"
        )
    notes = []
    for number, row in rows.items():
        label = f"reserve {printable(row.get('name'))} version {printable(row.get('version'))}"
        if not found.intersection(receipt_names(number)):
            notes.append(f"the receipts of {label} are not there; the ledger has them")
            continue
        _check_one(folder, number, row, statement, trusted, strangers)
        notes.append(f"{label}: signed and recorded in the same log, by the receipts beside it")
    return notes


def _check_one(
    folder: Path,
    number: int,
    row: Mapping[str, Any],
    statement: Statement,
    trusted: Keys,
    strangers: list[tuple[Verifier, str]],
) -> None:
    from ledger.reserves.opening.recorded import TrustedKeys, check_recorded

    names = receipt_names(number)
    envelope, entry, proof = (read_file(folder, name) for name in names)
    places = (
        printable(folder / names[0]),
        printable(folder / names[1]),
        printable(folder / names[2]),
    )
    keys = TrustedKeys(*trusted)
    recorded = check_recorded(envelope, entry, proof, keys, places)
    strangers.extend(recorded.strangers)
    body = parse_entry(entry, places[1]).body
    told = {name: row.get(name) for name in _SAME} | {
        "bytes": row.get("reserve_bytes"),
        "documents": row.get("reserve_documents"),
    }
    for name, value in told.items():
        if body.get(name) != value:
            raise VerificationError(
                f"{places[1]}: {name} is {printable(body.get(name))}, the certificate says "
                f"{printable(value)}"
            )
    if sha256(recorded.payload).digest() != parse_digest(str(row["statement"])):
        raise VerificationError(f"{places[0]}: another statement than the certificate names")
    if recorded.statement.head.log_name != statement.head.log_name:
        raise VerificationError(
            f"{places[0]}: of the log {printable(recorded.statement.head.log_name)}, expected "
            f"{printable(statement.head.log_name)}"
        )
    if recorded.index >= statement.head.size:
        raise VerificationError(
            f"{places[2]}: index {recorded.index}, expected less than {statement.head.size}: "
            "a certificate counts reserves recorded before it"
        )
