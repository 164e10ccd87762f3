"""What texts and commits say of themselves: one file a convention, read and, where it makes sense,
written. A module here defines `CONVENTION`; it is found by its name.

Reading claims nothing: what stands in a file was put there by whoever could write it, so a
disclosure that becomes a claim has the evidence class `imported`. What is absent, misspelled or
unreadable says nothing, and least of all that a person wrote the text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol, runtime_checkable

from ledger.errors import InputError, UnknownNameError

__all__ = [
    "MAX_BYTES",
    "Convention",
    "Disclosure",
    "Writer",
    "bounded",
    "conventions",
    "find_convention",
    "of_file",
    "short",
    "writers",
]

MAX_BYTES = 16 * 1024 * 1024  # of one text, note or message
MAX_DISCLOSURES = 100_000  # of one of them

Range = tuple[int, int]  # start, end: bytes, half-open
Lines = tuple[int, int]  # first, last: from 1, both included


@dataclass(frozen=True)
class Disclosure:
    """One thing that a text says of who wrote it.

    `assistance` AX: something stands here that gives no degree, and `note` says why; no claim is
    made of it. `ranges` are bytes of the content read, ascending and disjoint; None: all of it.
    `weight` is there where the form says little by itself. `at` is Unix time. `where` is a place
    for people. `person` names somebody: personal, never in a leaf. `path` and `lines`: a file that
    the content speaks of and its lines; `digest`: a document that it speaks of.
    """

    convention: str
    assistance: str
    model: str | None = None
    ranges: tuple[Range, ...] | None = None
    weight: str | None = None
    reviewed: bool | None = None
    at: int | None = None
    where: str = ""
    note: str | None = None
    person: str | None = None
    path: str | None = None
    lines: tuple[Lines, ...] | None = None
    digest: str | None = None


class Convention(Protocol):
    """One way to say who wrote a text."""

    @property
    def name(self) -> str:
        """As in an authorship claim's `convention`."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Lower-case file name endings of texts that may hold it; none: any, or no file at all."""
        ...

    @property
    def of_files(self) -> bool:
        """Whether it stands in the text that it speaks of, so that `tag read` looks for it."""
        ...

    def read(self, content: bytes, where: str) -> list[Disclosure]:
        """What `content` says of itself, in its order; [] where it says nothing.

        Raises InputError for content over MAX_BYTES, and MalformedError where the form itself is
        made to harm. Never raises for what is only misspelled.
        """
        ...


@runtime_checkable
class Writer(Protocol):
    """A convention that is also written."""

    def write(self, content: bytes, disclosures: Sequence[Disclosure]) -> bytes:
        """`content` that says `disclosures` of itself; b"": the bare form.

        Raises InputError where the form cannot say it.
        """
        ...


@cache
def conventions() -> Mapping[str, Convention]:
    """Every convention by name, ours and those of installed plug-ins."""
    from ledger.registry import find

    return find(__name__, "CONVENTION")


def find_convention(name: str) -> Convention:
    """The convention of that name. Raises UnknownNameError."""
    known = conventions()
    if name not in known:
        raise UnknownNameError("convention", name, known)
    return known[name]


def writers() -> dict[str, Writer]:
    """The conventions that are written, by name."""
    return {name: one for name, one in conventions().items() if isinstance(one, Writer)}


def of_file(file_name: str) -> list[Convention]:
    """The conventions that a file of that name may hold."""
    name = file_name.lower()
    return [
        one
        for one in conventions().values()
        if one.of_files and (not one.suffixes or name.endswith(one.suffixes))
    ]


def bounded(content: bytes, where: str, most: int = MAX_BYTES) -> bytes:
    """`content`, if it may be read. Raises InputError."""
    if len(content) > most:
        raise InputError(
            f"{where}: {len(content)} bytes, expected at most {most} to look for disclosures"
        )
    return content


def short(value: object) -> str | None:
    """A name, such as a model's, as a claim may hold it: printable, 1 to 200 characters."""
    if not isinstance(value, str):
        return None
    kept = "".join(c if c.isprintable() else " " for c in value[:400])
    return " ".join(kept.split())[:200].strip() or None
