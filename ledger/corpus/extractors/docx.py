"""Word documents (.docx): paragraphs and tables in the order they stand.

Headers, footers, notes, comments and deleted text are left out; inserted text counts. Nothing
outside the file is ever fetched.
"""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from ledger.corpus.extractors import NoText, installed, needs, plain_text
from ledger.errors import printable

__all__ = ["EXTRACTOR"]

_LARGEST = 256 << 20  # bytes all parts may unpack to
_MOST_PARTS = 10_000
_PATIENCE = 8 << 20  # unpacked bytes before the ratio counts
_RATIO = 200
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of .doc, and of encrypted .docx
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SKIPPED = frozenset(
    {f"{_WORD}{name}" for name in ("del", "moveFrom", "instrText", "delText", "rPr", "pPr")}
    | {"{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
)
_CELL = str.maketrans("\t\n", "  ")
_SIGNS = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}noBreakHyphen": "-"}


class _Docx:
    name = "docx"
    suffixes = (".docx", ".docm")
    content_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    def identity(self) -> str:
        with needs("python-docx", "office"):
            import docx  # noqa: F401
        return f"{installed('python-docx')} tables=true"

    def text(self, data: bytes) -> str:
        with needs("python-docx", "office"):
            import docx
            from lxml.etree import LxmlError
        _refuse(data)
        try:
            body = docx.Document(BytesIO(data)).element.body
        except (LxmlError, zipfile.BadZipFile, KeyError, ValueError, AttributeError) as error:
            reason = printable(str(error).split("\n")[0], 100)
            raise NoText(f"a .docx that cannot be read: {reason}") from None
        return plain_text("\n".join(_lines(body)), "a .docx without text")


def _refuse(data: bytes) -> None:
    """Raises NoText for what no Word document needs: macros, a lock, entities, a bomb."""
    if data.startswith(_OLD_OFFICE):
        raise NoText("an encrypted .docx, or an old .doc under another name")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            _bound(parts, len(data))
            for part in parts:
                name = part.filename.lower()
                if name.endswith("vbaproject.bin"):
                    raise NoText("a .docx with macros")
                if part.flag_bits & 1:
                    raise NoText("an encrypted .docx")
                if name.endswith((".xml", ".rels")):
                    _refuse_markup(name, archive.read(part))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        reason = printable(str(error) or type(error).__name__, 100)
        raise NoText(f"a .docx that is no zip archive: {reason}") from None
    except zipfile.zlib.error as error:  # type: ignore[attr-defined]
        raise NoText(f"a .docx with a damaged part: {printable(error, 100)}") from None


def _bound(parts: list[zipfile.ZipInfo], packed: int) -> None:
    if len(parts) > _MOST_PARTS:
        raise NoText(f"a .docx of {len(parts)} parts, expected at most {_MOST_PARTS}")
    unpacked = sum(part.file_size for part in parts)  # zipfile gives no part more than it says
    if unpacked > _LARGEST or (unpacked > _PATIENCE and unpacked > _RATIO * packed):
        raise NoText(f"{packed} bytes that unpack to {unpacked}")


def _refuse_markup(name: str, part: bytes) -> None:
    if name == "[content_types].xml" and b"macroenabled" in part.lower():
        raise NoText("a .docx with macros")
    plain = part.replace(b"\0", b"")  # UTF-16 spells ASCII with them
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise NoText("a .docx with a document type or entities, which Word never writes")


def _lines(body: Any) -> Iterator[str]:
    for child in body:
        if child.tag == f"{_WORD}p":
            yield _inline(child)
        elif child.tag == f"{_WORD}tbl":
            yield from _rows(child)
        elif isinstance(child.tag, str) and child.tag not in _SKIPPED:  # content controls and such
            yield from _lines(child)


def _rows(table: Any) -> Iterator[str]:
    """A line a row, its cells tab by tab; a paragraph's end inside a cell is a blank."""
    for row in table.iter(f"{_WORD}tr"):
        if next(row.iterancestors(f"{_WORD}tbl")) is table:
            cells = row.iter(f"{_WORD}tc")
            yield "\t".join(
                " ".join(_lines(cell)).translate(_CELL)
                for cell in cells
                if next(cell.iterancestors(f"{_WORD}tr")) is row
            )


def _inline(paragraph: Any) -> str:
    """The text of a paragraph, text boxes included, each of their paragraphs on its own line."""
    found: list[str] = []
    _collect(paragraph, found)
    return "".join(found)


def _collect(node: Any, found: list[str]) -> None:
    for child in node:  # lxml refuses XML of over 256 levels, so this ends
        if child.tag == f"{_WORD}t":
            found.append(child.text or "")
        elif child.tag in _SIGNS:
            found.append(_SIGNS[child.tag])
        elif child.tag == f"{_WORD}txbxContent":
            found.extend(f"\n{line}" for line in _lines(child))
        elif isinstance(child.tag, str) and child.tag not in _SKIPPED:
            _collect(child, found)


EXTRACTOR = _Docx()
