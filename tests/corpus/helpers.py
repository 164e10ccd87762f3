"""What the tests of this room share."""

import re
import resource
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from ledger.corpus.document import DOCUMENT, Passed, Rejected
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
        elif not isinstance(found, Passed):
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


def peak_mib() -> int:
    """Memory this process has held at most. Its own: a child's ru_maxrss begins at its parent's."""
    try:
        (kib,) = re.findall(r"VmHWM:\s+([0-9]+) kB", Path("/proc/self/status").read_text())
        return int(kib) >> 10
    except OSError:  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20
