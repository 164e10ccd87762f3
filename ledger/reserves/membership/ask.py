"""Asks a sealed reserve about single documents: in, or not in, with the proof.

A reserve is asked in its folder, or by name in the ledger that recorded it, whose vault keeps the
sorted digests. Only what a proof needs is read; whether the folder is whole is for `verify`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.corpus.hashing import hash_file
from ledger.errors import InputError, printable
from ledger.log.keys import KeyRing
from ledger.reserves.layout import CONTENT, ENTRY, PROOF, STATEMENT
from ledger.reserves.membership.proofs import MAX_PROOF_BYTES, Membership, ProofFile
from ledger.reserves.membership.prove import SealedTree
from ledger.reserves.opening.listing import read_bounded
from ledger.reserves.opening.recorded import Recorded, TrustedKeys, check_recorded, raise_if_strange

if TYPE_CHECKING:
    from ledger.log.log import Log

__all__ = ["Asked", "SealedReserve", "open_reserve", "read_asked"]

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_NAMED = re.compile(r"(?P<name>[^@]+)(?:@(?P<version>[1-9][0-9]{0,8}))?")


@dataclass(frozen=True)
class Asked:
    """A document somebody asks about: as given, its digest, and its file if one was given."""

    given: str
    document: bytes
    path: Path | None


@dataclass(frozen=True)
class SealedReserve:
    """A reserve whose statement is signed and recorded; `content` is there if its folder is."""

    recorded: Recorded
    where: str
    content: Path | None
    files: tuple[bytes, bytes, bytes]  # statement, entry and tlog-proof; checked, so UTF-8
    prove: Callable[[bytes], Membership]

    def ask(self, document: bytes) -> ProofFile:
        """The answer about a document, as a proof that needs nothing else.

        Raises RootMismatchError or VerificationError where the reserve is not what was signed.
        """
        return ProofFile(self.prove(document), *(file.decode() for file in self.files))

    def raise_if_untrusted(self) -> None:
        """Raises UntrustedSignerError if nobody here trusts who signed."""
        raise_if_strange(self.recorded.strangers, self.where)


def read_asked(given: str) -> Asked:
    """What `given` means: `sha256:` and 64 hex digits, or a file to hash. Raises InputError."""
    path = Path(given)
    typed = _DIGEST.fullmatch(given)
    if typed is not None and not path.exists():
        return Asked(given, bytes.fromhex(typed[1]), None)
    try:
        return Asked(given, hash_file(path)[0], path)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{printable(given)}: {printable(reason).lower()}, expected a file or a digest",
            hint="a digest is sha256: and 64 hex digits; in a shell, sha256sum FILE prints them",
        ) from error


@contextmanager
def open_reserve(named: str, location: str) -> Iterator[SealedReserve]:
    """The reserve in the folder `named`, or of that NAME or NAME@VERSION in the ledger.

    Raises InputError where there is neither, VerificationError or a kind of it where it does not
    hold. Who signed is known, not whether to trust them: `raise_if_untrusted`.
    """
    ring = KeyRing()
    keys = TrustedKeys(log=ring.verifiers("log"), statement=ring.verifiers("statement"))
    folder = Path(named)
    if folder.is_dir():
        with _in_folder(folder, keys) as reserve:
            yield reserve
        return
    typed = _NAMED.fullmatch(named)
    if typed is None or folder.exists():
        raise InputError(
            f"{printable(named)}: not a folder, and not NAME or NAME@VERSION of a reserve",
            hint="--reserve DIR is the folder that `reserve seal -o DIR` wrote",
        )
    from ledger.provenance.opening import open_ledger  # a folder needs no SQL

    with open_ledger(location) as log:
        reserve = _in_ledger(log, typed["name"], typed["version"], keys)
    yield reserve


@contextmanager
def _in_folder(folder: Path, keys: TrustedKeys) -> Iterator[SealedReserve]:
    paths = [folder / name for name in (STATEMENT, ENTRY, PROOF)]
    envelope, entry, proof = (read_bounded(path, MAX_PROOF_BYTES) for path in paths)
    places = printable(paths[0]), printable(paths[1]), printable(paths[2])
    recorded = check_recorded(envelope, entry, proof, keys, places)
    statement = recorded.statement
    content = folder / CONTENT
    with SealedTree(content, statement.documents, statement.content_root) as tree:
        yield SealedReserve(recorded, places[0], content, (envelope, entry, proof), tree.prove)


def _in_ledger(log: "Log", name: str, version: str | None, keys: TrustedKeys) -> SealedReserve:
    from ledger.reserves.membership.ask_ledger import members_prover, receipts_of
    from ledger.reserves.sealed import find_reserve

    index, entry = find_reserve(log, name, None if version is None else int(version))
    where = f"{printable(log.location)}: entry {index}"
    files = receipts_of(log, index, entry)
    recorded = check_recorded(
        *files, keys, (f"{where}, its statement", where, f"{where}, its proof")
    )
    return SealedReserve(recorded, where, None, files, members_prover(log, index, entry))
