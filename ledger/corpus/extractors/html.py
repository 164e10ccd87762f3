"""Web pages: the main content as Resiliparse finds it, without navigation and boilerplate."""

import re
from collections.abc import Mapping
from typing import Any

from ledger.corpus.extractors import NoText, installed, needs, plain_text

__all__ = ["EXTRACTOR", "decoded", "identity", "page_text"]

_OPTIONS: Mapping[str, Any] = {
    "alt_texts": True,
    "comments": True,
    "form_fields": False,
    "hidden_elements": False,
    "links": False,
    "list_bullets": True,
    "noscript": False,
    "preserve_formatting": True,
}
"""Every option of the call but `main_content`, so that a new default cannot change the text."""

_DEEPEST = 2_000  # elements inside each other; the extractor's time grows with the square
_MOST_ATTRIBUTES = 2_000  # of one tag, likewise
_LONG_TAG = re.compile(r"<[a-zA-Z][^>]{8000,}")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_FLAT = frozenset(  # never closed, or closed by the next of their kind
    [
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
        *("source", "track", "wbr", "dd", "dt", "li", "option", "p", "td", "th", "tr"),
    ]
)
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"))
_HEAD = 1024  # bytes in which HTML may declare its encoding
_META = re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.I)


def identity(main_content: bool = True) -> str:
    """`resiliparse/version main_content=… …`. Raises MissingExtraError."""
    with needs("resiliparse", "warc"):
        import resiliparse.extract.html2text  # noqa: F401
    options = {"main_content": main_content, **_OPTIONS}
    spelled = " ".join(f"{name}={str(value).lower()}" for name, value in options.items())
    return f"{installed('resiliparse')} {spelled}"


def decoded(data: bytes, declared: str | None, *, html: bool = True) -> str:
    """Page bytes as text. A byte-order mark decides, else the HTTP header's `declared` charset,
    else the page's own <meta>, else UTF-8 where the bytes are that, else a guess from the bytes.

    A declaration that the bytes contradict gives way to the next; a guess never overrules one.
    Raises NoText where nothing declared fits, or nothing fits at all; MissingExtraError.
    """
    with needs("resiliparse", "warc"):
        from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5
    tried: list[str] = []
    for label in _declared(data, declared, html):
        codec = map_encoding_to_html5(label, fallback_utf8=False)
        if codec is None:
            tried.append(f"{label[:40]} (unknown)")
        elif (text := _as(data, codec)) is not None:
            return text
        else:
            tried.append(codec)
    if tried:
        raise NoText(f"bytes that are not {' nor '.join(tried)}, which the page declares")
    if (text := _as(data, "utf-8")) is not None:
        return text
    guess = detect_encoding(data)
    if guess is None or (text := _as(data, guess)) is None:
        raise NoText("no declared encoding, and bytes that fit none")
    return text


def _declared(data: bytes, header: str | None, html: bool) -> list[str]:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return [name]
    found = _META.search(data[:_HEAD]) if html else None
    labels = [header or "", found[1].decode("ascii") if found else ""]
    if labels[1].lower().startswith("utf-16"):  # what declares it in ASCII is not UTF-16
        labels[1] = "utf-8"
    return list(dict.fromkeys(label.strip(" \"'").lower() for label in labels if label.strip()))


def _as(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return None


def page_text(page: str, *, main_content: bool = True) -> str:
    """The text of a page. Raises NoText, MissingExtraError."""
    with needs("resiliparse", "warc"):
        from resiliparse.extract.html2text import extract_plain_text
    _refuse_traps(page)
    text = extract_plain_text(page, main_content=main_content, **_OPTIONS)
    what = "main text" if main_content else "text"
    return plain_text(text, f"no {what} in {len(page)} characters of HTML")


def _refuse_traps(page: str) -> None:
    """Raises NoText for a page made to take for ever. Browsers nest some 500 elements."""
    if page.count("<") > _DEEPEST:
        depth = 0
        for closing, name in _TAG.findall(page):
            if name.lower() not in _FLAT:
                depth = max(depth - 1, 0) if closing else depth + 1
                if depth > _DEEPEST:
                    raise NoText(f"over {_DEEPEST} elements inside each other")
    for tag in _LONG_TAG.findall(page):
        if len(tag.split(None, _MOST_ATTRIBUTES + 1)) > _MOST_ATTRIBUTES:
            raise NoText(f"a tag of over {_MOST_ATTRIBUTES} attributes")


class _Html:
    name = "html"
    suffixes = ()  # a .html file stands as it lies; a crawler's payload says what it is
    content_type = "text/html"

    def identity(self) -> str:
        return identity()

    def text(self, data: bytes) -> str:
        return page_text(decoded(data, None))


EXTRACTOR = _Html()
