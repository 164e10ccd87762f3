"""Rows of a batch by subject: which of them are about one document."""

from collections.abc import Iterable, Mapping

import numpy as np

from ledger.log.decode import Decoded
from ledger.log.runs import keys_of
from ledger.provenance.fold import Ints

__all__ = ["Groups", "group_subjects"]


class Groups:
    """Rows of a batch by subject. `first_of[row]`: the first row with the same subject."""

    def __init__(self, first_of: Ints, repeated: Mapping[int, Ints]) -> None:
        self.first_of = first_of
        self.repeated = repeated
        self.first_rows: Ints = np.flatnonzero(first_of == np.arange(len(first_of)))

    def rows(self, first: int) -> Iterable[int]:
        """All rows of the subject whose first row this is."""
        return self.repeated[first].tolist() if first in self.repeated else [first]


def group_subjects(batch: Decoded) -> Groups:
    """Group a batch by subject: equal keys are candidates, whole digests decide."""
    keys = keys_of(batch.subjects)
    order = np.argsort(keys, kind="stable")
    twin = np.zeros(len(keys), np.bool_)
    same = keys[order[1:]] == keys[order[:-1]]
    twin[order[1:][same]] = True
    twin[order[:-1][same]] = True
    first_of = np.arange(len(keys))
    repeated: dict[int, list[int]] = {}
    seen: dict[bytes, int] = {}
    for row in np.flatnonzero(twin).tolist():
        first = seen.setdefault(batch.subjects[row].tobytes(), row)
        first_of[row] = first
        repeated.setdefault(first, []).append(row)
    return Groups(first_of, {k: np.array(v) for k, v in repeated.items() if len(v) > 1})
