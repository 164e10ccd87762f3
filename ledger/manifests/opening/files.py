"""The files of a manifest: read whole where they are small, named where they are not right."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.corpus.plain_file import open_plain
from ledger.errors import VerificationError, printable
from ledger.manifests.shards import Part

__all__ = ["Located", "check_size", "locate", "missing", "read_file", "read_named", "read_part"]

_MOVED = 'if the folder lies elsewhere now: open_manifest(…, roots={"%s": FOLDER})'


@dataclass(frozen=True)
class Located:
    """A file of rows or texts as the manifest names it, and where it lies here."""

    part: Part
    path: Path

    @property
    def rows(self) -> int:
        """How many it holds."""
        return self.part.rows


def read_named(path: Path, digest: bytes, limit: int) -> bytes:
    """A file that the statement names by its digest, of `limit` bytes at most.

    Raises VerificationError.
    """
    data = read_file(path, limit)
    _check_digest(path, data, digest)
    return data


def read_part(file: Located) -> bytes:
    """A part, whole. Raises VerificationError."""
    check_size(file)
    data = read_file(file.path, file.part.size)
    _check_digest(file.path, data, file.part.sha256)
    return data


def check_size(file: Located) -> None:
    """Whether a part is there, a plain file of its size. Raises VerificationError."""
    try:
        found = os.stat(file.path)
    except OSError as error:
        raise missing(file, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise VerificationError(f"{printable(file.path)}: no plain file, expected one")
    if found.st_size != file.part.size:
        raise VerificationError(
            f"{printable(file.path)}: {found.st_size} bytes, expected {file.part.size}",
            hint="the file changed since the manifest was signed; copy it again",
        )


def missing(file: Located, error: OSError) -> VerificationError:
    """What to say where a part cannot be read."""
    reason = printable((error.strerror or str(error)).lower())
    return VerificationError(
        f"{printable(file.path)}: {reason}, expected {file.part.file} of the manifest",
        hint=_MOVED % file.part.file.partition("/")[0],
    )


def read_file(path: Path, limit: int) -> bytes:
    """A plain file of at most `limit` bytes. Raises VerificationError."""
    try:
        with open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(size + 1) if size <= limit else b""
    except OSError as error:
        reason = printable((error.strerror or str(error)).lower())
        raise VerificationError(
            f"{printable(path)}: {reason}, expected a file of a manifest"
        ) from error
    if size > limit or len(data) > size:
        raise VerificationError(f"{printable(path)}: {size} bytes, expected at most {limit}")
    return data


def _check_digest(path: Path, data: bytes, digest: bytes) -> None:
    found = sha256(data).digest()
    if found != digest:
        raise VerificationError(
            f"{printable(path)}: digest {found.hex()}, expected {digest.hex()}",
            hint="the file changed since the manifest was signed; copy it again",
        )


def locate(parts: Sequence[Part], folder: Path) -> tuple[Located, ...]:
    """Where parts lie: in `folder`, under the last name of theirs."""
    return tuple(Located(part, folder / part.file.rpartition("/")[2]) for part in parts)
