"""Columns of texts without their marks, for whoever tokenizes many at a time."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ledger.errors import InputError
from ledger.watermarks.unicode_marks._gate import suspects
from ledger.watermarks.unicode_marks._look import strip
from ledger.watermarks.unicode_marks._marks import Ints, Stripped

__all__ = ["StrippedColumn", "strip_column"]


@dataclass(frozen=True, eq=False)
class StrippedColumn:
    """`texts` is large_string; `changed` holds what was done to the rows that had marks."""

    texts: pa.Array
    changed: dict[int, Stripped]

    @property
    def counts(self) -> Ints:
        """Marks of each text."""
        counts = np.zeros(len(self.texts), np.int64)
        for row, stripped in self.changed.items():
            counts[row] = len(stripped.marks)
        return counts

    def kinds(self) -> list[str]:
        """For each text the kinds found in it, sorted and joined by commas."""
        named = [""] * len(self.texts)
        for row, stripped in self.changed.items():
            named[row] = ",".join(sorted({mark.kind for mark in stripped.marks}))
        return named


def strip_column(texts: pa.Array) -> StrippedColumn:
    """n texts without their marks, a column without any as it was given.

    `texts` is large_string. Raises InputError for a null, TypeError for another type.
    """
    if texts.null_count:
        raise InputError("a text is null, expected strings only")
    changed: dict[int, Stripped] = {}
    for row in np.flatnonzero(suspects(texts)).tolist():
        stripped = strip(texts[row].as_py())
        if stripped.marks:
            changed[row] = stripped
    if not changed:
        return StrippedColumn(texts, changed)
    pieces, at = [], 0
    for row, stripped in changed.items():
        pieces += [texts.slice(at, row - at), pa.array([stripped.text], pa.large_string())]
        at = row + 1
    pieces.append(texts.slice(at))
    return StrippedColumn(pa.concat_arrays(pieces), changed)
