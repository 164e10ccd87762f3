"""HTTP transfer and content codings undone, never beyond a bound.

A body that does not begin as its coding does was decoded by the crawler, which left the header in
place: it is taken as it lies.
"""

import re
from io import BytesIO
from typing import Any, cast

from isal import isal_zlib

from ledger.errors import printable

__all__ = ["CodingError", "decoded_body", "unchunked"]

_CHUNK = re.compile(rb"[ \t]*[0-9A-Fa-f]{1,16}[ \t]*(;[^\r\n]{0,1000})?\r\n")
_STEP = 1 << 20
_FAULT = cast("type[Exception]", isal_zlib.error)  # its stub types it as an instance


class CodingError(Exception):
    """A body that its coding does not describe; the message says how."""


def unchunked(body: bytes, coding: bytes | None, most: int) -> bytes:
    """`body` without its transfer coding: the very object where there is none to undo.

    Raises CodingError for a coding that is broken, unknown, or gives over `most` bytes.
    """
    name = _name(coding)
    if name in {"", "identity"} or (name == "chunked" and not _CHUNK.match(body)):
        return body
    if name != "chunked":
        raise CodingError(f"transfer-encoding {printable(name, 40)!r}, expected chunked")
    from fastwarc.stream_io import ChunkedReader

    return _all_of(ChunkedReader(BytesIO(body)), "chunks", most)


def decoded_body(body: bytes, coding: bytes | None, most: int) -> bytes:
    """`body` without its content coding. Raises CodingError as `unchunked` does."""
    name = _name(coding)
    if name in {"", "identity"}:
        return body
    if name in {"gzip", "x-gzip"}:
        return _inflated(body, name, 31, most) if body[:2] == b"\x1f\x8b" else body
    if name == "deflate":  # zlib's form by the standard, bare in the wild
        zlib = body[:1] == b"\x78" and int.from_bytes(body[:2], "big") % 31 == 0
        return _inflated(body, name, 15 if zlib else -15, most)
    if name == "br":
        from fastwarc.stream_io import BrotliReader

        return _all_of(BrotliReader(BytesIO(body)), "br", most)
    raise CodingError(f"content-encoding {printable(name, 40)!r}, expected gzip, deflate or br")


def _name(coding: bytes | None) -> str:
    return "" if coding is None else coding.decode("latin-1").strip().lower()


def _over(name: str, most: int) -> CodingError:
    return CodingError(f"a body that gives over {most} bytes, by {name}")


def _all_of(stream: Any, name: str, most: int) -> bytes:
    parts: list[bytes] = []
    held = 0
    try:
        while part := stream.read(_STEP):
            parts.append(part)
            held += len(part)
            if held > most:
                raise _over(name, most)
    except (OSError, ValueError, EOFError) as error:
        raise CodingError(f"broken {name}: {printable(error, 80)}") from None
    return b"".join(parts)


def _inflated(body: bytes, name: str, bits: int, most: int) -> bytes:
    stream = isal_zlib.decompressobj(wbits=bits)
    try:
        data = bytes(stream.decompress(body, most + 1))
    except _FAULT as error:
        raise CodingError(f"broken {name}: {printable(error, 80)}") from None
    if len(data) > most:
        raise _over(name, most)
    if not stream.eof:
        raise CodingError(f"truncated {name}")
    return data
