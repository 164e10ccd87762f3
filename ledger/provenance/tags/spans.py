"""Spans: which bytes of one exact content a tag speaks of, and where they went after an edit.

The list of spans is an attachment in canonical JSON, members ascending, no text in it:

    {"document":"sha256:…","size":4711,"spans":[{"end":120,"prefix":"sha256:…","prefix_bytes":32,
     "sha256":"sha256:…","start":40,"suffix":"sha256:…","suffix_bytes":9,"sum":1234}],"v":1}

Prefix and suffix are the 32 characters before and after, fewer at the ends of the content. `sum` is
the span's bytes as one big-endian number, modulo SUM_MODULUS: it finds the places where the span
may stand in another content, and SHA-256 decides. All offsets and sizes are bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any

import orjson

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import encode, parse_digest

__all__ = [
    "ANCHOR",
    "MAX_LIST_BYTES",
    "MAX_SPANS",
    "Range",
    "Span",
    "SpanList",
    "check_ranges",
    "document_of",
    "line_ranges",
    "parse_span_list",
    "parse_spans",
    "span_list",
]

Range = tuple[int, int]  # start, end: bytes, half-open

ANCHOR = 32  # characters of a prefix or suffix
SUM_MODULUS = 2_147_483_629  # a prime: products of two residues fit 63 bits
MAX_SPANS = 10_000
MAX_LIST_BYTES = 6 << 20  # MAX_SPANS of them, and some
_VERSION = 1
_LIST = frozenset({"document", "size", "spans", "v"})
_SPAN = frozenset(
    {"end", "prefix", "prefix_bytes", "sha256", "start", "suffix", "suffix_bytes", "sum"}
)


@dataclass(frozen=True, slots=True)
class Span:
    """One range of the content that was tagged; digests are 32 bytes."""

    start: int
    end: int
    sha256: bytes
    prefix: bytes
    prefix_bytes: int
    suffix: bytes
    suffix_bytes: int
    sum: int

    @property
    def range(self) -> Range:
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class SpanList:
    """The parsed attachment: which document, how long, and its spans in order."""

    document: str
    size: int
    spans: tuple[Span, ...]


def document_of(content: bytes, where: object = "content") -> str:
    """The document that is these bytes: its digest. Raises InputError if they are not UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{printable(where)}: byte {error.start} is not utf-8, expected a text",
            hint="a tag is about text; convert the file to utf-8 first",
        ) from error
    return f"sha256:{sha256(content).hexdigest()}"


def line_ranges(content: bytes, lines: Sequence[tuple[int, int]], where: object) -> list[Range]:
    """The byte ranges of lines, given as pairs of numbers from 1, both inclusive.

    A line ends after its LF, or with the content; the CR of a CRLF belongs to its line. Raises
    InputError for a line that is not there. What overlaps is left to `check_ranges`.
    """
    ends, at = [0], content.find(b"\n")
    while at >= 0:
        ends.append(at + 1)
        at = content.find(b"\n", at + 1)
    if ends[-1] < len(content):
        ends.append(len(content))
    count = len(ends) - 1
    found = []
    for first, last in lines:
        if first < 1 or last < first:
            raise InputError(
                f"{printable(where)}: lines {first}-{last}, expected FIRST-LAST from 1 upwards"
            )
        if last > count:
            raise InputError(
                f"{printable(where)}: line {last} is past the end, expected at most {count}"
            )
        found.append((ends[first - 1], ends[last]))
    return found


def check_ranges(content: bytes, ranges: Iterable[Range], where: object) -> list[Range]:
    """The ranges in order, those that touch joined, so that one choice has one spelling.

    Raises InputError for a range that is empty, past the end, overlaps another, or cuts a UTF-8
    character; for more than MAX_SPANS.
    """
    place = printable(where)
    found: list[Range] = []
    for start, end in sorted(ranges):
        said = f"{place}: bytes {start}-{end}"
        if start < 0 or end <= start:
            raise InputError(f"{said} are no range, expected START below END")
        if end > len(content):
            raise InputError(f"{said} are past the end, expected at most {len(content)}")
        for edge in (start, end):
            if edge < len(content) and content[edge] & 0xC0 == 0x80:
                raise InputError(
                    f"{said} cut the utf-8 character at byte {edge}",
                    hint="give ranges that begin and end between characters",
                )
        if found and start < found[-1][1]:
            raise InputError(
                f"{said} overlap bytes {found[-1][0]}-{found[-1][1]}, expected disjoint ranges"
            )
        if found and start == found[-1][1]:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    if len(found) > MAX_SPANS:
        raise InputError(f"{place}: {len(found)} ranges, expected at most {MAX_SPANS}")
    return found


def span_list(content: bytes, ranges: Iterable[Range]) -> bytes:
    """The attachment that lists `ranges` of `content`. Raises as `check_ranges`."""
    chosen = check_ranges(content, ranges, "content")
    if not chosen:
        raise InputError("no range, expected at least one to list")
    spans = []
    for start, end in chosen:
        before, after = _before(content, start), _after(content, end)
        spans.append(
            {
                "end": end,
                "prefix": _digest(content[before:start]),
                "prefix_bytes": start - before,
                "sha256": _digest(content[start:end]),
                "start": start,
                "suffix": _digest(content[end:after]),
                "suffix_bytes": after - end,
                "sum": int.from_bytes(content[start:end], "big") % SUM_MODULUS,
            }
        )
    return encode(
        {"document": document_of(content), "size": len(content), "spans": spans, "v": _VERSION}
    )


def parse_spans(data: bytes) -> tuple[Span, ...]:
    """The spans of an attachment. Raises VerificationError."""
    return parse_span_list(data).spans


def parse_span_list(data: bytes) -> SpanList:
    """An attachment, taken apart. Raises VerificationError for anything `span_list` cannot write:
    another spelling, unknown members, ranges out of order, past the end or touching.
    """
    if len(data) > MAX_LIST_BYTES:
        raise VerificationError(f"list of spans of {len(data)} bytes is over {MAX_LIST_BYTES}")
    try:
        document = orjson.loads(data)
        if not isinstance(document, dict) or set(document) != _LIST:
            raise ValueError("not the members of version 1")
        if _whole(document["v"]) != _VERSION:
            raise ValueError(f"version {document['v']}, expected {_VERSION}")
        if encode(document) != data:
            raise ValueError("not canonical JSON")
        size, subject = _whole(document["size"]), document["document"]
        parse_digest(_text(subject))
        if not isinstance(document["spans"], list):
            raise ValueError("spans is no list")
        spans = tuple(_span(item, size) for item in document["spans"])
    except (ValueError, TypeError, InputError) as error:
        raise VerificationError(f"not a list of spans: {printable(error)}") from error
    if not 1 <= len(spans) <= MAX_SPANS:
        raise VerificationError(f"list of {len(spans)} spans, expected 1 to {MAX_SPANS}")
    for before, after in pairwise(spans):
        if after.start <= before.end:
            raise VerificationError(
                f"list of spans: bytes {after.start}-{after.end} after {before.start}-{before.end}"
                ", expected ascending ranges that do not touch"
            )
    return SpanList(subject, size, spans)


def _span(item: Any, size: int) -> Span:
    if not isinstance(item, Mapping) or set(item) != _SPAN:
        raise ValueError("a span has not the members of version 1")
    span = Span(
        start=_whole(item["start"]),
        end=_whole(item["end"]),
        sha256=parse_digest(_text(item["sha256"])),
        prefix=parse_digest(_text(item["prefix"])),
        prefix_bytes=_whole(item["prefix_bytes"]),
        suffix=parse_digest(_text(item["suffix"])),
        suffix_bytes=_whole(item["suffix_bytes"]),
        sum=_whole(item["sum"]),
    )
    said = f"bytes {span.start}-{span.end}"
    if not (span.start < span.end <= size and span.sum < SUM_MODULUS):
        raise ValueError(f"{said} are no range of {size} bytes")
    most = 4 * ANCHOR  # bytes of so many characters
    if span.prefix_bytes > min(span.start, most) or span.suffix_bytes > min(size - span.end, most):
        raise ValueError(f"{said} have an anchor outside the content")
    return span


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{printable(repr(value), 40)} is no whole number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{printable(repr(value), 40)} is no digest")
    return value


def _digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def _before(content: bytes, at: int) -> int:
    """Where the ANCHOR characters before `at` begin."""
    for _ in range(ANCHOR):
        if at == 0:
            break
        at -= 1
        while at and content[at] & 0xC0 == 0x80:
            at -= 1
    return at


def _after(content: bytes, at: int) -> int:
    """Where the ANCHOR characters after `at` end."""
    for _ in range(ANCHOR):
        if at == len(content):
            break
        at += 1
        while at < len(content) and content[at] & 0xC0 == 0x80:
            at += 1
    return at
