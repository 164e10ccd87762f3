"""Comma- or tab-separated tables with a header line (.csv, .tsv, either packed).

Blocks of records that keep RFC 4180 go to Arrow's parser; a block that does not is read record by
record, so that a broken quote costs its own line and nothing after it is swallowed. Shapes known
by their header, such as ticket exports, need no column map. A ticket's `author_type` becomes the
topic (with the `tool` that helped, as `agent/tool`), so that agents and customers stay apart.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from ledger.corpus.document import Rejected
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._assemble import assemble
from ledger.corpus.readers._csvhead import LONGEST, check_spelling, head
from ledger.corpus.readers._csvscan import Record, records, scan
from ledger.corpus.readers._packed import Bytes, packed_suffixes, unpacked
from ledger.corpus.readers._pool import Pool
from ledger.errors import printable

__all__ = ["READER"]

BLOCK = 4 << 20  # bytes of unpacked text
_DIGITS = r"^[0-9]{1,15}$"
_UNIX = r"^[0-9]{9,10}$"
_DATES = ("claimed_at", "collected_at")
_TOOL = "tool"  # no DOCUMENT name: it ends up in the topic
_NEWLINE = 10

Lines = np.ndarray[Any, np.dtype[np.int64]]


class _Csv:
    name = "csv"
    version = 1
    suffixes = packed_suffixes(".csv", ".tsv")
    folders = False

    def __init__(self, block: int = BLOCK) -> None:
        self._block = block
        self.settings = {
            "delimiter": "between fields: comma, semicolon, tab, pipe; else told by the header",
            "quote": "double (the default), or none where a quote is a character like others",
            "pool": "agent-month joins one author's short texts of one month into a document",
            "pool_below": "how many characters let a text stand alone when pooling (200)",
        }

    def check_options(self, options: ReadOptions) -> None:
        check_spelling(options)
        if (pool := Pool.asked_for(options)) is not None:
            pool.close()

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected]:
        """See Reader.read. Row = ordinal of the record below the header; blank lines are none."""
        pool = Pool.asked_for(options)
        stream = unpacked(path, options, options.advance)
        try:
            for found in _Table(path, options, stream, self._block).read():
                if pool is None or isinstance(found, Rejected):
                    yield found
                else:
                    yield from pool.take(found)
            if pool is not None:
                yield from pool.documents()
        finally:
            stream.close()
            if pool is not None:
                pool.close()


class _Table:
    """One file being read. `_data` begins with a record at physical line `_line`."""

    def __init__(self, path: Path, options: ReadOptions, stream: Bytes, block: int) -> None:
        self._path, self._options, self._stream, self._size = path, options, stream, block
        self._longest = 2 * options.max_document_bytes
        self._data, self._last, self._line, self._row = b"", False, 1, 0
        self._window = block  # bytes of `_data` that are looked at, at most
        while not self._last and len(self._data) < LONGEST:
            self._more()
        self._head = head(path, self._data, options, last=self._last)
        self._wanted = dict(self._head.columns)
        if self._head.tool is not None:
            self._wanted[_TOOL] = self._head.tool
        self._drop(self._head.end)
        self._window = block

    def read(self) -> Iterator[pa.Table | Rejected]:
        """Tables and rejected rows, in order."""
        while self._data or not self._last:
            view = self._data[: self._window]
            last = self._last and len(view) == len(self._data)
            found = scan(view, self._head.dialect, last=last)
            if found.end:
                self._window = self._size
                yield from self._whole(found.starts, found.fields, found.end)
            elif found.broken or len(view) > self._longest:
                yield from self._one_by_one(view, last)
            else:
                self._more()

    def _more(self) -> None:
        """Read up to the window, or widen it: twice, so that no record is looked at too often."""
        if len(self._data) >= self._window:
            self._window *= 2
        if len(self._data) < self._window:
            piece = self._stream.read(self._window - len(self._data))
            self._data += piece
            self._last = not piece

    def _drop(self, count: int) -> bytes:
        """The next `count` bytes, which are done with."""
        done, self._data = self._data[:count], self._data[count:]
        self._line += done.count(b"\n")
        return done

    def _whole(self, starts: Lines, fields: Lines, end: int) -> Iterator[pa.Table | Rejected]:
        """The documents of records that keep the rules, up to `end`."""
        line = self._line
        data = self._drop(end)
        if not len(starts):
            return
        good = fields == self._head.width
        kept = data
        if not good.all():
            bounds = np.append(starts, end).tolist()
            kept = b"".join(data[bounds[i] : bounds[i + 1]] for i in np.flatnonzero(good).tolist())
        table = self._parse(kept) if good.any() else pa.table({})
        if table is None or (table.num_columns and table.num_rows != good.sum()):
            yield from self._records(records(data, self._head.dialect, last=True), data, line)
            return
        newlines = np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE)
        lines = line + np.searchsorted(newlines, starts)
        rows = self._row + np.arange(len(starts))
        self._row += len(starts)
        for index in np.flatnonzero(~good).tolist():
            yield self._bad(int(lines[index]), self._wrong(int(fields[index])))
        if table.num_columns:
            found = {name: table.column(name).combine_chunks() for name in table.column_names}
            yield from self._documents(found, rows[good], lines[good])

    def _one_by_one(self, view: bytes, last: bool) -> Iterator[pa.Table | Rejected]:
        """What is in view, by the rules for single records, as far as it can be told."""
        whole = list(records(view, self._head.dialect, last=last))
        if whole:
            line = self._line
            yield from self._records(whole, self._drop(whole[-1].end), line)
        elif len(view) <= self._longest:
            self._more()
        else:
            yield self._bad(self._line, f"a record over {self._longest} bytes")
            self._row += 1
            while (newline := self._data.find(b"\n")) < 0 and not self._last:
                self._drop(len(self._data))
                self._more()
            self._drop(newline + 1 if newline >= 0 else len(self._data))
            self._window = self._size

    def _records(
        self, found: Iterable[Record], data: bytes, line: int
    ) -> Iterator[pa.Table | Rejected]:
        """The documents of single records of `data`, which begins at physical line `line`."""
        kept: list[list[str]] = []
        rows: list[int] = []
        lines: list[int] = []
        at = held = 0
        for record in found:
            line += data.count(b"\n", at, record.start)
            at = record.start
            if record.blank:
                continue
            row, self._row = self._row, self._row + 1
            reason = record.reason
            if record.fields is not None and len(record.fields) != self._head.width:
                reason = self._wrong(len(record.fields))
            elif record.fields is not None:
                try:
                    data[record.start : record.end].decode()
                    fields = [field.decode() for field in record.fields]
                except UnicodeDecodeError as error:
                    reason = f"invalid UTF-8 at byte {error.start + 1} of the record"
            if reason:
                yield self._bad(line, reason)
                continue
            kept.append(fields)
            rows.append(row)
            lines.append(line)
            held += record.end - record.start
            if held >= self._size:
                yield from self._listed(kept, rows, lines)
                kept, rows, lines, held = [], [], [], 0
        if kept:
            yield from self._listed(kept, rows, lines)

    def _listed(
        self, kept: list[list[str]], rows: list[int], lines: list[int]
    ) -> Iterator[pa.Table | Rejected]:
        found = {
            name: pa.array([fields[index] for fields in kept], pa.large_string())
            for name, index in self._wanted.items()
        }
        yield from self._documents(found, np.array(rows, np.int64), np.array(lines, np.int64))

    def _parse(self, data: bytes) -> pa.Table | None:
        """The wanted columns of records in valid UTF-8 as Arrow reads them, or None."""
        buffer = pa.py_buffer(data)
        whole = pa.py_buffer(np.array([0, len(data)], np.int64))
        dialect = self._head.dialect
        names = [str(index) for index in range(self._head.width)]
        try:
            pa.Array.from_buffers(pa.large_string(), 1, [None, whole, buffer]).validate(full=True)
            table = pacsv.read_csv(
                pa.BufferReader(buffer),
                read_options=pacsv.ReadOptions(
                    use_threads=False, block_size=len(data) + 1, column_names=names
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=dialect.delimiter.decode("latin-1"),
                    quote_char='"' if dialect.quotes else False,
                    newlines_in_values=True,
                ),
                convert_options=pacsv.ConvertOptions(
                    include_columns=[str(index) for index in self._wanted.values()],
                    column_types=dict.fromkeys(names, pa.large_string()),
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        return table.rename_columns(list(self._wanted))

    def _documents(
        self, found: dict[str, pa.Array], rows: Lines, lines: Lines
    ) -> Iterator[pa.Table | Rejected]:
        """The documents of records, one value per wanted column; an empty one is unknown."""
        bad: dict[int, str] = {}
        for name in found.keys() - {"text"}:
            found[name] = pc.if_else(pc.equal(found[name], ""), None, found[name])
        helped = found.pop(_TOOL, None)
        if helped is not None:
            both = pc.binary_join_element_wise(found["topic"], helped, pa.scalar("/", helped.type))
            found["topic"] = pc.coalesce(both, found["topic"], helped)
        for name in _DATES:
            if name in found and self._head.plan.sources[name].explicit:
                found[name] = _spelled(found[name])
        if "tokens" in found:
            found["tokens"], bad = self._counts(found["tokens"])
        if bad:
            for index, reason in bad.items():
                yield self._bad(int(lines[index]), reason)
            keep = np.ones(len(rows), bool)
            keep[list(bad)] = False
            mask = pa.array(keep)
            found = {name: column.filter(mask) for name, column in found.items()}
            rows, lines = rows[keep], lines[keep]
        table, rejected = assemble(
            found,
            pa.array(rows),
            self._head.plan,
            self._options,
            lambda i: f"{self._path}:{int(lines[i])}",
        )
        yield from rejected
        if table.num_rows:
            yield table

    def _counts(self, column: pa.Array) -> tuple[pa.Array, dict[int, str]]:
        """Whole numbers, and what is none where somebody vouched for the column."""
        plain = pc.fill_null(pc.match_substring_regex(column, _DIGITS), False)
        bad: dict[int, str] = {}
        if self._head.plan.sources["tokens"].explicit:
            wrong = pc.and_(column.is_valid(), pc.invert(plain))
            for index in np.flatnonzero(wrong.to_numpy(zero_copy_only=False)).tolist():
                shown = printable(column[index].as_py(), 40)
                bad[index] = f"tokens {shown!r}, expected a whole number below 2^53"
        return pc.if_else(plain, column, None).cast(pa.int64()), bad

    def _wrong(self, width: int) -> str:
        return f"{width} field{'s' if width != 1 else ''}, expected {self._head.width}"

    def _bad(self, line: int, reason: str) -> Rejected:
        return Rejected(f"{self._path}:{line}", reason)


def _spelled(column: pa.Array) -> pa.Array:
    """Dates with Unix seconds spelled as dates, as other sources' numbers are read."""
    digits = pc.fill_null(pc.match_substring_regex(column, _UNIX), False)
    if not pc.any(digits).as_py():
        return column
    moments = pc.if_else(digits, column, None).cast(pa.int64()).cast(pa.timestamp("s"))
    return pc.coalesce(pc.strftime(moments, "%Y-%m-%dT%H:%M:%SZ").cast(column.type), column)


READER = _Csv()
