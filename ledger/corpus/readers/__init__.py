"""One file per format. A module here that defines READER is a reader; `_names` are shared parts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ledger.errors import InputError, UnknownNameError
from ledger.registry import find

if TYPE_CHECKING:
    import pyarrow as pa

    from ledger.corpus.document import Rejected

__all__ = ["DEFAULTS", "ReadOptions", "Reader", "advance_nothing", "reader_for", "readers"]

MIB = 1 << 20


def advance_nothing(_bytes: int) -> None:
    """The default listener of ReadOptions.advance."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read; everything but `advance` decides what is read and is digested with it.

    `columns` maps a DOCUMENT name to the source's name (dots step into objects); `include` are
    globs over the members of a folder or archive; sizes are bytes. `max_ratio` bounds unpacked
    to packed bytes of an archive once it has given more than 64 MiB. `advance` hears how many
    bytes of the input file were just consumed.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    max_document_bytes: int = 64 * MIB
    max_members: int = 1_000_000
    max_total_bytes: int = 64 * 1024 * MIB
    max_ratio: int = 200
    advance: Callable[[int], None] = field(default=advance_nothing, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.max_document_bytes < 1:
            raise InputError(f"max document bytes {self.max_document_bytes}, expected at least 1")

    def plain(self) -> dict[str, object]:
        """The JSON values that decide what is read."""
        return {
            "columns": dict(sorted(self.columns.items())),
            "include": list(self.include),
            "max_document_bytes": self.max_document_bytes,
            "max_members": self.max_members,
            "max_ratio": self.max_ratio,
            "max_total_bytes": self.max_total_bytes,
        }


DEFAULTS = ReadOptions()


class Reader(Protocol):
    """Reads one input into tables of the DOCUMENT schema, in file order and bounded memory."""

    @property
    def name(self) -> str:
        """What `--format` and an operation claim call it."""
        ...

    @property
    def version(self) -> int:
        """Raised with every change of what is yielded for the same bytes."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Lower-case file name endings it reads, dot first."""
        ...

    @property
    def folders(self) -> bool:
        """Whether a directory is one input of this reader."""
        ...

    def read(self, path: Path, options: ReadOptions) -> "Iterator[pa.Table | Rejected]":
        """Tables of at most about 32 MiB of text, and the rows that are no documents.

        Raises MalformedError where the whole input cannot be trusted (a truncated archive).
        """
        ...


def readers() -> dict[str, Reader]:
    """Every reader by name."""
    return find("ledger.corpus.readers", "READER")


def reader_for(path: Path, format: str | None = None) -> Reader:
    """The reader called `format`, or the one whose suffix `path` ends with (longest first).

    A directory goes to the reader that takes folders. Raises UnknownNameError.
    """
    known = readers()
    if format is not None:
        if format not in known:
            raise UnknownNameError("format", format, known)
        return known[format]
    if path.is_dir():
        return next(reader for reader in known.values() if reader.folders)
    name = path.name.lower()
    fits = [
        (len(suffix), reader)
        for reader in known.values()
        for suffix in reader.suffixes
        if name.endswith(suffix)
    ]
    if not fits:
        raise UnknownNameError(
            "kind of file",
            path.name,
            hint=f"name its format with --format: {', '.join(known)}",
        )
    return max(fits, key=lambda fit: fit[0])[1]
