"""Text out of files that are no text. One file per format; each defines EXTRACTOR.

What comes out is derived: another version may give other text for the same bytes. So `identity`
names the library, its version and every option, and goes where the text goes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from typing import Protocol

from ledger.errors import MissingExtraError
from ledger.registry import find

__all__ = ["Extractor", "NoText", "extractor_for", "extractors", "needs", "plain_text"]


class NoText(Exception):
    """A file that gives no text; its message is the reason, lower case and printable."""


class Extractor(Protocol):
    """Takes the text out of one format."""

    @property
    def name(self) -> str:
        """What a person calls the format."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Lower-case file name endings, dot first; none where bytes are known by other means."""
        ...

    @property
    def content_type(self) -> str:
        """The media type of what it reads."""
        ...

    def identity(self) -> str:
        """`library/version option=value …`. Raises MissingExtraError."""
        ...

    def text(self, data: bytes) -> str:
        """The text of a whole file. Raises NoText, MissingExtraError."""
        ...


@cache
def extractors() -> dict[str, Extractor]:
    """Every extractor by name."""
    return find("ledger.corpus.extractors", "EXTRACTOR")


@cache
def _by_suffix() -> tuple[tuple[str, Extractor], ...]:
    return tuple((suffix, one) for one in extractors().values() for suffix in one.suffixes)


def extractor_for(file_name: str) -> Extractor | None:
    """The extractor whose suffix the name ends with; None for what is read as it lies."""
    name = file_name.lower()
    return next((one for suffix, one in _by_suffix() if name.endswith(suffix)), None)


@contextmanager
def needs(package: str, extra: str) -> Iterator[None]:
    """Around the import of an optional package: its absence becomes a MissingExtraError."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("ledger"):
            raise
        raise MissingExtraError(package, extra) from error


def installed(package: str) -> str:
    """`package/version` of an installed distribution, lower case."""
    return f"{package.lower()}/{version(package)}"


def plain_text(text: str, nothing: str) -> str:
    """`text` if it can be written down. Raises NoText with `nothing` where it holds no letter."""
    if not text or text.isspace():
        raise NoText(nothing)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NoText(f"a lone surrogate at character {error.start + 1}, no Unicode text") from None
    return text
