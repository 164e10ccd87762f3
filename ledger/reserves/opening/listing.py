"""What lies in a sealed folder: only plain files, each where it belongs, none more and none less.

Nothing here follows a link, and nothing is opened that is not a plain file.
"""

import os
import stat
from collections.abc import Collection, Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from ledger.errors import VerificationError, printable

__all__ = ["check_listing", "file_digest", "list_files", "read_bounded"]

_MAX_FILES = 4_000_000  # proofs and shards; more is not a reserve, and every name costs memory
_MAX_DEPTH = 4
_BLOCK = 1 << 20


def list_files(folder: Path) -> dict[str, int]:
    """Relative path -> size in bytes of every file below `folder`.

    Raises VerificationError naming what is a link, a device, an empty folder, or not UTF-8.
    """
    found: dict[str, int] = {}
    _walk(folder, "", found, 0)
    return found


def _walk(folder: Path, prefix: str, found: dict[str, int], depth: int) -> None:
    where = printable(folder / prefix)
    try:
        with os.scandir(folder / prefix) as items:
            entries = sorted(items, key=lambda item: item.name)
    except OSError as error:
        raise _unreadable(folder / prefix, error) from error
    if not entries:
        raise VerificationError(f"{where}: an empty folder, expected files of a sealed reserve")
    for item in entries:
        name = prefix + item.name
        if depth >= _MAX_DEPTH or len(found) >= _MAX_FILES:
            raise VerificationError(f"{where}: more than a sealed reserve holds")
        _check_name(folder, name)
        mode = item.stat(follow_symlinks=False)
        if stat.S_ISDIR(mode.st_mode):
            _walk(folder, name + "/", found, depth + 1)
        elif stat.S_ISREG(mode.st_mode):
            found[name] = mode.st_size
        else:
            kind = "a link" if stat.S_ISLNK(mode.st_mode) else "no plain file"
            raise VerificationError(f"{printable(folder / name)}: {kind}, expected a plain file")


def _check_name(folder: Path, name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise VerificationError(
            f"{printable(folder)}: a name that is not UTF-8: {printable(name)}"
        ) from None


def check_listing(folder: Path, found: Collection[str], expected: Collection[str]) -> None:
    """Whether exactly the expected files are there. Raises VerificationError naming one."""
    missing, foreign = set(expected).difference(found), set(found).difference(expected)
    if foreign:
        more = "" if len(foreign) == 1 else f" (and {len(foreign) - 1} more)"
        raise VerificationError(
            f"{printable(folder / min(foreign))}: does not belong to this seal{more}",
            hint="a sealed folder holds what was sealed and nothing else; keep notes beside it",
        )
    if missing:
        more = "" if len(missing) == 1 else f" (and {len(missing) - 1} more)"
        raise VerificationError(f"{printable(folder / min(missing))}: no such file{more}")


def read_bounded(path: Path, limit: int) -> bytes:
    """A file of at most `limit` bytes. Raises VerificationError if it is missing or larger."""
    try:
        with _open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size  # room is made for what is there, not the limit
            data = file.read(size + 1) if size <= limit else b""
    except OSError as error:
        raise _unreadable(path, error) from error
    if size > limit or len(data) > size:
        found = f"{size} bytes" if size > limit else "growing while it was read"
        raise VerificationError(f"{printable(path)}: {found}, expected at most {limit} bytes")
    return data


def file_digest(path: Path) -> bytes:
    """SHA-256 of a file as it lies there. Raises VerificationError if it cannot be read."""
    digest = sha256()
    try:
        for block in _blocks(path):
            digest.update(block)
    except OSError as error:
        raise _unreadable(path, error) from error
    return digest.digest()


def _blocks(path: Path) -> Iterator[bytes]:
    with _open_plain(path) as file:
        while block := file.read(_BLOCK):
            yield block


def _open_plain(path: Path) -> BinaryIO:
    # a link or pipe that took the file's place since it was listed is refused, not waited for
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise VerificationError(f"{printable(path)}: no plain file")
    return open(descriptor, "rb", closefd=True)


def _unreadable(path: Path, error: OSError) -> VerificationError:
    reason = (error.strerror or str(error)).lower()
    return VerificationError(
        f"{printable(path)}: {printable(reason)}, expected a file of a sealed reserve"
    )
