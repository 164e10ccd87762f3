"""What the caller named, as inputs: one file, archive or folder each, with its reader."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.corpus.hashing import hash_file
from ledger.corpus.readers import DEFAULTS, Reader, ReadOptions, reader_for, readers
from ledger.corpus.readers._walk import walk
from ledger.errors import InputError, printable

__all__ = ["Input", "expand", "input_digest", "input_files"]


@dataclass(frozen=True)
class Input:
    """One operation's worth of text. `size` is in bytes, of all its files."""

    path: Path
    reader: Reader
    size: int


def expand(
    paths: Sequence[Path], format: str | None, options: ReadOptions = DEFAULTS
) -> list[Input]:
    """The inputs behind `paths`, in their order; a folder's sorted.

    A folder that holds files of a record format (jsonl, parquet, archives) stands for those; text
    files beside them, such as a README, are not documents unless `format` says `folder`. Any
    other folder is one input. Raises InputError for what is missing, unreadable, named twice or
    holds nothing to read, UnknownNameError for a format or suffix nobody reads.
    """
    if not paths:
        raise InputError("no input, expected at least one file or folder")
    found: list[Input] = []
    for path in paths:
        found.extend(_expand(path, format, options))
    seen: dict[Path, Path] = {}
    for item in found:
        real = item.path.resolve()
        for other in (real, *real.parents):
            if other in seen:
                raise InputError(
                    f"{printable(item.path)} is named twice: "
                    f"it is, or lies in, {printable(seen[other])}"
                )
        seen[real] = item.path
    for real in seen:  # a folder named after something inside it
        for parent in real.parents:
            if parent in seen:
                raise InputError(
                    f"{printable(seen[real])} is named twice: it lies in {printable(seen[parent])}"
                )
    return found


def _expand(path: Path, format: str | None, options: ReadOptions) -> Iterator[Input]:
    try:
        mode = path.stat().st_mode
        readable = os.access(path, os.R_OK)
    except OSError as error:
        raise InputError(
            f"{printable(path)}: {(error.strerror or str(error)).lower()}",
            hint="name a file or folder that is there",
        ) from error
    if not readable:
        raise InputError(f"{printable(path)}: permission denied", hint="make it readable")
    if stat.S_ISREG(mode):
        yield _input(path, reader_for(path, format), options)
        return
    if not stat.S_ISDIR(mode):
        raise InputError(f"{printable(path)}: not a regular file or folder")
    asked = reader_for(path, format)
    if format is None or not asked.folders:
        kinds = [asked] if format is not None else [r for r in readers().values() if not r.folders]
        suffixes = tuple(suffix for reader in kinds for suffix in reader.suffixes)
        files = [file for _, file in walk(path, (), suffixes)]
        for file in files:
            yield _input(file, reader_for(file, format), options)
        if files:
            return
    if asked.folders and any(True for _ in walk(path, options.include, asked.suffixes)):
        yield _input(path, asked, options)
        return
    raise InputError(
        f"{printable(path)} holds nothing to read",
        hint="readable are "
        + ", ".join(suffix for reader in readers().values() for suffix in reader.suffixes)
        + (f"; include = {list(options.include)}" if options.include else ""),
    )


def _input(path: Path, reader: Reader, options: ReadOptions) -> Input:
    size = sum(file.stat().st_size for _, file in _files(path, reader, options))
    return Input(path, reader, size)


def _files(path: Path, reader: Reader, options: ReadOptions) -> Iterator[tuple[str, Path]]:
    if path.is_dir():
        yield from walk(path, options.include, reader.suffixes)
    else:
        yield path.name, path


def input_files(item: Input, options: ReadOptions) -> Iterator[tuple[str, Path]]:
    """(relative path, path) of each file the input is made of, sorted by the former."""
    yield from _files(item.path, item.reader, options)


def input_digest(item: Input, options: ReadOptions) -> bytes:
    """SHA-256 of a file's bytes; of a folder, over the sorted lines `<hex>  <relative path>\\n`.

    Raises OSError.
    """
    if not item.path.is_dir():
        return hash_file(item.path)[0]
    digest = sha256()
    for relative, file in input_files(item, options):
        digest.update(f"{hash_file(file)[0].hex()}  {relative}\n".encode())
    return digest.digest()
