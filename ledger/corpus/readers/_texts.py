"""Whole files as documents: what folders and archives have in common."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple

import pyarrow as pa

from ledger.corpus.document import Rejected
from ledger.corpus.extractors import NoText, extractor_for, extractors
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._assemble import assemble
from ledger.corpus.readers._columns import Plan

__all__ = ["SUFFIXES", "Problem", "Texts", "identities", "text_of", "text_problem"]

CONTENT_TYPES = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".rst": "text/x-rst",
    ".html": "text/html",
    ".htm": "text/html",
}
SUFFIXES = (*CONTENT_TYPES, *(s for one in extractors().values() for s in one.suffixes))
"""What folders and archives read where no globs say otherwise."""

_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 1024


def text_problem(data: bytes) -> tuple[int, str] | None:
    """The line (from 1) and reason why these bytes are no text, or None."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1, f"invalid UTF-8 at byte {error.start + 1}"
    return None if data else (1, "empty text")


class Problem(NamedTuple):
    """Why a file is no document; `line` from 1 where a line is to blame."""

    line: int | None
    reason: str


def text_of(name: str, data: bytes) -> bytes | Problem:
    """A file's text in UTF-8: as it lies, or taken out by the extractor of its suffix.

    Raises MissingExtraError where that extractor is not installed.
    """
    extractor = extractor_for(name)
    if extractor is None:
        problem = text_problem(data)
        return data if problem is None else Problem(*problem)
    try:
        return extractor.text(data).encode()
    except NoText as reason:
        return Problem(None, str(reason))


def identities(names: Iterable[str]) -> tuple[str, ...]:
    """The identities of the extractors these files need, sorted. Raises MissingExtraError."""
    needed = {one.name: one for name in names if (one := extractor_for(name)) is not None}
    return tuple(sorted(one.identity() for one in needed.values()))


def _kind(path: str) -> str | None:
    extractor = extractor_for(path)
    if extractor is not None:
        return extractor.content_type
    return CONTENT_TYPES.get(PurePosixPath(path).suffix.lower())


@dataclass
class Texts:
    """Documents waiting to become one table. `where(path)` is the place a message names."""

    options: ReadOptions
    where: Callable[[str], str]
    _rows: list[int] = field(default_factory=list)
    _texts: list[bytes] = field(default_factory=list)
    _paths: list[str] = field(default_factory=list)
    _digests: list[bytes | None] = field(default_factory=list)
    _held: int = 0

    def add(
        self, row: int, path: str, text: bytes, digest: bytes | None
    ) -> Iterator[pa.Table | Rejected]:
        """Take one text that has no problem; yields a table whenever enough are held."""
        self._rows.append(row)
        self._paths.append(path)
        self._texts.append(text)
        self._digests.append(digest)
        self._held += len(text)
        if self._held >= _BATCH_BYTES or len(self._rows) >= _BATCH_ROWS:
            yield from self.flush()

    def flush(self) -> Iterator[pa.Table | Rejected]:
        """What is held, if anything."""
        if not self._rows:
            return
        paths = self._paths
        kinds = [_kind(path) for path in paths]
        found = {
            "text": pa.array(self._texts, pa.large_binary()).cast(pa.large_string()),
            "path": pa.array(paths, pa.string()),
            "content_type": pa.array(kinds, pa.string()),
            "file": pa.array(self._digests, pa.binary(32)),
        }
        table, rejected = assemble(
            found,
            pa.array(self._rows, pa.int64()),
            Plan({}),
            self.options,
            lambda i: self.where(paths[i]),
        )
        self._rows, self._texts, self._paths, self._digests = [], [], [], []
        self._held = 0
        yield from rejected
        if table.num_rows:
            yield table
