"""Verifies an export: a trusted key signed it, and the folder holds the files it names, no other.

Levels: 1 the signature, 2 the manifest it is of is in the ledger at hand, 4 every file hashed.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.corpus.hashing import hash_file
from ledger.errors import InputError, UntrustedSignerError, VerificationError, printable
from ledger.log.notes import Verifier
from ledger.manifests.exports.statement import EXPORT, Export, parse_export
from ledger.manifests.formats import Written
from ledger.manifests.opening.files import read_file
from ledger.provenance.conditions import moment
from ledger.provenance.dsse import open_envelope, parse_envelope
from ledger.provenance.included import Stranger, named_keys, raise_if_strange
from ledger.provenance.trust import key_label

if TYPE_CHECKING:
    from ledger.log.log import Log

__all__ = ["ExportReport", "is_export", "verify_directory", "verify_export"]

_MOST = 256 << 20


@dataclass(frozen=True)
class ExportReport:
    """An export that verified. `index` is the manifest's entry in the ledger at hand, if any.

    `superseded_by` is what took the manifest's place, `taken_down` how many of its documents have
    been since, None where the ledger does not say who they are.
    """

    export: Export
    signers: tuple[str, ...]
    index: int | None
    asked: bool
    superseded_by: str | None = None
    taken_down: int | None = None

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels reached."""
        return (1, 4) if self.index is None else (1, 2, 4)

    def text(self) -> str:
        """For people."""
        export = self.export
        levels = "1 and 4" if self.index is None else "1, 2 and 4"
        recorded = "" if self.index is None else ", its manifest is in the ledger"
        files = len(export.files)
        lines = [
            f"export of {export.manifest}: levels {levels}: the signature holds{recorded}, every "
            "file was hashed again",
            f"epoch {export.epoch} as {export.format}, {export.documents:,} documents in "
            f"{files:,} file{'' if files == 1 else 's'}; for stage {export.stage}; weights count "
            f"{export.unit}",
            f"content root {export.content_root.hex()}",
            f"manifest's statement sha256:{export.statement.hex()}",
            *export.limits,
            f"unchanged since {moment(export.issued_at)}, by the issuer's clock; signed by "
            f"{' and '.join(map(key_label, self.signers))}. Whether the claims are true is not "
            "checked.",
        ]
        if not self.asked:
            lines.append("no ledger at hand: whether the manifest was recorded, not checked")
        elif self.index is None:
            lines.append("the ledger at hand has no such manifest, or it was taken back")
        else:
            lines.append(f"manifest at entry {self.index}")
            if self.superseded_by is not None:
                lines.append(f"the manifest was superseded by {self.superseded_by}")
            if self.taken_down is None:
                lines.append("the vault withholds who is in it: whether one was taken down since, "
                             "not checked")  # fmt: skip
            elif self.taken_down:
                lines.append(f"{self.taken_down:,} of its documents have been taken down")
        return "\n".join(printable(line, 4000) for line in lines)

    def data(self) -> dict[str, Any]:
        """As JSON values."""
        export = self.export
        return {
            "content_root": f"sha256:{export.content_root.hex()}",
            "documents": export.documents,
            "epoch": export.epoch,
            "files": len(export.files),
            "format": export.format,
            "index": self.index,
            "levels": list(self.levels),
            "manifest": export.manifest,
            "signers": list(self.signers),
            "stage": export.stage,
            "statement": f"sha256:{export.statement.hex()}",
            "superseded_by": self.superseded_by,
            "taken_down": self.taken_down,
        }


def is_export(path: Path) -> bool:
    """Whether an export lies in a folder, as far as its names tell."""
    return (path / EXPORT).is_file()


def verify_directory(folder: Path, location: str) -> ExportReport:
    """Verify a folder with this user's keys, and with the ledger at `location` if there is one.

    Raises as verify_export, and what opening the ledger raises.
    """
    from ledger.databases import database_for
    from ledger.log.keys import KeyRing

    keys = KeyRing().verifiers("statement")
    if not database_for(location).exists(location):
        return verify_export(folder, keys)
    from ledger.provenance.opening import open_ledger

    with open_ledger(location) as log:
        return verify_export(folder, keys, log)


def verify_export(
    folder: Path, trusted: Sequence[Verifier], log: "Log | None" = None
) -> ExportReport:
    """Verify a folder with the keys trusted for statements.

    Raises VerificationError or a kind of it naming the file, UntrustedSignerError last of all: then
    everything else holds.
    """
    path = folder / EXPORT
    where = printable(path)
    data = read_file(path, _MOST)
    export = parse_export(parse_envelope(data, where)[0], where)
    strangers: list[Stranger] = []
    try:
        signers = open_envelope(data, trusted, where)[1]
    except UntrustedSignerError:
        signers = open_envelope(data, named_keys(export.statement_vkeys, where), where)[1]
        strangers = [(key, "statement") for key in signers]
    _check_names(folder, export)
    for item in export.files:
        _check_file(folder, item)
    index, later, down = (None, None, None) if log is None else _recorded(log, export)
    raise_if_strange(strangers, where)
    vkeys = tuple(key.vkey for key in signers)
    return ExportReport(export, vkeys, index, log is not None, later, down)


def _check_names(folder: Path, export: Export) -> None:
    """A file that nobody signed would be read like the others: none may lie there."""
    named = {item.path for item in export.files}
    for place, folders, files in os.walk(folder, onerror=_unreadable):
        for name in (*files, *(item for item in folders if (Path(place) / item).is_symlink())):
            found = (Path(place) / name).relative_to(folder).as_posix()
            if found not in named and found != EXPORT:
                raise VerificationError(
                    f"{printable(folder / found)}: no file of the export, expected only those "
                    f"that {EXPORT} names",
                    hint="move it away; what reads the folder may take it for one of them",
                )


def _unreadable(error: OSError) -> None:
    raise VerificationError(
        f"{printable(error.filename)}: {printable((error.strerror or str(error)).lower())}, "
        "expected a folder of the export"
    ) from error


def _check_file(folder: Path, item: Written) -> None:
    path = folder / item.path
    if path.is_symlink() or not path.is_file():
        raise VerificationError(f"{printable(path)}: no plain file, expected one")
    try:
        digest, size = hash_file(path)
    except OSError as error:
        reason = printable((error.strerror or str(error)).lower())
        raise VerificationError(f"{printable(path)}: {reason}, expected a file") from error
    if (digest, size) != (item.sha256, item.size):
        raise VerificationError(
            f"{printable(path)}: {size} bytes with digest {digest.hex()}, expected {item.size} "
            f"with {item.sha256.hex()}",
            hint="the file changed since the export was signed; export it again",
        )


def _recorded(log: "Log", export: Export) -> tuple[int | None, str | None, int | None]:
    """(the manifest's entry, what took its place, how many of its documents are down)."""
    import numpy as np

    from ledger.manifests.recorded import find_statement, members_of
    from ledger.manifests.since import count_taken_down, superseded_by

    try:
        index, entry = find_statement(log, export.statement)
    except InputError:  # a foreign ledger, or the manifest was taken back
        return None, None, None
    members = members_of(log, index, entry)
    later = superseded_by(log, index, str(entry.body["name"]))
    if members is None:
        return index, later, None
    digests = np.frombuffer(members, np.uint8).reshape(-1, 32)
    return index, later, count_taken_down(log, digests)
