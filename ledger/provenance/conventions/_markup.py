"""HTML as tags with their bytes: enough to say which bytes an element is, and nothing more.

A tokenizer over bytes, by the rules of the HTML standard for tags, attributes, comments and
elements of raw text; time grows with the length, whatever the page. Python's own parser gives no
byte offsets and needs quadratic time for some pages.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

__all__ = ["Tag", "head_place", "script_texts", "tags"]

_SPACE = b"\t\n\f\r "
_NEXT = re.compile(rb"<(?=[A-Za-z/!?])")  # what else follows a `<` makes it text
_NAME = re.compile(rb"[A-Za-z][^\t\n\f\r />]*")
_SKIP = re.compile(rb"[\t\n\f\r /]*")
_ATTRIBUTE = re.compile(rb"[^\t\n\f\r />][^\t\n\f\r />=]*")
_EQUALS = re.compile(rb"[\t\n\f\r ]*=[\t\n\f\r ]*")
_UNQUOTED = re.compile(rb"[^\t\n\f\r >]+")
_COMMENT_END = re.compile(rb"--!?>")
_RAW = frozenset(
    {b"iframe", b"noembed", b"noframes", b"script", b"style", b"textarea", b"title", b"xmp"}
)
_LONGEST = 1_000  # bytes of an attribute's value that are looked at


class Tag(NamedTuple):
    """A tag and its bytes. `closing` for `</x>`; `closed` for `<x/>`. Names are lower case."""

    name: bytes
    start: int
    end: int
    closing: bool
    closed: bool
    attributes: dict[bytes, bytes]

    def value(self, *names: bytes) -> str | None:
        """The first of these attributes, its references resolved; None without."""
        for name in names:
            if name in self.attributes:
                return unescape(self.attributes[name][:_LONGEST].decode("utf-8", "replace"))
        return None


def tags(page: bytes) -> Iterator[Tag]:
    """The tags of a page in their order; what stands in comments, scripts and the like is none."""
    found = _NEXT.search(page)
    while found is not None:
        at = found.start()
        name = _NAME.match(page, at + (2 if page[at + 1] == 0x2F else 1))
        if name is None:
            found = _NEXT.search(page, _past_other(page, at))
            continue
        tag = _tag(page, at, name)
        if tag is None:
            return
        yield tag
        at = tag.end
        if tag.name == b"plaintext" and not tag.closing:
            return
        if tag.name in _RAW and not tag.closing:
            close = _close_of(tag.name).search(page, at)
            if close is None:
                return
            at = close.start()
        found = _NEXT.search(page, at)


def _past_other(page: bytes, at: int) -> int:
    """Where a comment, a declaration or an end tag without a name ends."""
    if page.startswith(b"<!--", at) and not page.startswith((b"<!-->", b"<!--->"), at):
        found = _COMMENT_END.search(page, at + 4)
        return found.end() if found else len(page)
    return page.find(b">", at) + 1 or len(page)


def _tag(page: bytes, start: int, name: re.Match[bytes]) -> Tag | None:
    """The tag that begins at `start`; None where the page ends inside of it."""
    at, attributes = name.end(), dict[bytes, bytes]()
    while True:
        skipped = _SKIP.match(page, at)
        at = skipped.end() if skipped else at
        if at >= len(page):
            return None
        if page[at] == 0x3E:  # >
            closing = page[start + 1] == 0x2F
            closed = (
                page[at - 1] == 0x2F and skipped is not None and skipped.end() > skipped.start()
            )
            return Tag(name[0].lower(), start, at + 1, closing, closed, attributes)
        key = _ATTRIBUTE.match(page, at)
        if key is None:
            return None
        at, value = key.end(), b""
        equals = _EQUALS.match(page, at)
        if equals is not None:
            at = equals.end()
            quote = page[at : at + 1]
            if quote in (b'"', b"'"):
                end = page.find(quote, at + 1)
                if end < 0:
                    return None
                value, at = page[at + 1 : end], end + 1
            elif (bare := _UNQUOTED.match(page, at)) is not None:
                value, at = bare[0], bare.end()
        attributes.setdefault(key[0].lower(), value)


def _close_of(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"</" + name + rb"(?=[\t\n\f\r />])", re.IGNORECASE)


def script_texts(page: bytes, media_type: bytes) -> Iterator[tuple[int, bytes]]:
    """(place, bytes) of what stands in the page's scripts of that type."""
    open_at: int | None = None
    for tag in tags(page):
        if open_at is not None:
            yield open_at, page[open_at : tag.start]
            open_at = None
        if tag.name == b"script" and not tag.closing:
            kind = tag.attributes.get(b"type", b"").strip(_SPACE).lower().partition(b";")[0]
            open_at = tag.end if kind.strip(_SPACE) == media_type else None


def head_place(page: bytes) -> int:
    """Where something of the head can be put in: after <head>, else after <html> or the doctype."""
    place = 0
    found = re.match(rb"(?:\xef\xbb\xbf)?[\t\n\f\r ]*<!doctype[^>]*>", page[:2000], re.IGNORECASE)
    if found is not None:
        place = found.end()
    for tag in tags(page):
        if tag.closing or tag.name not in (b"html", b"head"):
            return place
        place = tag.end
        if tag.name == b"head":
            return place
    return place
