"""WARC records as captures of text: the header read, the digests checked, the HTTP layer undone.

A payload digest is over the payload as it is stored, or with the transfer coding (chunks) undone:
both readings of the standard are in use, and either is a match. A content coding (gzip, br) stays
under the digest.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from ledger.corpus.document import Passed, Rejected
from ledger.corpus.extractors import needs
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._codings import CodingError, decoded_body, unchunked
from ledger.corpus.readers._digests import WrongDigestError, check_digest
from ledger.corpus.readers._records import END, Record, records
from ledger.errors import printable

__all__ = ["HTML", "Capture", "captures"]

HTML = frozenset({"text/html", "application/xhtml+xml"})
_TEXTS = HTML | {"text/plain"}
_BY_DESIGN = {b"request": "request records", b"metadata": "metadata records"}
_ONCE = frozenset(
    b"warc-type warc-record-id warc-date warc-target-uri warc-payload-digest warc-block-digest "
    b"warc-refers-to warc-truncated content-type warc-identified-content-language".split()
)
_CHARSET = re.compile(rb";[ \t]*charset[ \t]*=[ \t]*[\"']?([A-Za-z0-9_.:-]{1,40})", re.I)
_ISO_639 = re.compile(r"[a-z]{3}")
_PART_OF = re.compile(rb"(?:^|\n)isPartOf:[ \t]*([^\r\n]{1,200})", re.I)
_NEEDED = (b"warc-record-id", b"warc-date", b"warc-target-uri", b"content-type")
_STATUS = re.compile(rb"HTTP/[0-9.]{1,8}[ \t]+([0-9]{3})(?![0-9])")
_LONGEST_HTTP = 64 << 10
_SHA1 = 20
_KINDS = 50  # names of what is passed over; the rest is summed up


class Capture(NamedTuple):
    """What was captured at `url` on `date`, its digests checked.

    `stored` is the payload as the record holds it, `payload` with its codings undone. `sha1` is the
    digest that the record gives for it, or None if it gives none of this kind. `language` is as the
    crawler identified it (ISO 639-3).
    """

    row: int
    offset: int | None
    type: Literal["response", "resource", "conversion"]
    record: str
    refers_to: str | None
    url: str
    date: str
    crawler: str | None
    language: str | None
    media: str
    charset: str | None
    sha1: bytes | None
    stored: bytes
    payload: bytes


class _NoCaptureError(Exception):
    """A record that should be a document and is none; the message says why."""


class _OtherError(Exception):
    """A record that is no document by design; the message names its kind in the plural."""


def captures(
    path: Path, options: ReadOptions, *, offsets: bool = False
) -> Iterator[Capture | Rejected | Passed]:
    """Every capture of text in a WARC file, in order; the counts of what is passed over at its end.

    Raises MalformedError as `records` does, MissingExtraError.
    """
    with needs("fastwarc", "warc"):
        import fastwarc.stream_io  # noqa: F401  # before anything is read
    passed: dict[str, int] = {}
    crawler: str | None = None
    for found in records(path, options, offsets=offsets):
        if isinstance(found, Rejected):
            yield found
            continue
        type_ = found.type
        if type_ in _BY_DESIGN:
            _count(passed, _BY_DESIGN[type_])
            continue
        if type_ == b"warcinfo":
            named = _PART_OF.search(found.data, found.head, found.stop)
            crawler = _text(named[1]) if named is not None else None
            _count(passed, "warcinfo records")
            continue
        try:
            yield _capture(found, type_, crawler, options)
        except (_NoCaptureError, CodingError, WrongDigestError) as reason:
            yield Rejected(f"{path}:row {found.row}", str(reason))
        except _OtherError as kinds:
            _count(passed, str(kinds))
    for what, count in sorted(passed.items()):
        yield Passed(what, count)


def _count(passed: dict[str, int], what: str) -> None:
    name = what if what in passed or len(passed) < _KINDS else "other records"
    passed[name] = passed.get(name, 0) + 1


def _capture(record: Record, type_: bytes, crawler: str | None, options: ReadOptions) -> Capture:
    """Raises _NoCaptureError, _OtherError, CodingError, WrongDigestError."""
    if type_ == b"revisit":
        raise _NoCaptureError("a revisit record, it holds no payload")
    if type_ == b"continuation":
        raise _NoCaptureError("a continuation record, segments are not joined")
    if type_ not in {b"response", b"resource", b"conversion"}:
        shown = f"type {_text(type_, 40)}" if type_ else "no type"
        raise _OtherError(f"records of {shown}")
    headers = _headers(record.data[record.start : record.head])
    kind = headers[b"content-type"]
    if type_ == b"response" and not kind.startswith(b"application/http"):
        raise _OtherError(f"responses of {_media(kind)}")
    if not record.whole:
        most = options.max_document_bytes
        raise _NoCaptureError(f"a record of {record.size} bytes, expected at most {most}")
    if (cut := headers.get(b"warc-truncated")) is not None:
        raise _NoCaptureError(f"truncated when it was captured ({_text(cut, 40)})")
    if b"warc-segment-number" in headers:
        raise _NoCaptureError("the first of several segments, which are not joined")
    start, stop = record.head + len(END), record.stop
    if type_ == b"response":
        media, charset, readings, payload = _http(record.data, start, stop, options)
    else:
        media, charset = _content_type(kind)
        if media not in _TEXTS:
            raise _OtherError(f"{type_.decode()}s of {media}")
        payload = record.data[start:stop]
        readings = (payload,)
    if (block := headers.get(b"warc-block-digest")) is not None:
        check_digest("WARC-Block-Digest", block, memoryview(record.data)[start:stop])
    digest = headers.get(b"warc-payload-digest")
    checked = check_digest("WARC-Payload-Digest", digest, *readings) if digest is not None else b""
    return Capture(
        row=record.row,
        offset=record.offset,
        type=type_.decode(),  # type: ignore[arg-type]  # one of three
        record=_identifier(headers[b"warc-record-id"]),
        refers_to=_identifier(named) if (named := headers.get(b"warc-refers-to")) else None,
        url=_identifier(headers[b"warc-target-uri"]),
        date=headers[b"warc-date"].decode("latin-1"),
        crawler=crawler,
        language=_language(headers),
        media=media,
        charset=charset,
        sha1=checked if len(checked) == _SHA1 else None,
        stored=readings[0],
        payload=payload,
    )


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """(lower-case name, value) of each line below the first; both of odd lines are of no use.

    A line that begins with a blank goes on with the one before (RFC 822).
    """
    if b"\n " in head or b"\n\t" in head:
        head = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    pairs = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    return [(name.lower(), value.strip()) for name, _, value in pairs]


def _headers(head: bytes) -> dict[bytes, bytes]:
    """A record's own fields. Raises _NoCaptureError for one that is missing or given twice."""
    fields = _fields(head)
    found = dict(fields)
    if len(found) < len(fields):
        names = [name for name, _ in fields]
        for name in sorted(_ONCE):
            if names.count(name) > 1:
                raise _NoCaptureError(f"header {name.decode()} appears {names.count(name)} times")
    for name in _NEEDED:
        if not found.get(name):
            raise _NoCaptureError(f"no header {name.decode()}")
    return found


def _http(
    data: bytes, start: int, stop: int, options: ReadOptions
) -> tuple[str, str | None, tuple[bytes, ...], bytes]:
    """(media type, charset, what a payload digest may be over, the payload) of a response of 200.

    Raises _NoCaptureError, _OtherError, CodingError.
    """
    line, most = b"\r\n", min(stop, start + _LONGEST_HTTP)
    cut = data.find(END, start, most)
    bare = data.find(b"\n\n", start, cut if cut >= 0 else most)
    if bare >= 0:  # a server that ends lines by a line feed alone
        line, cut = b"\n", bare
    if cut < 0:
        raise _NoCaptureError(f"no end of the HTTP headers within {_LONGEST_HTTP} bytes")
    status = _STATUS.match(data, start, cut)
    if status is None:
        raise _NoCaptureError("an HTTP response without a status")
    if status[1] != b"200":
        raise _OtherError(f"responses of status {status[1].decode()}")
    head = data[start:cut]
    lower = head.lower()
    kind = _field(head, lower, b"\ncontent-type:")
    if not kind:
        raise _NoCaptureError("no HTTP content-type")
    media, charset = _content_type(kind)
    if media not in _TEXTS:
        raise _OtherError(f"responses of {media}")
    whole = payload = stored = data[cut + 2 * len(line) : stop]
    limit = options.max_document_bytes
    if (coding := _field(head, lower, b"\ntransfer-encoding:")) is not None:
        whole = payload = unchunked(stored, coding, limit)
    if (coding := _field(head, lower, b"\ncontent-encoding:")) is not None:
        payload = decoded_body(whole, coding, limit)
    return media, charset, (stored,) if whole is stored else (stored, whole), payload


def _field(head: bytes, lower: bytes, name: bytes) -> bytes | None:
    """The last value of an HTTP field, lines that go on joined; None where there is none.

    Two of the many are asked for, so `head` is not taken apart.
    """
    at = lower.rfind(name)
    if at < 0:
        return None
    found, *rest = head[at + len(name) :].split(b"\n", 1)
    while rest and rest[0][:1] in (b" ", b"\t"):
        more, *rest = rest[0].split(b"\n", 1)
        found += more
    return found.strip()


@lru_cache(4096)
def _content_type(value: bytes) -> tuple[str, str | None]:
    """(media type, charset or None) of a Content-Type header."""
    charset = _CHARSET.search(value)
    return _media(value), None if charset is None else charset[1].decode("ascii")


def _media(value: bytes) -> str:
    return printable(value.partition(b";")[0].strip().lower().decode("latin-1"), 60)


def _text(value: bytes, limit: int = 200) -> str:
    return printable(value.decode("utf-8", "backslashreplace").strip(), limit)


def _identifier(value: bytes) -> str:
    """A URI, without the angle brackets that WARC 1.0 puts around it."""
    text = value.decode("utf-8", "backslashreplace").strip()
    return text[1:-1] if text[:1] == "<" and text[-1:] == ">" else text


def _language(headers: Mapping[bytes, bytes]) -> str | None:
    """The one language the crawler found; None where it found several."""
    found = headers.get(b"warc-identified-content-language", b"").decode("latin-1").strip()
    return found if _ISO_639.fullmatch(found) else None
