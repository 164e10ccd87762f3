"""Web captures (.warc, .warc.gz) and the text a crawler made of them (.warc.wet, .warc.wet.gz).

Documents are responses of status 200 and resources that are HTML or plain text, and conversions;
row = ordinal among all records of the file. HTML becomes the text of its main content. Requests,
metadata and what is no text are passed over and counted; every record that should have been a
document and is none (revisits, truncated captures, wrong digests) is rejected.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from ledger.corpus.document import Passed, Rejected
from ledger.corpus.extractors import NoText
from ledger.corpus.extractors.html import decoded, identity, page_text
from ledger.corpus.readers import ReadOptions, setting
from ledger.corpus.readers._assemble import assemble
from ledger.corpus.readers._captures import HTML, Capture, captures
from ledger.corpus.readers._columns import Plan, Source
from ledger.corpus.readers._languages import two_letters
from ledger.errors import InputError, printable

__all__ = ["READER", "html_mode", "text_of_capture"]

_CONVERTED = (".warc.wet", ".warc.wet.gz", ".wet", ".wet.gz")
_HTML = ("main", "all", "source")
_PLAN = Plan({"collected_at": Source(("WARC-Date",), explicit=True)})
_COLUMNS = ("collected_at", "content_type", "crawler", "language", "record", "url")
_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 1024


class _Warc:
    name = "warc"
    version = 1
    suffixes = (".warc", ".warc.gz", *_CONVERTED)
    folders = False
    settings: Mapping[str, str] = MappingProxyType(
        {"html": "what becomes of HTML: main (its main content, the default), all, source"}
    )

    def check_options(self, options: ReadOptions) -> None:
        html_mode(options)

    def derivation(self, path: Path, options: ReadOptions) -> tuple[str, ...]:
        """Resiliparse, where pages may be made text of; a WET file is text already."""
        mode = html_mode(options)
        if mode == "source" or path.name.lower().endswith(_CONVERTED):
            return ()
        return (identity(mode == "main"),)

    def read(self, path: Path, options: ReadOptions) -> Iterator[pa.Table | Rejected | Passed]:
        """See Reader.read. Raises MissingExtraError without [warc]."""
        mode = html_mode(options)
        batch = _Batch(path, options)
        for found in captures(path, options):
            if isinstance(found, Capture):
                try:
                    text = text_of_capture(found, mode)
                except NoText as reason:
                    yield Rejected(f"{path}:row {found.row}", str(reason))
                else:
                    yield from batch.add(found, text)
            else:
                yield found
        yield from batch.flush()


def html_mode(options: ReadOptions) -> str:
    """The setting `warc.html`. Raises InputError."""
    mode = setting(options, "warc", "html", "main")
    if mode not in _HTML:
        raise InputError(f"warc.html = {printable(mode, 40)!r}, expected {', '.join(_HTML)}")
    return mode


def text_of_capture(capture: Capture, mode: str) -> bytes:
    """The document of a capture, in UTF-8. `mode` is one of main, all, source. Raises NoText."""
    html = capture.media in HTML and capture.type != "conversion"
    charset = "utf-8" if capture.type == "conversion" else capture.charset
    page = decoded(capture.payload, charset, html=html)
    if html and mode != "source":
        page = page_text(page.removeprefix("\ufeff"), main_content=mode == "main")
    return page.encode()


@dataclass
class _Batch:
    """Documents waiting to become one table."""

    path: Path
    options: ReadOptions
    _known: list[tuple[int | str | None, ...]] = field(default_factory=list)
    _texts: list[bytes] = field(default_factory=list)
    _held: int = 0

    def add(self, capture: Capture, text: bytes) -> Iterator[pa.Table | Rejected]:
        """Take one; yields a table whenever enough are held."""
        self._known.append(
            (
                capture.row,
                capture.date,
                capture.media,
                capture.crawler,
                two_letters(capture.language),
                capture.refers_to or capture.record,
                capture.url,
            )
        )
        self._texts.append(text)
        self._held += len(text)
        if self._held >= _BATCH_BYTES or len(self._texts) >= _BATCH_ROWS:
            yield from self.flush()

    def flush(self) -> Iterator[pa.Table | Rejected]:
        """What is held, if anything."""
        if not self._texts:
            return
        rows, *known = map(list, zip(*self._known, strict=True))
        text = pa.array(self._texts, pa.large_binary()).cast(pa.large_string())
        self._known, self._texts, self._held = [], [], 0
        found = {
            name: pa.array(values, pa.string())
            for name, values in zip(_COLUMNS, known, strict=True)
        }
        table, rejected = assemble(
            found | {"text": text},
            pa.array(rows, pa.int64()),
            _PLAN,
            self.options,
            lambda i: f"{self.path}:row {rows[i]}",
        )
        yield from rejected
        if table.num_rows:
            yield table


READER = _Warc()
