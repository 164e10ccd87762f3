"""The regular files below a folder, in one order everywhere. Links are never followed."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from ledger.corpus.readers._globs import included
from ledger.errors import InputError, printable

__all__ = ["open_regular", "shown_name", "walk"]


def shown_name(name: str) -> str:
    """A file name as text: bytes that are no UTF-8 stand as `\\xNN`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def walk(root: Path, include: Sequence[str], suffixes: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """(relative path with slashes, path) of each regular file that counts, sorted by the former.

    Names that begin with a dot or `~$` are passed over, files and folders alike. Raises
    InputError where a folder cannot be listed.
    """
    yield from sorted(_walk(root, "", include, suffixes))


def _walk(
    folder: Path, above: str, include: Sequence[str], suffixes: Sequence[str]
) -> Iterator[tuple[str, Path]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith((".", "~$")):  # `~$`: an office program has it open
                    continue
                relative = above + shown_name(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(Path(entry.path), relative + "/", include, suffixes)
                elif entry.is_file(follow_symlinks=False) and included(relative, include, suffixes):
                    yield relative, Path(entry.path)
    except OSError as error:
        raise InputError(
            f"{printable(folder)}: {error.strerror or error}, expected a folder that can be listed"
        ) from error


def open_regular(path: Path, *, follow: bool) -> int:
    """A read descriptor of a regular file; a pipe or device in its place cannot block us.

    Raises InputError if it is none (or a link, unless `follow`), OSError as os.open.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"{printable(path)}: not a regular file")
    return descriptor
