"""Files that appear whole under their name, or not at all; folders that one process builds in."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, RawIOBase
from pathlib import Path
from tempfile import mkstemp
from typing import IO, TYPE_CHECKING

from ledger.errors import BusyError, StorageError, printable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["locked_folder", "storage_error", "whole_file"]

_BUFFER = 1 << 20


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write; flushed, synced and renamed to `path` when the block ends well.

    Raises StorageError where the disk refuses. The block's own exceptions pass, and then nothing
    is left behind.
    """
    try:
        handle, name = mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise storage_error(path, error) from error
    raw = _Raw(handle, path)
    file: IO[bytes] = BufferedWriter(raw, _BUFFER)
    try:
        yield file
        file.flush()
        raw.settle(Path(name))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    finally:
        with suppress(StorageError):  # what is still buffered has already been given up
            file.close()


class _Raw(RawIOBase):
    """A descriptor whose refusals are StorageErrors, so that no reader's OSError looks like one."""

    def __init__(self, handle: int, path: Path) -> None:
        self._handle, self._path = handle, path

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._handle

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return os.write(self._handle, data)
        except OSError as error:
            raise storage_error(self._path, error) from error

    def settle(self, temporary: Path) -> None:
        """Sync the file, give it its name, and sync the folder that holds the name."""
        try:
            os.fsync(self._handle)
            os.replace(temporary, self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise storage_error(self._path, error) from error

    def close(self) -> None:
        if not self.closed:
            os.close(self._handle)
        super().close()


@contextmanager
def locked_folder(folder: Path, busy: str) -> Iterator[None]:
    """Make a folder, and keep other processes that lock it out of it while the block runs.

    The lock goes with the process. Raises BusyError saying `busy` if another one holds it,
    StorageError for a link in its place and where the disk refuses.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not folder.is_symlink():  # whose target would be emptied
            folder.mkdir(exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise storage_error(folder, error) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(busy, hint="try again later") from error
        yield
    finally:
        os.close(lock)


def storage_error(path: Path, error: OSError) -> StorageError:
    """What to say when `path` could not be written."""
    reason = printable((error.strerror or str(error)).lower())
    return StorageError(
        f"{printable(path)}: {reason}, expected room to write",
        hint="free some space or name another folder, and run the same command again",
    )
