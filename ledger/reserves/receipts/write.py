"""A seal's receipts: who signed what, where it stands in the log, and the keys to check it with.

Written once, after the content is complete and its entry recorded; time stamps come later
(stamp.py). The seal key is P-256, because that is what Model Signing takes, and the log names it.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from ledger.log.log import Log
from ledger.log.notes import Signer, parse_vkey
from ledger.log.proofs import InclusionProof, format_proof
from ledger.log.record import record
from ledger.provenance.dsse import sign_envelope
from ledger.provenance.opening import key_claim
from ledger.reserves.layout import (
    CHECKPOINT,
    CONTENT,
    ENTRY,
    LOG_PEM,
    MODEL_SIGNATURE,
    PROOF,
    RECEIPTS,
    SEAL_PEM,
    STATEMENT,
    STATEMENT_PEM,
    SUMS,
    parse_sums,
)
from ledger.reserves.receipts.model_signing import sign_model
from ledger.reserves.statement import Statement, parse_statement

__all__ = ["SealKey", "key_files", "model_files", "model_name", "seal_key", "write_receipts"]


@dataclass(frozen=True)
class SealKey:
    """The key that signs bundles. `path` is its private half; `created`: it was made just now."""

    signer: Signer
    created: bool
    path: Path


def seal_key_name(log_name: str) -> str:
    """The name of the key that signs a ledger's reserves."""
    return f"{log_name}/seal"


def seal_key(log: Log) -> SealKey:
    """The ledger's seal key, made and recorded by a `key` claim on first use.

    A key that was made but not recorded, because something came between, is recorded now. Raises
    RefusedError if the log names a key whose private half is not here, KeyPermissionError if
    others can read it, and what appending raises.
    """
    ring, name = log.keys, seal_key_name(log.log_name)
    recorded = log.log_vkeys("seal")
    if recorded:
        signer = ring.signer("seal", name, recorded)
        return SealKey(signer, False, _path(log, signer))
    own = [key for key in ring.own() if (key.use, key.verifier.name) == ("seal", name)]
    key = own[-1] if own else ring.generate(name, "seal")
    signer = ring.signer("seal", name, [key.verifier.vkey])  # loads it: recorded only if it works
    record(log, [key_claim(key)])
    return SealKey(signer, True, ring.path(key))


def _path(log: Log, signer: Signer) -> Path:
    (path,) = {
        log.keys.path(key)
        for key in log.keys.own()
        if key.use == "seal" and key.verifier == signer.verifier
    }
    return path


def write_receipts(
    folder: Path,
    payload: bytes,
    *,
    statement_signer: Signer,
    seal_signer: Signer,
    entry: bytes,
    proof: InclusionProof,
) -> None:
    """Write `folder`/receipts. `folder`/content is complete and what the `payload` says.

    Raises VerificationError for a payload or a SHA256SUMS that is none, FileExistsError if there
    are receipts.
    """
    statement = parse_statement(payload, STATEMENT)
    sums = (folder / CONTENT / SUMS).read_bytes()
    files = {
        STATEMENT: sign_envelope(payload, statement_signer),
        ENTRY: entry,
        PROOF: format_proof(proof).encode(),
        CHECKPOINT: proof.checkpoint_note.encode(),
        MODEL_SIGNATURE: sign_model(model_name(statement), model_files(sums), seal_signer),
        **key_files(statement),
    }
    (folder / RECEIPTS).mkdir()
    for name, data in files.items():
        with (folder / name).open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    descriptor = os.open(folder / RECEIPTS, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def model_name(statement: Statement) -> str:
    """The name of the bundle's subject."""
    return f"{statement.name}@{statement.version}"


def model_files(sums: bytes) -> dict[str, bytes]:
    """What the bundle is over: every file below content/, by relative path, and SHA256SUMS."""
    from hashlib import sha256

    return {**parse_sums(sums, f"{CONTENT}/{SUMS}"), SUMS: sha256(sums).digest()}


def key_files(statement: Statement) -> dict[str, bytes]:
    """The PEM files: the keys that the statement names, one after the other."""
    named = {
        STATEMENT_PEM: statement.statement_vkeys,
        LOG_PEM: statement.log_vkeys,
        SEAL_PEM: statement.seal_vkeys,
    }
    return {
        name: b"".join(key.pem for key in map(parse_vkey, vkeys)) for name, vkeys in named.items()
    }
