"""A folder that appears whole or not at all, and the files that are written into it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ledger.corpus.atomic import locked_folder, storage_error, whole_file
from ledger.errors import InputError, StorageError, printable
from ledger.manifests.formats import Written

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["Counted", "Folder", "Growing", "whole_folder"]

_HINT = "name another folder"


class Folder:
    """A folder under construction: `written` are its whole files, in the order they were made."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written: list[Written] = []

    @contextmanager
    def file(self, name: str, rows: int = 0) -> Iterator["Counted"]:
        """A new file of this folder, written from front to end.

        Raises StorageError where the disk refuses; the block's own exceptions pass.
        """
        path = self.path(name)
        with whole_file(path) as file:
            counted = Counted(file)
            yield counted
        self.written.append(Written(name, counted.size, counted.digest.digest(), rows))

    def put(self, name: str, data: "ReadableBuffer", rows: int = 0) -> Written:
        """Write a new file of these bytes. Raises StorageError."""
        with self.file(name, rows) as file:
            file.write(data)
        return self.written[-1]

    def growing(self, name: str) -> "Growing":
        """A new file to append to now and then; open only meanwhile."""
        return Growing(self, name)

    def path(self, name: str) -> Path:
        """Where a file of that name lies meanwhile; its folder is made. Raises StorageError."""
        path = self.root / name
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise storage_error(path, error) from error
        return path


class Growing:
    """A file of a folder under construction that is written piece by piece, among many others."""

    def __init__(self, folder: Folder, name: str) -> None:
        self._folder, self._name = folder, name
        self._path = folder.path(name)
        self._digest = sha256()
        self.size = self._rows = 0

    def append(self, data: memoryview, rows: int) -> None:
        """Add bytes that hold so many documents. Raises StorageError."""
        try:
            with self._path.open("ab") as file:
                file.write(data)
        except OSError as error:
            raise storage_error(self._path, error) from error
        self._digest.update(data)
        self.size += len(data)
        self._rows += rows

    def settle(self) -> None:
        """Have the disk keep it, and count it among the folder's files. Raises StorageError."""
        try:
            _sync(self._path)
        except OSError as error:
            raise storage_error(self._path, error) from error
        written = Written(self._name, self.size, self._digest.digest(), self._rows)
        self._folder.written.append(written)


class Counted(RawIOBase):
    """Passes bytes on, counted and hashed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0
        self.digest = sha256()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def write(self, data: "ReadableBuffer", /) -> int:
        view = memoryview(data).cast("B")
        self._file.write(view)
        self.digest.update(view)
        self.size += len(view)
        return len(view)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Folder]:
    """A folder to fill; it gets its name when the block ends well.

    Meanwhile it is called `.NAME.headwater-export` beside its place; what a killed process left
    there is cleared away. Raises InputError if something other than an empty folder lies at
    `folder`, BusyError if another process writes there, StorageError where the disk refuses. The
    block's own exceptions pass, and then nothing is left behind.
    """
    fresh = folder.with_name(f".{_check_place(folder)}.headwater-export")
    busy = f"{printable(folder)}: another process is writing there"
    with locked_folder(fresh, busy), _nothing_left(fresh, folder):
        _clear(fresh)
        yield Folder(fresh)
        _settle(fresh, folder)


@contextmanager
def _nothing_left(fresh: Path, folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        shutil.rmtree(fresh, ignore_errors=True)
        ours = isinstance(error, StorageError) and fresh.name in str(error)
        if ours and isinstance(cause := error.__cause__, OSError):
            raise storage_error(folder, cause) from cause  # by the name the caller knows
        raise


def _clear(fresh: Path) -> None:
    try:
        for item in fresh.iterdir():
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()
    except OSError as error:
        raise storage_error(fresh, error) from error


def _check_place(folder: Path) -> str:
    """The folder's name, if it may appear there."""
    if folder.name in ("", ".."):
        raise InputError(f"{printable(folder)}: expected the name of a new folder", hint=_HINT)
    try:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise InputError(
                f"{printable(folder)}: found a file or link, expected a folder", hint=_HINT
            )
        if folder.exists() and any(folder.iterdir()):
            raise InputError(
                f"{printable(folder)}: found other files, expected an empty or no folder",
                hint=_HINT,
            )
    except OSError as error:
        raise storage_error(folder, error) from error
    return folder.name


def _settle(fresh: Path, folder: Path) -> None:
    """Let those read the files who may read the folder; sync its lists; give it its name."""
    try:
        mode = fresh.stat().st_mode & 0o666  # as the umask left it
        for path in fresh.rglob("*"):
            if path.is_file():
                path.chmod(mode)
        for inner in (*(path for path in fresh.iterdir() if path.is_dir()), fresh):
            _sync(inner)
        fresh.rename(folder)  # an empty folder of that name gives way
        _sync(folder.parent)
    except OSError as error:
        raise storage_error(folder, error) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
