"""What the tests of this room share."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from ledger.corpus.document import DOCUMENT, Rejected
from ledger.corpus.readers import Reader, ReadOptions, reader_for

FIXTURES = Path(__file__).parent.parent / "fixtures"


def read(
    path: Path, options: ReadOptions | None = None, reader: Reader | None = None
) -> tuple[list[dict[str, object]], list[tuple[str, str]]]:
    """(rows without their nulls, (where below the folder, reason) of the rejected)."""
    rows: list[dict[str, object]] = []
    bad: list[tuple[str, str]] = []
    for found in (reader or reader_for(path)).read(path, options or ReadOptions()):
        if isinstance(found, Rejected):
            assert found.where.startswith(str(path))
            bad.append((found.where.removeprefix(str(path)), found.reason))
        else:
            assert found.schema.equals(DOCUMENT)
            found.validate(full=True)
            rows += [{k: v for k, v in row.items() if v is not None} for row in plain(found)]
    return rows, bad


def plain(table: pa.Table) -> Iterator[dict[str, object]]:
    yield from table.to_pylist()


def texts(path: Path, options: ReadOptions | None = None) -> list[object]:
    """The texts of a file with no bad row."""
    rows, bad = read(path, options)
    assert bad == []
    return [row["text"] for row in rows]
