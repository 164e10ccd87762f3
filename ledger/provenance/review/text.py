"""A document's text for a person to read: found where the ledger found it, and made harmless.

The text comes from anybody. What a terminal would obey or hide is spelled out, and no more is
shown than a person reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.texts import TextSource, text_sources
from ledger.errors import InputError, LedgerError, RefusedError, printable
from ledger.log.canonical import parse_digest
from ledger.log.log import Log
from ledger.provenance.review.recorded import said_about

__all__ = ["SHOWN", "Text", "document_text", "visible"]

SHOWN = 6_000
"""Characters that are shown of a text."""

_LINE = 500


@dataclass(frozen=True)
class Text:
    """A document's text, and the dataset in whose input it was found."""

    dataset: str
    text: str


def document_text(log: Log, document: str, roots: Sequence[Path] = ()) -> Text:
    """The text of a document, in the first of its datasets where it still lies.

    Raises RefusedError where none of its inputs is there or holds it.
    """
    digest = parse_digest(document)
    places: dict[str, list[bytes]] = {}
    for _, entry in said_about(log, document):
        if entry.kind == "origin":
            file = parse_digest(str(entry.body["locator"]["file"]))
            places.setdefault(str(entry.body["dataset"]), []).append(file)
    missing: LedgerError | None = None
    for dataset, files in places.items():
        absent: dict[bytes, LedgerError] = {}
        sources = text_sources(log, dataset, roots, absent)
        missing = missing or next(iter(absent.values()), None)
        for source in sorted(sources, key=lambda one: one.digest not in files):
            found = _in(source, digest)
            if found is not None:
                return Text(dataset, found)
    raise RefusedError(
        f"{document}: its text lies in none of its inputs"
        + (f"; {missing}" if missing is not None else ""),
        hint="--root DIR names the folder that its files lie below now",
    )


def _in(source: TextSource, digest: bytes) -> str | None:
    try:
        for table in source.tables():
            rows = table.filter(pc.equal(table.column("sha256"), pa.scalar(digest, pa.binary(32))))
            if rows.num_rows:
                return str(rows.column("text")[0].as_py())
    except (InputError, OSError):
        return None  # moved, changed or unreadable: another input may hold it
    return None


def visible(text: str, limit: int = SHOWN) -> tuple[list[str], int]:
    """Lines that show a text, and how many characters of it they leave out.

    Control, bidirectional and zero-width characters are spelled as escapes; long lines are cut
    into pieces, the first of which begins with `| ` and the others with `+ `.
    """
    lines = []
    for line in text[:limit].split("\n"):
        pieces = [line[start : start + _LINE] for start in range(0, len(line), _LINE)] or [""]
        for number, piece in enumerate(pieces):
            lines.append(f"{'+' if number else '|'} {printable(piece, 10 * _LINE)}".rstrip())
    return lines, max(len(text) - limit, 0)
