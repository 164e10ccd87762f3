"""One JSON object per line (.jsonl, .ndjson, either gzipped).

Blocks of whole lines go to Arrow's parser at once. A block it refuses, or whose lines are not one
object each, is read again line by line by stricter rules; a line that Arrow takes means the same
on both paths, so what is yielded does not depend on where blocks end.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from ledger.corpus.document import Rejected
from ledger.corpus.readers import ReadOptions, advance_nothing
from ledger.corpus.readers._ahead import ahead
from ledger.corpus.readers._assemble import assemble
from ledger.corpus.readers._columns import plan
from ledger.corpus.readers._lines import blocks, unpacked
from ledger.corpus.readers._objects import BadLine, first_values, read_line
from ledger.corpus.readers._schema import extract, source_schema, typed

__all__ = ["READER"]

BLOCK = 4 << 20  # bytes of unpacked JSON
_BOM = b"\xef\xbb\xbf"
_FIRST = 256 << 10  # bytes of unpacked JSON the column plan is made from
_SAMPLE = 100
_OPEN, _CLOSE, _NEWLINE, _RETURN = b"{}\n\r"


Lines: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]

_ONE: Lines = np.zeros(1, np.intp)


def _first_values(found: Iterator[bytes | None]) -> dict[str, Any]:
    """What the first lines hold: of the first block with any object, at most _SAMPLE lines."""
    for block in islice(found, _SAMPLE):
        seen = first_values(islice((block or b"").removeprefix(_BOM).split(b"\n"), _SAMPLE))
        if seen:
            return seen
    return {}


class _Jsonl:
    name = "jsonl"
    version = 1
    suffixes = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
    folders = False

    def __init__(self, block: int = BLOCK) -> None:
        self._block = block

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected]:
        """See Reader.read. A blank line counts as a line and is no row."""
        gzip = path.name.lower().endswith(".gz")
        longest = 2 * options.max_document_bytes
        first = unpacked(path, advance_nothing, gzip=gzip)
        try:
            file = _File(path, options, _first_values(blocks(first, _FIRST, longest)))
        finally:
            first.close()
        stream = unpacked(path, options.advance, gzip=gzip)
        try:
            yield from file.read(blocks(stream, self._block, longest))
        finally:
            stream.close()


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A block at physical line `line`; `table` has a row for each of `lines` (offsets), or None."""

    line: int
    data: bytes
    lines: Lines
    table: pa.Table | None


class _File:
    """One file being read: its column plan is fixed by its first lines."""

    def __init__(self, path: Path, options: ReadOptions, seen: dict[str, Any]) -> None:
        self._path, self._options = path, options
        self._plan = typed(plan(seen, options.columns), seen)
        self._schema = source_schema(self._plan, seen)
        self._row = 0

    def read(self, found: Iterator[bytes | None]) -> Iterator[pa.Table | Rejected]:
        """Tables and rejected rows, in order."""
        with closing(ahead(self._parsed(ahead(found)))) as blocks:
            for block in blocks:
                if isinstance(block, int):
                    self._row += 1
                    limit = 2 * self._options.max_document_bytes
                    yield self._bad(block, f"a line over {limit} bytes")
                elif block.table is None:
                    yield from self._slow(block)
                elif block.table.num_rows:
                    yield from self._emit(block.table, block.line, block.lines)

    def _parsed(self, found: Iterator[bytes | None]) -> Iterator[_Parsed | int]:
        """Each block with its rows, or the number of a line that is too long. Keeps no state."""
        line = 1
        for data in found:
            if data is None:
                yield line
                line += 1
                continue
            block = data.removeprefix(_BOM) if line == 1 else data
            if block:
                parsed, newlines = self._fast(line, block)
                yield parsed
                line += newlines

    def _fast(self, line: int, block: bytes) -> tuple[_Parsed, int]:
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
        return _Parsed(line, block, lines, table), newlines

    def _slow(self, block: _Parsed) -> Iterator[pa.Table | Rejected]:
        for number, line in enumerate(block.data.split(b"\n"), block.line):
            line = line.strip(b" \t\r")
            if not line:
                continue
            table = self._parse(line) if line[:1] == b"{" and line[-1:] == b"}" else None
            if table is None or table.num_rows != 1:
                try:
                    table = read_line(line, self._plan, self._schema)
                except BadLine as bad:
                    self._row += 1
                    yield self._bad(number, str(bad))
                    continue
            yield from self._emit(table, number, _ONE)

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

    def _emit(self, table: pa.Table, line: int, lines: Lines) -> list[pa.Table | Rejected]:
        rows = pa.array(np.arange(self._row, self._row + table.num_rows))
        self._row += table.num_rows
        good, bad = assemble(
            extract(table, self._plan),
            rows,
            self._plan,
            self._options,
            lambda i: f"{self._path}:{line + int(lines[i])}",
        )
        return [*bad, good] if good.num_rows else list(bad)

    def _bad(self, line: int, reason: str) -> Rejected:
        return Rejected(f"{self._path}:{line}", reason)


READER = _Jsonl()
