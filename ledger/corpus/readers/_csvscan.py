"""Where the records of a CSV file begin and end (RFC 4180), and which of them are none.

A field in quotes begins right after a delimiter and ends right before one; inside, a quote is
doubled. Anywhere else a quote is a character like others. Records end with a newline, with or
without a carriage return before it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["Dialect", "Record", "Scan", "records", "scan"]

Places = np.ndarray[Any, np.dtype[np.int64]]

_QUOTE, _NEWLINE, _RETURN = b'"\n\r'


@dataclass(frozen=True)
class Dialect:
    """One byte between fields, and whether quotes mean anything."""

    delimiter: bytes
    quotes: bool = True

    @cached_property
    def plain(self) -> re.Pattern[bytes]:
        """A field without quotes around it, up to a delimiter or the line's end."""
        return re.compile(rb"[^\n" + re.escape(self.delimiter) + rb"]*+")


_QUOTED = re.compile(rb'"([^"]*+(?:""[^"]*+)*+)"')


@dataclass(frozen=True)
class Scan:
    """The records of `data[:end]`, all whole and by the rules; what lies beyond was not judged.

    `broken` says that a record beginning at `end` breaks a rule, or may do so.
    """

    starts: Places
    fields: Places
    end: int
    broken: bool


def scan(data: bytes, dialect: Dialect, *, last: bool) -> Scan:
    """As many records as can be told by counting quotes; `data` begins with one.

    `last` says that the file ends where `data` does. Blank lines are no records.
    """
    found = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(found == _QUOTE) if dialect.quotes else np.zeros(0, np.int64)
    newlines = _outside(np.flatnonzero(found == _NEWLINE), quotes)
    fault = _fault(found, quotes, dialect, last=last)
    ends = newlines[: np.searchsorted(newlines, fault)]
    whole = last and fault == len(data) and (not len(ends) or ends[-1] + 1 < len(data))
    ends = np.append(ends, len(data)) if whole else ends
    if not len(ends):
        return Scan(ends, ends, 0, fault < len(data))
    starts = np.concatenate(([0], ends[:-1] + 1))
    delimiters = _outside(np.flatnonzero(found == dialect.delimiter[0]), quotes)
    before = np.searchsorted(delimiters, ends)
    fields = np.diff(before, prepend=0) + 1
    blank = (ends == starts) | (
        (ends == starts + 1) & (found[starts - (starts == ends)] == _RETURN)
    )
    end = min(int(ends[-1]) + 1, len(data))
    return Scan(starts[~blank], fields[~blank], end, fault < len(data))


def _outside(places: Places, quotes: Places) -> Places:
    """The places that an even number of quotes precede."""
    return places[np.searchsorted(quotes, places) % 2 == 0] if len(quotes) else places


def _fault(found: Any, quotes: Places, dialect: Dialect, *, last: bool) -> int:
    """The first place that breaks a rule; the number of bytes where none does."""
    size = len(found)
    faults = [size]
    returns = np.flatnonzero(found == _RETURN)
    if len(returns):  # a bare return is a character, which Arrow takes for a line's end
        after = found[np.minimum(returns + 1, size - 1)]
        bare = (after != _NEWLINE) & ((returns + 1 < size) | last)
        faults += _outside(returns[bare], quotes)[:1].tolist()
    if len(quotes):
        delimiter = dialect.delimiter[0]
        adjacent = np.diff(quotes) == 1
        opening, closing = quotes[0::2], quotes[1::2]
        before = found[np.maximum(opening - 1, 0)]
        fits = (opening == 0) | (before == delimiter) | (before == _NEWLINE)
        fits[1:] |= adjacent[1::2][: len(fits) - 1]
        faults += opening[~fits][:1].tolist()
        after = found[np.minimum(closing + 1, size - 1)]
        fits = (after == delimiter) | (after == _NEWLINE) | (after == _RETURN)
        fits |= closing + 1 == size
        fits[: len(adjacent[1::2])] |= adjacent[1::2]
        faults += closing[~fits][:1].tolist()
        if last and len(quotes) % 2:
            faults.append(int(quotes[-1]))
    return min(faults)


@dataclass(frozen=True, slots=True)
class Record:
    """The record at `start`; the next begins at `end`. No `fields`: why stands in `reason`."""

    start: int
    end: int
    fields: list[bytes] | None
    reason: str = ""
    blank: bool = False


def records(data: bytes, dialect: Dialect, *, last: bool) -> Iterator[Record]:
    """The records of `data`, one by one, blank lines too. A broken one ends with its line.

    Ends before a record that may go on beyond `data`, unless `last`.
    """
    at = 0
    while at < len(data):
        found = _record(data, at, dialect, last)
        if found is None:
            return
        yield found
        at = found.end


def _record(data: bytes, start: int, dialect: Dialect, last: bool) -> Record | None:
    fields: list[bytes] = []
    at = start
    while True:
        if dialect.quotes and data[at : at + 1] == b'"':
            match = _QUOTED.match(data, at)
            if match is None:
                return _broken(data, start, "a quote that never closes", last) if last else None
            value, at = match[1].replace(b'""', b'"'), match.end()
            following = data[at : at + 2]
            if len(following) < 2 and not last:
                return None
            if following[:1] not in (dialect.delimiter, b"\n", b"") and following != b"\r\n":
                return _broken(data, start, "more text after a closing quote", last)
            if following == b"\r\n":
                at += 1
        else:
            plain = dialect.plain.match(data, at)
            value = b"" if plain is None else plain[0]
            at += len(value)
            if at == len(data) and not last:
                return None
            if data[at : at + 1] == b"\n" and value.endswith(b"\r"):
                value = value[:-1]
        fields.append(value)
        if data[at : at + 1] != dialect.delimiter:
            blank = data[start : at + 1] in (b"\n", b"\r\n")
            return Record(start, min(at + 1, len(data)), fields, blank=blank)
        at += 1


def _broken(data: bytes, start: int, reason: str, last: bool) -> Record | None:
    newline = data.find(b"\n", start)
    if newline < 0 and not last:
        return None
    return Record(start, newline + 1 if newline >= 0 else len(data), None, reason)
