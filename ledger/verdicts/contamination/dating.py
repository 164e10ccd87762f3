"""By when a document of a folder existed, as it says itself: good for a look, no evidence.

In this order: the earlier of its source's own dates (a date column, a crawl), the date of its
front matter, the date that its file's name begins with, the file's modification time. The last is
the weakest: a copy or a checkout sets it anew.
"""

import re
from collections.abc import Callable
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.readers._dates import one_date

__all__ = ["UNDATED", "DatedBy", "Dates", "date_rows", "front_matter_date"]

Ints = npt.NDArray[np.int64]

UNDATED = np.iinfo(np.int64).max
"""Of a document that nothing dates."""

_HEAD = 4096  # characters in which front matter must begin and end
_FENCE = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*\r?\n")
_KEY = re.compile(
    r"""^["']?(?:date|(?:published|created)(?:_at)?)["']?[ \t]*[:=][ \t]*(.*?)[ \t]*\r?$""",
    re.MULTILINE | re.IGNORECASE,
)
_DAY = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
_NAMED = re.compile(r"(?:.*/)?([12][0-9]{3}-[0-9]{2}-[0-9]{2})(?![0-9])[^/]*", re.DOTALL)


class DatedBy(IntEnum):
    """What dates a document; the first that does."""

    SOURCE = 0
    FRONT_MATTER = 1
    FILE_NAME = 2
    FILE_TIME = 3
    NOTHING = 4

    @property
    def words(self) -> str:
        """For a person."""
        return (
            "the dates of their source",
            "their front matter",
            "their file's name",
            "their file's modification time",
            "nothing",
        )[self]


class Dates:
    """Unix seconds of n documents, UNDATED where unknown, and what dates each (int8)."""

    def __init__(self, at: Ints, by: npt.NDArray[np.int8]) -> None:
        self.at, self.by = at, by


def date_rows(table: pa.Table, file_time: Callable[[str | None], int | None]) -> Dates:
    """The dates of n DOCUMENT rows; `file_time` gives the modification time behind a row's path."""
    at = pc.min_element_wise(table.column("claimed_at"), table.column("collected_at"))
    known = pc.is_valid(at).to_numpy()
    seconds = pc.fill_null(at, UNDATED).to_numpy().copy()
    by = np.full(len(seconds), DatedBy.SOURCE, np.int8)
    for row in np.flatnonzero(~known).tolist():
        path = table.column("path")[row].as_py()
        seconds[row], by[row] = _date(table.column("text")[row], path, file_time)
    return Dates(seconds, by)


def _date(
    text: pa.Scalar, path: str | None, file_time: Callable[[str | None], int | None]
) -> tuple[int, DatedBy]:
    head = pc.utf8_slice_codeunits(text, 0, _HEAD).as_py()
    if (said := front_matter_date(head)) is not None:
        return said, DatedBy.FRONT_MATTER
    match = _NAMED.fullmatch(path or "")
    if match is not None and (said := one_date(match[1])) is not None:
        return said, DatedBy.FILE_NAME
    if (said := file_time(path)) is not None:
        return said, DatedBy.FILE_TIME
    return UNDATED, DatedBy.NOTHING


def front_matter_date(head: str) -> int | None:
    """The first date that a text's front matter (YAML or TOML between fences) gives, or None.

    Read by its lines: no such file is parsed, so none can do harm. A time that is spelled as no
    other date here counts by its day.
    """
    fence = _FENCE.match(head)
    if fence is None:
        return None
    end = head.find(f"\n{fence[1]}", fence.end() - 1)
    if end < 0:
        return None
    for match in _KEY.finditer(head, fence.end(), end):
        value = match[1].strip("\"' ")
        day = _DAY.match(value)
        found = one_date(value)
        if found is None and day is not None:
            found = one_date(day[0])
        if found is not None:
            return found
    return None
