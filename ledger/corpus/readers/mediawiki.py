"""MediaWiki exports: pages-articles dumps and Special:Export (.xml, either packed).

A page gives one document, the wikitext of its last revision as it stands (or of the last before
`mediawiki.before`). Redirects, pages of other namespaces and pages without such a revision are
passed over and counted. Row = ordinal of the page among all; `record` is `page/revision` ids.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from ledger.corpus.document import Passed, Rejected
from ledger.corpus.readers import DEFAULTS, ReadOptions, setting
from ledger.corpus.readers._assemble import assemble
from ledger.corpus.readers._columns import Plan
from ledger.corpus.readers._dates import one_date
from ledger.corpus.readers._packed import packed_suffixes, unpacked
from ledger.corpus.readers._xml import parse
from ledger.errors import InputError, MalformedError, printable

__all__ = ["READER"]

_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 4096
_FIRST = 4096  # bytes in which an export says what it is
_SHORT = 64 << 10  # characters of a title, a name, a number
_REDIRECT = re.compile(r"\s*#redirect\b", re.IGNORECASE)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAMESPACES = re.compile(r"all|-?[0-9]{1,6}(,-?[0-9]{1,6})*")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_BEGINNING = 200  # characters in which a redirect says that it is one
_SHA1 = 31  # digits in base 36
_BASE36 = re.compile(r"[0-9a-zA-Z]{1,31}")
_WIKITEXT = "text/x-wiki"
_PAGE = ("mediawiki", "page")
_REVISION = (*_PAGE, "revision")
_TEXT = (*_REVISION, "text")
_BASE = ("mediawiki", "siteinfo", "base")
_FIELDS = {  # what is kept of a page and of a revision
    (*_PAGE, "title"): "title",
    (*_PAGE, "ns"): "namespace",
    (*_PAGE, "id"): "page",
    (*_REVISION, "id"): "revision",
    (*_REVISION, "timestamp"): "timestamp",
    (*_REVISION, "contributor", "username"): "author",
    (*_REVISION, "contributor", "ip"): "author",
    (*_REVISION, "format"): "format",
    (*_REVISION, "sha1"): "sha1",
}


class _MediaWiki:
    name = "mediawiki"
    version = 1
    suffixes = packed_suffixes(".xml")
    folders = False

    def __init__(self) -> None:
        self.settings = {
            "before": "YYYY-MM-DD: the last revision before this day (UTC), not the last of all",
            "namespaces": "numbers of namespaces with commas between, or all; 0 by default",
        }

    def check_options(self, options: ReadOptions) -> None:
        _before(options)
        _namespaces(options)

    def recognises(self, path: Path) -> bool:
        """Whether a file among others is a wiki's export: most XML is something else."""
        stream = unpacked(path, DEFAULTS)
        try:
            return b"<mediawiki" in stream.read(_FIRST)
        except MalformedError:
            return True  # reading it will say what is broken
        finally:
            stream.close()

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected | Passed]:
        """See Reader.read. A revision's SHA-1 is checked where the export gives one."""
        pages = _Pages(path, options)
        for _ in parse(path, options, pages):
            yield from pages.take()
        yield from pages.take(everything=True)
        if not pages.began:
            raise MalformedError(path, 1, "no element <mediawiki>, expected a wiki's export")
        for what, count in sorted(pages.passed.items()):
            yield Passed(what, count)


@dataclass
class _Revision:
    """A revision as far as it was read. `size` counts the text's bytes, also those not kept."""

    values: dict[str, str] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    size: int = 0
    stub: bool = False
    hidden: bool = False
    when: int | None = None


@dataclass
class _Page:
    row: int
    line: int
    values: dict[str, str] = field(default_factory=dict)
    redirect: bool = False
    newest: _Revision | None = None
    newer: bool = False  # whether a revision was passed over for being too new
    fault: str = ""


class _Pages:
    """The handler: gathers documents page by page."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path, self._options = path, options
        self._before = _before(options)
        self._namespaces = _namespaces(options)
        self._open: list[tuple[str, ...]] = [()]  # each open element, as names from the root on
        self._in_text = self._kept = False
        self._page: _Page | None = None
        self._revision: _Revision | None = None
        self._pieces: list[str] = []
        self._held = 0
        self._base = ""
        self._row = -1
        self._found: list[tuple[_Page, _Revision]] = []
        self._ready: list[Rejected] = []
        self._bytes = 0
        self.began = False
        self.passed: Counter[str] = Counter()

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        here = (*self._open[-1], name)
        self._open.append(here)
        if not self.began:
            if name != "mediawiki":
                raise MalformedError(
                    self._path,
                    line,
                    f"an element <{printable(name, 40)}>, expected <mediawiki>, a wiki's export",
                )
            self.began = True
        self._pieces, self._held = [], 0
        self._kept, self._in_text = here in _FIELDS or here == _BASE, here == _TEXT
        if here == _PAGE:
            self._row += 1
            self._page = _Page(self._row, line)
        elif here == (*_PAGE, "redirect") and self._page:
            self._page.redirect = True
        elif here == _REVISION:
            self._revision = _Revision()
        elif here == _TEXT and self._revision:
            self._revision.hidden = "deleted" in attributes
            self._revision.stub = attributes.get("bytes", "0") != "0"
            if "sha1" in attributes:
                self._revision.values["text_sha1"] = attributes["sha1"]

    def text(self, data: str) -> None:
        if self._in_text and self._revision is not None:
            self._revision.size += len(data) if data.isascii() else len(data.encode())
            if self._revision.size <= self._options.max_document_bytes:
                self._revision.pieces.append(data)
        elif self._kept and self._held <= _SHORT:
            self._held += len(data)
            self._pieces.append(data)

    def end(self, name: str) -> None:
        here, page, revision = self._open.pop(), self._page, self._revision
        kept, self._kept, self._in_text = self._kept, False, False
        if here == _BASE:
            self._base = "".join(self._pieces).strip()
        elif kept and page is not None:
            said = "".join(self._pieces).strip()
            values = revision.values if revision is not None else None
            if len(here) == len(_PAGE) + 1:
                values = page.values
            if values is page.values and _FIELDS[here] in values:
                page.fault = page.fault or f"two elements <{name}>"
            if self._held > _SHORT:
                page.fault = page.fault or f"an element <{name}> over {_SHORT} characters"
            if values is not None:
                values.setdefault(_FIELDS[here], said)
        elif here == _REVISION and page is not None and revision is not None:
            self._settle(page, revision)
            self._revision = None
        elif here == _PAGE and page is not None:
            self._finish(page)
            self._page = None
        self._pieces, self._held = [], 0

    def take(self, *, everything: bool = False) -> Iterator[pa.Table | Rejected]:
        """The documents gathered so far, once they are enough."""
        yield from self._ready
        self._ready = []
        if self._found and (
            everything or self._bytes >= _BATCH_BYTES or len(self._found) >= _BATCH_ROWS
        ):
            yield from self._table()
            self._found, self._bytes = [], 0

    def _settle(self, page: _Page, revision: _Revision) -> None:
        """Keep the revision if it is the newest that may count."""
        stamp = revision.values.get("timestamp", "")
        revision.when = one_date(stamp)
        if revision.when is None:
            page.fault = page.fault or f"timestamp {printable(stamp, 40)!r}: a date that is none"
        elif self._before is not None and revision.when >= self._before:
            page.newer = True
        else:
            newest = page.newest
            if newest is None or newest.when is None or revision.when >= newest.when:
                page.newest = revision

    def _finish(self, page: _Page) -> None:
        namespace = page.values.get("namespace", "0")
        revision = page.newest
        if self._namespaces is not None and namespace not in self._namespaces:
            self.passed["pages of other namespaces"] += 1
        elif page.fault:
            self._reject(page, page.fault)
        elif revision is None and page.newer:
            self.passed["pages with no revision before the day"] += 1
        elif revision is None:
            self._reject(page, "a page without a revision")
        elif (page.redirect and not page.newer) or (
            _REDIRECT.match("".join(revision.pieces[:4])[:_BEGINNING])
        ):
            self.passed["redirects"] += 1
        elif revision.hidden:
            self.passed["revisions whose text was deleted"] += 1
        elif reason := self._problem(revision):
            self._reject(page, reason)
        else:
            self._found.append((page, revision))
            self._bytes += revision.size

    def _problem(self, revision: _Revision) -> str | None:
        most = self._options.max_document_bytes
        if revision.size > most:
            return f"text of {revision.size} bytes, expected at most {most}"
        if not revision.size:
            return "no text: a dump of stubs" if revision.stub else "empty text"
        said = revision.values.get("text_sha1") or revision.values.get("sha1")
        if said:
            found = sha1("".join(revision.pieces).encode(), usedforsecurity=False).digest()
            if not _BASE36.fullmatch(said) or int(said, 36) != int.from_bytes(found):
                return f"SHA-1 {_base36(found)}, but the export says {printable(said, 40)}"
        return None

    def _reject(self, page: _Page, reason: str) -> None:
        self._ready.append(Rejected(f"{self._path}:{page.line}", reason))

    def _table(self) -> Iterator[pa.Table | Rejected]:
        pages = [page for page, _ in self._found]
        revisions = [revision for _, revision in self._found]
        titles = [page.values.get("title") for page in pages]
        found = {
            "text": pa.array(["".join(r.pieces) for r in revisions], pa.large_string()),
            "title": pa.array(titles, pa.string()),
            "url": pa.array([self._url(title) for title in titles], pa.string()),
            "author": pa.array([r.values.get("author") or None for r in revisions], pa.string()),
            "record": pa.array(
                [
                    f"{p.values.get('page', '')}/{r.values.get('revision', '')}"
                    for p, r in self._found
                ],
                pa.string(),
            ),
            "content_type": pa.array(
                [r.values.get("format") or _WIKITEXT for r in revisions], pa.string()
            ),
            "claimed_at": pa.array([r.when for r in revisions], pa.int64()).cast(pa.timestamp("s")),
        }
        table, rejected = assemble(
            found,
            pa.array([page.row for page in pages], pa.int64()),
            Plan({}),
            self._options,
            lambda i: f"{self._path}:{pages[i].line}",
        )
        yield from rejected
        if table.num_rows:
            yield table

    def _url(self, title: str | None) -> str | None:
        if not title or "/" not in self._base:
            return None
        return f"{self._base.rpartition('/')[0]}/{quote(title.replace(' ', '_'), safe='/:(),')}"


def _before(options: ReadOptions) -> int | None:
    asked = setting(options, "mediawiki", "before", "")
    if not asked:
        return None
    found = one_date(asked) if _DAY.fullmatch(asked) else None
    if found is None:
        raise InputError(f"mediawiki.before = {printable(asked, 40)!r}, expected YYYY-MM-DD")
    return found


def _namespaces(options: ReadOptions) -> frozenset[str] | None:
    asked = setting(options, "mediawiki", "namespaces", "0").replace(" ", "")
    if not _NAMESPACES.fullmatch(asked):
        raise InputError(
            f"mediawiki.namespaces = {printable(asked, 40)!r}, expected numbers or all",
            hint="such as 0,4,10",
        )
    return None if asked == "all" else frozenset(asked.split(","))


def _base36(digest: bytes) -> str:
    """A SHA-1 as MediaWiki spells it: 31 digits in base 36."""
    number, digits = int.from_bytes(digest), ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(_SHA1, "0")


READER = _MediaWiki()
