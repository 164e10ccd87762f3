"""An index page in HTML (PEP 503): a link a file, its digest in the link, and no time anywhere."""

from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["links"]


class _Links(HTMLParser):
    """The `href` of every anchor, in the order of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def links(page: str) -> Iterator[tuple[str, str, str]]:
    """(file name, SHA-256 in hex or "", href) of every link on an index page, in its order."""
    parser = _Links()
    parser.feed(page)
    parser.close()
    for href in parser.found:
        try:
            split = urlsplit(href)
        except ValueError:  # a link no program could follow lists no file
            continue
        digests = parse_qs(split.fragment).get("sha256", [""])
        yield unquote(split.path).rpartition("/")[2], digests[0].lower(), href
