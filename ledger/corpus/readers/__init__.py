"""One file per format. A module here that defines READER is a reader; `_names` are shared parts."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ledger.errors import InputError, UnknownNameError, printable
from ledger.registry import find

if TYPE_CHECKING:
    import pyarrow as pa

    from ledger.corpus.document import Passed, Rejected

__all__ = [
    "DEFAULTS",
    "ReadOptions",
    "Reader",
    "Snapshot",
    "advance_nothing",
    "check_settings",
    "derivation",
    "parse_settings",
    "reader_for",
    "readers",
    "setting",
]

MIB = 1 << 20


def advance_nothing(_bytes: int) -> None:
    """The default listener of ReadOptions.advance."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read; everything but `advance` decides what is read and is digested with it.

    `settings` are one reader's own, as `reader.option`; see `setting`. `columns` maps a DOCUMENT
    name to the source's name (dots step into objects); `include` are
    globs over the members of a folder or archive; sizes are bytes. `max_ratio` bounds unpacked
    to packed bytes of an archive once it has given more than 64 MiB. `advance` hears how many
    bytes of the input file were just consumed.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
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
            "settings": dict(sorted(self.settings.items())),
        }


DEFAULTS = ReadOptions()


class Reader(Protocol):
    """Reads one input into tables of the DOCUMENT schema, in file order and bounded memory.

    A reader may also define `settings`, a mapping from the names of its own options to one line of
    help each, and `check_options(options)`, which raises InputError for their values;
    `derivation(path, options)`, which names the extractors it will use;
    `recognises(path)`, whether a file found in a folder is one of its own, where its suffix means
    many things; and `takes(path)`, whether a directory is its input without being asked. Where an
    input is no set of plain files (a commit of a repository), see Snapshot.
    """

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

    def read(self, path: Path, options: ReadOptions) -> "Iterator[pa.Table | Rejected | Passed]":
        """Tables of at most about 32 MiB of text, the rows that are no documents, and how many
        things are none by design.

        Raises MalformedError where the whole input cannot be trusted (a truncated archive).
        """
        ...


@runtime_checkable
class Snapshot(Protocol):
    """What a reader also defines where its input is no set of plain files. Raise as `read` does."""

    def digest(self, path: Path, options: ReadOptions) -> bytes:
        """32 bytes that name the input's content, the same from any copy of it."""
        ...

    def size(self, path: Path, options: ReadOptions) -> int:
        """Bytes in all, for progress and for the operation's claim."""
        ...

    def settle(self, path: Path, options: ReadOptions) -> Mapping[str, str]:
        """Settings that will find this content again, such as a commit's id for a branch."""
        ...

    def state(self, path: Path, options: ReadOptions) -> str:
        """Another text once the input changes; cheap, and compared before and after reading."""
        ...


def readers() -> dict[str, Reader]:
    """Every reader by name."""
    return find("ledger.corpus.readers", "READER")


def setting(options: ReadOptions, reader: str, name: str, default: str) -> str:
    """A reader's own option, `reader.name`, as the user wrote it."""
    return options.settings.get(f"{reader}.{name}", default)


def parse_settings(texts: Iterable[str]) -> dict[str, str]:
    """`reader.option=value` texts as a mapping. Raises InputError for another spelling."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (equals and "." in key and value):
            raise InputError(
                f"option {printable(text, 80)!r}, expected reader.option=value",
                hint="such as git.rev=v4.1",
            )
        found[key] = value
    return found


def check_settings(options: ReadOptions) -> None:
    """Readers' own options, before they are recorded, whether or not an input needs them.

    Raises UnknownNameError for one that no reader has, InputError for a value that its reader
    cannot take.
    """
    known = {
        f"{reader.name}.{name}": reader
        for reader in readers().values()
        for name in getattr(reader, "settings", ())
    }
    for key in options.settings:
        if key not in known:
            raise UnknownNameError("reader option", key, known)
    for reader in {known[key].name: known[key] for key in options.settings}.values():
        getattr(reader, "check_options", lambda _: None)(options)


def derivation(reader: Reader, path: Path, options: ReadOptions) -> tuple[str, ...]:
    """The extractors that make text of `path`, as `name/version options`; most readers use none."""
    ask = getattr(reader, "derivation", None)
    return () if ask is None else tuple(ask(path, options))


def reader_for(path: Path, format: str | None = None) -> Reader:
    """The reader called `format`, or the one whose suffix `path` ends with (longest first).

    A directory goes to the reader that takes it, else to the one for any folder. Raises
    UnknownNameError.
    """
    known = readers()
    if format is not None:
        if format not in known:
            raise UnknownNameError("format", format, known)
        return known[format]
    if path.is_dir():
        asked = [reader for reader in known.values() if reader.folders]
        for reader in asked:
            if getattr(reader, "takes", lambda _: False)(path):
                return reader
        return next(reader for reader in asked if not hasattr(reader, "takes"))
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
