"""Verifies a sealed folder, as far as what is at hand allows.

    1  a trusted key signed the statement
    2  the statement was recorded: its entry is in the log, under a signed checkpoint
    3  the ledger it was sealed from says the same                (needs the ledger)
    4  every text was hashed again; every count, date and digest follows from what lies there

Cheap checks come first, so that a folder that was touched is refused in milliseconds. Code is
never taken from the folder, and no plug-in is loaded. Whether the claims behind the dates are true
is checked nowhere.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import InputError, VerificationError, printable
from ledger.reserves import layout
from ledger.reserves.opening.listing import check_listing, list_files, read_bounded
from ledger.reserves.opening.recorded import (
    Recorded,
    TrustedKeys,
    check_recorded,
    named_keys,
    raise_if_strange,
)
from ledger.reserves.opening.report import Report
from ledger.reserves.receipts.model_signing import check_model
from ledger.reserves.receipts.stamp import check_stamps
from ledger.reserves.receipts.write import key_files, model_files, model_name
from ledger.reserves.statement import Statement

if TYPE_CHECKING:
    from ledger.log.log import Log

__all__ = ["is_reserve", "verify_directory", "verify_reserve"]

Progress = Callable[[int, int, int], None]

_MAX_RECEIPT = 64 << 20
_MAX_SUMS = 1 << 30
_RECEIPTS = (
    layout.STATEMENT,
    layout.ENTRY,
    layout.PROOF,
    layout.CHECKPOINT,
    layout.MODEL_SIGNATURE,
    layout.STATEMENT_PEM,
    layout.LOG_PEM,
    layout.SEAL_PEM,
)


def is_reserve(path: Path) -> bool:
    """Whether `path` looks like a sealed folder, or what is left of one."""
    return (path / layout.RECEIPTS).is_dir() or (path / layout.CONTENT).is_dir()


def verify_reserve(
    folder: Path,
    keys: TrustedKeys,
    log: "Log | None" = None,
    *,
    tsa_roots: bytes | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Verify a sealed folder with the keys trusted for checkpoints and for statements.

    `log` is the ledger, if at hand; another log than the reserve's is noted and not read.
    `tsa_roots` (PEM) pins time-stamp authorities. `progress` is told (bytes of text done, in all,
    documents done). Raises VerificationError (or a kind of it) naming the file; last of all, when
    everything else holds, UntrustedSignerError.
    """
    if not folder.is_dir():
        raise InputError(f"{printable(folder)}: not a folder, expected a sealed reserve")
    where = printable(folder / layout.STATEMENT)
    envelope = _receipt(folder, layout.STATEMENT)
    sums_path = folder / layout.CONTENT / layout.SUMS
    sums_data = read_bounded(sums_path, _MAX_SUMS)
    sums = layout.parse_sums(sums_data, printable(sums_path))
    _check_files(folder, sums)
    recorded = check_recorded(
        envelope,
        _receipt(folder, layout.ENTRY),
        _receipt(folder, layout.PROOF),
        keys,
        (where, printable(folder / layout.ENTRY), printable(folder / layout.PROOF)),
    )
    statement = recorded.statement
    _check_copies(folder, recorded, where)
    found = sha256(sums_data).digest()
    if found != statement.sums:
        raise VerificationError(
            f"{printable(sums_path)}: digest {found.hex()}, the statement names "
            f"{statement.sums.hex()}"
        )
    seal_signer = _check_model(folder, statement, sums_data, where)
    stamps = check_stamps(folder, envelope, tsa_roots)
    from ledger.reserves.opening.recheck import (
        check_content,  # loads Arrow, and nothing before it does
    )

    content = check_content(folder / layout.CONTENT, statement, sums, workers, progress or _silent)
    against, notes = None, []
    if log is not None and log.log_name == statement.head.log_name:
        from ledger.reserves.opening.against import compare

        against = compare(log, recorded, content, where)
    elif log is not None:
        notes.append(f"the ledger at {printable(log.location)} is another log and was not read")
    raise_if_strange(recorded.strangers, where)
    return Report(
        statement=statement,
        index=recorded.index,
        signers=tuple(key.vkey for key in recorded.signers),
        log_signers=tuple(key.vkey for key in recorded.log_signers),
        seal_signer=seal_signer,
        stamps=tuple(stamps),
        against=against,
        notes=tuple(notes),
    )


def verify_directory(
    folder: Path,
    location: str,
    *,
    tsa_roots: bytes | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Verify a folder with this user's keys, and with the ledger at `location` if there is one.

    Raises as verify_reserve, and what opening the ledger raises.
    """
    from ledger.databases import database_for
    from ledger.log.keys import KeyRing

    ring = KeyRing()
    keys = TrustedKeys(ring.verifiers("log"), ring.verifiers("statement"))
    if not database_for(location).exists(location):
        return verify_reserve(folder, keys, tsa_roots=tsa_roots, workers=workers, progress=progress)
    from ledger.provenance.opening import open_ledger

    with open_ledger(location) as log:
        return verify_reserve(
            folder, keys, log, tsa_roots=tsa_roots, workers=workers, progress=progress
        )


def _silent(_done: int, _total: int, _documents: int) -> None:
    return


# --- receipts


def _receipt(folder: Path, name: str) -> bytes:
    return read_bounded(folder / name, _MAX_RECEIPT)


def _check_files(folder: Path, sums: Mapping[str, bytes]) -> None:
    """Exactly the files of a seal: those listed, the receipts, and time stamps if there are."""
    _check_names(folder, sums)
    found = list_files(folder)
    expected = {f"{layout.CONTENT}/{name}" for name in (*sums, layout.SUMS)}
    expected.update(_RECEIPTS)
    place = folder / layout.TIMESTAMPS
    if any(name.startswith(layout.TIMESTAMPS + "/") for name in found):
        listed = layout.parse_sums(
            read_bounded(place / layout.SUMS, _MAX_RECEIPT), printable(place / layout.SUMS)
        )
        expected.update(f"{layout.TIMESTAMPS}/{name}" for name in (*listed, layout.SUMS))
    check_listing(folder, found, expected)


def _check_names(folder: Path, sums: Mapping[str, bytes]) -> None:
    """Content is the files of the layout: shards numbered without a gap, proofs by their digest."""
    where = printable(folder / layout.CONTENT / layout.SUMS)
    fixed = {
        layout.RULE, layout.DOCUMENTS, layout.TREE, layout.EVIDENCE, layout.CONTAMINATION,
    }  # fmt: skip
    shards = [name for name in sums if name.startswith(layout.TEXT + "/")]
    fixed.update(layout.shard_name(number) for number in range(max(len(shards), 1)))
    fixed.update(f"{layout.PROOFS}/{digest.hex()}" for digest in sums.values())
    foreign, missing = sorted(set(sums) - fixed), None
    if not foreign:
        needed = {name for name in fixed if not name.startswith(layout.PROOFS + "/")}
        missing = min(needed.difference(sums), default=None)
    if foreign or missing is not None:
        raise VerificationError(
            f"{where}: {foreign[0]} is no file of a reserve"
            if foreign
            else f"{where}: {missing} is not listed"
        )
    for name, digest in sums.items():
        if name.startswith(layout.PROOFS + "/") and name != f"{layout.PROOFS}/{digest.hex()}":
            raise VerificationError(f"{where}: {name} has digest {digest.hex()}")


def _check_copies(folder: Path, recorded: Recorded, where: str) -> None:
    """The checkpoint and the PEM files repeat what is signed; a copy that differs would mislead."""
    statement = recorded.statement
    named_keys((*statement.statement_vkeys, *statement.log_vkeys, *statement.seal_vkeys), where)
    copies = {layout.CHECKPOINT: recorded.checkpoint_note.encode(), **key_files(statement)}
    for name, expected in copies.items():
        if _receipt(folder, name) != expected:
            raise VerificationError(f"{printable(folder / name)}: not what {where} says")


def _check_model(folder: Path, statement: Statement, sums: bytes, where: str) -> str:
    """The bundle is by the one seal key that the signed statement names; that key."""
    keys = named_keys(statement.seal_vkeys, where)
    if len(keys) != 1:
        raise VerificationError(f"{where}: {len(keys)} seal keys, expected one")
    place = printable(folder / layout.MODEL_SIGNATURE)
    data = _receipt(folder, layout.MODEL_SIGNATURE)
    check_model(data, model_name(statement), model_files(sums), keys[0], place)
    return keys[0].vkey
