"""PDF files: the text layer, page by page. A scan without one is no text; nothing is recognised.

pypdf is Python and a PDF can be made to keep it busy for ever, so it runs in a process of its own.
"""

import logging
from io import BytesIO

from ledger.corpus.extractors import NoText, installed, needs, plain_text
from ledger.corpus.extractors._apart import apart
from ledger.errors import printable

__all__ = ["EXTRACTOR", "text_of"]

_SECONDS = 120.0
_MOST_PAGES = 20_000
_MOST_TEXT = 64 << 20  # characters


class _Pdf:
    name = "pdf"
    suffixes = (".pdf",)
    content_type = "application/pdf"

    def identity(self) -> str:
        with needs("pypdf", "office"):
            import pypdf  # noqa: F401
        return f"{installed('pypdf')} pages=joined"

    def text(self, data: bytes) -> str:
        self.identity()
        if b"%PDF-" not in data[:1024]:
            raise NoText("no PDF header")
        return apart(f"{__name__}:text_of", data, _SECONDS)


def text_of(data: bytes) -> str:
    """The text of all pages, a blank line between two. Unbounded in time. Raises NoText."""
    import pypdf
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").addHandler(logging.NullHandler())  # it tells of every repair
    try:
        reader = pypdf.PdfReader(BytesIO(data))
        if reader.is_encrypted:
            raise NoText("an encrypted PDF")
        if len(reader.pages) > _MOST_PAGES:
            raise NoText(f"{len(reader.pages)} pages, expected at most {_MOST_PAGES}")
        pages: list[str] = []
        size = 0
        for page in reader.pages:
            text = page.extract_text().strip()
            size += len(text)
            if size > _MOST_TEXT:
                raise NoText(f"over {_MOST_TEXT} characters, expected at most that")
            pages.append(text)
    except NoText:
        raise
    # a damaged file reaches every corner of pypdf; whatever it raises is about these bytes
    except (PyPdfError, ArithmeticError, AssertionError, AttributeError, LookupError, OSError,
            NotImplementedError, RecursionError, TypeError, ValueError) as error:  # fmt: skip
        reason = printable(str(error).split("\n")[0] or type(error).__name__, 100)
        raise NoText(f"a PDF that cannot be read: {reason}") from None
    count = len(pages)
    found = "\n\n".join(page for page in pages if page)
    return plain_text(found, f"no text in {count} page{'s' * (count != 1)}")


EXTRACTOR = _Pdf()
