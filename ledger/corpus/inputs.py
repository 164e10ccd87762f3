"""What the caller named, as inputs: one file, archive or folder each, with its reader."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.corpus.dataset import FILE_NAME
from ledger.corpus.hashing import hash_file
from ledger.corpus.readers import (
    DEFAULTS,
    Reader,
    ReadOptions,
    Snapshot,
    reader_for,
    readers,
)
from ledger.corpus.readers._globs import included
from ledger.corpus.readers._walk import walk
from ledger.errors import InputError, printable

__all__ = ["Input", "expand", "input_digest", "input_files", "left_over"]


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

    Every file that a reader reads is read: each file of a record format (jsonl, csv, parquet,
    archives) in a folder is an input of its own, and the folder another one for the text files in
    it, unless `format` names one reader. Raises InputError for what is missing, unreadable, named
    twice or holds nothing to read, UnknownNameError for a format or suffix nobody reads.
    """
    if not paths:
        raise InputError("no input, expected at least one file or folder")
    found: list[Input] = []
    for path in paths:
        found.extend(_expand(path, format, options))
    seen: dict[Path, Input] = {}
    for item in found:
        real = item.path.resolve()
        if real in seen:
            raise _twice(item, seen[real], "it is")
        seen[real] = item
    for real, item in seen.items():
        for parent in real.parents:
            if parent in seen and _takes(seen[parent], parent, real, options):
                raise _twice(item, seen[parent], "it lies in")
    return found


def _twice(item: Input, other: Input, how: str) -> InputError:
    return InputError(
        f"{printable(item.path)} is named twice: {how} {printable(other.path)}",
        hint="name each file or folder once",
    )


def _takes(folder: Input, root: Path, inside: Path, options: ReadOptions) -> bool:
    """Whether a folder's input reads what lies at `inside`, below its `root`."""
    if isinstance(folder.reader, Snapshot) or inside.is_dir():
        return True
    relative = inside.relative_to(root).as_posix()
    return included(relative, options.include, folder.reader.suffixes)


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
    if isinstance(asked, Snapshot):
        yield _input(path, asked, options)
        return
    records = _records(path, format, asked)
    if options.include:  # globs over files here, or else over the members of archives
        named = {file for _, file in walk(path, options.include, ())}
        records = [file for file in records if file in named] or records
    for file in records:
        yield _input(file, reader_for(file, format), options)
    if asked.folders:
        texts = {file for _, file in walk(path, options.include, asked.suffixes)}
        if (twice := texts.intersection(records)) == texts:
            texts = set()
        elif twice:
            raise InputError(
                f"{printable(min(twice))} is a record file, and include names it as a text",
                hint="ingest it by its own name, or the folder with --format folder",
            )
        if texts:
            yield _input(path, asked, options)
            return
    if records:
        return
    raise InputError(
        f"{printable(path)} holds nothing to read",
        hint="readable are "
        + ", ".join(suffix for reader in readers().values() for suffix in reader.suffixes)
        + (f"; include = {list(options.include)}" if options.include else ""),
    )


def _records(path: Path, format: str | None, asked: Reader) -> list[Path]:
    """The files in a folder that are inputs of their own."""
    if format is not None:
        kinds = [] if asked.folders else [asked]
    else:
        kinds = [reader for reader in readers().values() if not reader.folders]
    suffixes = tuple(suffix for reader in kinds for suffix in reader.suffixes)
    found = [file for _, file in walk(path, (), suffixes)] if suffixes else []
    return [file for file in found if format is not None or _means(file)]


def _means(file: Path) -> bool:
    """Whether a file found in a folder is of the format its name suggests, as far as that shows.

    A reader whose suffix means many things says so itself, by `recognises`.
    """
    recognises = getattr(reader_for(file), "recognises", None)
    return recognises is None or bool(recognises(file))


def left_over(
    paths: Sequence[Path], inputs: Sequence[Input], options: ReadOptions
) -> dict[str, int]:
    """How many files in the folders among `paths` are in none of `inputs`, by their endings.

    Hidden files and `dataset.toml` are not counted: nobody takes them for documents.
    """
    read: set[Path] = set()
    for item in inputs:
        read.update(file for _, file in input_files(item, options))
    snapshots = {item.path for item in inputs if isinstance(item.reader, Snapshot)}
    found: Counter[str] = Counter()
    for path in paths:
        if path.is_dir() and path not in snapshots:
            for _, file in walk(path, (), ("",)):
                if file not in read and file.name != FILE_NAME:
                    found[printable(file.suffix.lower(), 20) or "files without an ending"] += 1
    return dict(sorted(found.items()))


def _input(path: Path, reader: Reader, options: ReadOptions) -> Input:
    if isinstance(reader, Snapshot):
        return Input(path, reader, reader.size(path, options))
    size = sum(file.stat().st_size for _, file in _files(path, reader, options))
    return Input(path, reader, size)


def _files(path: Path, reader: Reader, options: ReadOptions) -> Iterator[tuple[str, Path]]:
    if path.is_dir():
        yield from walk(path, options.include, reader.suffixes)
    else:
        yield path.name, path


def input_files(item: Input, options: ReadOptions) -> Iterator[tuple[str, Path]]:
    """(relative path, path) of each file the input is made of, sorted by the former.

    None of a snapshot, which is no set of plain files.
    """
    if not isinstance(item.reader, Snapshot):
        yield from _files(item.path, item.reader, options)


def input_digest(item: Input, options: ReadOptions) -> bytes:
    """SHA-256 of a file's bytes; of a folder, over the sorted lines `<hex>  <relative path>\\n`.

    Raises OSError, and for a snapshot what its reader raises.
    """
    if isinstance(item.reader, Snapshot):
        return item.reader.digest(item.path, options)
    if not item.path.is_dir():
        return hash_file(item.path)[0]
    digest = sha256()
    for relative, file in input_files(item, options):
        digest.update(f"{hash_file(file)[0].hex()}  {relative}\n".encode())
    return digest.digest()
