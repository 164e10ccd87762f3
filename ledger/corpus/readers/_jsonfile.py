"""A file of one JSON object per line: blocks to Arrow's parser, odd lines to stricter rules.

A block that Arrow refuses, or whose lines are not one object each, is read again line by line; a
line that Arrow takes means the same on both paths, so what is yielded does not depend on where
blocks end.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from ledger.corpus.document import Passed, Rejected
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._ahead import ahead
from ledger.corpus.readers._lines import blocks
from ledger.corpus.readers._objects import BadLine, first_values
from ledger.corpus.readers._packed import unpacked

__all__ = ["BLOCK", "Block", "JsonFile", "first_look"]

BLOCK = 4 << 20  # bytes of unpacked JSON
_BOM = b"\xef\xbb\xbf"
_FIRST = 256 << 10  # bytes of unpacked JSON that the first look takes
_SAMPLE = 100
_OPEN, _CLOSE, _NEWLINE, _RETURN = b"{}\n\r"


Lines: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]

Found: TypeAlias = pa.Table | Rejected | Passed

_ONE: Lines = np.zeros(1, np.intp)


def first_look(path: Path, options: ReadOptions) -> dict[str, Any]:
    """What the first lines hold: of the first block with any object, at most _SAMPLE lines."""
    stream = unpacked(path, options)
    try:
        for block in islice(blocks(stream, _FIRST, 2 * options.max_document_bytes), _SAMPLE):
            lines = (block or b"").removeprefix(_BOM).split(b"\n")
            if seen := first_values(islice(lines, _SAMPLE)):
                return seen
    finally:
        stream.close()
    return {}


@dataclass(frozen=True, slots=True)
class Block:
    """Lines from physical line `line` on; `table` has a row for each of `lines` (offsets)."""

    line: int
    data: bytes
    lines: Lines
    table: pa.Table | None

    def number(self, row: int) -> int:
        """The physical line of a row."""
        return self.line + int(self.lines[row])


class JsonFile(ABC):
    """One file being read. What a row means is the subclass's; `schema` is what Arrow parses."""

    def __init__(self, path: Path, options: ReadOptions, schema: pa.Schema) -> None:
        self._path, self._options, self._schema = path, options, schema
        self._row = 0  # ordinal of the next row

    @abstractmethod
    def rows(self, block: Block, table: pa.Table, first: int) -> Iterator[Found]:
        """Documents of the rows of a block, whose ordinals begin at `first`."""

    @abstractmethod
    def row(self, line: bytes, number: int, first: int) -> Iterator[Found]:
        """Documents of one line that Arrow does not take. Raises BadLine before any is given."""

    def read(self, size: int) -> Iterator[Found]:
        """Tables and rejected rows, in order, `size` bytes of JSON at a time."""
        longest = 2 * self._options.max_document_bytes
        stream = unpacked(self._path, self._options, self._options.advance)
        try:
            found = blocks(stream, size, longest)
            with closing(ahead(self._parsed(ahead(found)))) as parsed:
                for block in parsed:
                    if isinstance(block, int):
                        self._row += 1
                        yield self.bad(block, f"a line over {longest} bytes")
                    elif block.table is None:
                        yield from self._slow(block)
                    elif block.table.num_rows:
                        yield from self._fast(block, block.table)
        finally:
            stream.close()

    def bad(self, line: int, reason: str) -> Rejected:
        """A rejected line."""
        return Rejected(f"{self._path}:{line}", reason)

    def _parsed(self, found: Iterator[bytes | None]) -> Iterator[Block | int]:
        """Each block with its rows, or the number of a line that is too long. Keeps no state."""
        line = 1
        for data in found:
            if data is None:
                yield line
                line += 1
                continue
            block = data.removeprefix(_BOM) if line == 1 else data
            if block:
                parsed, newlines = self._block(line, block)
                yield parsed
                line += newlines

    def _block(self, line: int, block: bytes) -> tuple[Block, int]:
        """The block and its number of newlines; no table where lines may not be one object each."""
        data = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(data == _NEWLINE)
        newlines = len(ends)
        starts = np.concatenate(([0], ends + 1))
        ends = np.concatenate((ends, [len(data)]))
        ends = ends - ((ends > starts) & (data[np.maximum(ends, 1) - 1] == _RETURN))
        lines = np.flatnonzero(ends > starts)
        # An object that ends at a line's end before one that starts the next: nothing spans
        # lines, so equal counts mean one object per line.
        table = None
        if not (data[starts[lines]] != _OPEN).any() and not (data[ends[lines] - 1] != _CLOSE).any():
            table = self._parse(block) if len(lines) else self._schema.empty_table()
            if table is not None and table.num_rows != len(lines):
                table = None
        return Block(line, block, lines, table), newlines

    def _fast(self, block: Block, table: pa.Table) -> Iterator[Found]:
        first = self._row
        self._row += table.num_rows
        yield from self.rows(block, table, first)

    def _slow(self, block: Block) -> Iterator[Found]:
        for number, line in enumerate(block.data.split(b"\n"), block.line):
            line = line.strip(b" \t\r")
            if not line:
                continue
            table = self._parse(line) if line[:1] == b"{" and line[-1:] == b"}" else None
            if table is not None and table.num_rows == 1:
                yield from self._fast(Block(number, line, _ONE, table), table)
                continue
            self._row += 1
            try:
                yield from self.row(line, number, self._row - 1)
            except BadLine as bad:
                yield self.bad(number, str(bad))

    def _parse(self, data: bytes) -> pa.Table | None:
        """The rows of valid UTF-8 that Arrow takes as JSON objects of our schema, or None."""
        buffer = pa.py_buffer(data)
        whole = np.array([0, len(data)], np.int64)
        try:
            pa.Array.from_buffers(
                pa.large_string(), 1, [None, pa.py_buffer(whole), buffer]
            ).validate(full=True)
            return pj.read_json(
                pa.BufferReader(buffer),
                read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
                parse_options=pj.ParseOptions(
                    explicit_schema=self._schema,
                    newlines_in_values=False,
                    unexpected_field_behavior="ignore",
                ),
            )
        except pa.ArrowInvalid:
            return None
