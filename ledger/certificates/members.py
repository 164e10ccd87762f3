"""The documents of a dataset as columns, so that sets of digests meet without a loop."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.databases import Connection

__all__ = ["Members", "members_of"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Digests = npt.NDArray[np.uint8]  # (n, 32)

_FETCH = 10_000


@dataclass(frozen=True)
class Members:
    """n documents ascending by digest: (n, 32), times each occurs, its text in bytes."""

    digests: Digests
    occurrences: Ints
    sizes: Ints

    def __len__(self) -> int:
        return len(self.digests)

    def each(self) -> Iterator[bytes]:
        """The digests, ascending, one by one."""
        for start in range(0, len(self), _FETCH):
            flat = self.digests[start : start + _FETCH].tobytes()
            yield from (flat[place : place + 32] for place in range(0, len(flat), 32))

    def places(self, digests: Digests) -> Ints:
        """Where each of (k, 32) digests stands here, -1 for one that does not."""
        if not len(self) or not len(digests):
            return np.full(len(digests), -1, np.int64)
        ours, theirs = _comparable(self.digests), _comparable(digests)
        place = np.minimum(np.searchsorted(ours, theirs), len(ours) - 1)
        found: Ints = np.where(ours[place] == theirs, place, -1)
        return found

    def add_up(self, chosen: Mask) -> tuple[int, int, int]:
        """Documents, occurrences and bytes where the (n) mask is set."""
        return (
            int(chosen.sum()),
            int(self.occurrences[chosen].sum()),
            int(self.sizes[chosen].sum()),
        )


def _comparable(digests: Digests) -> npt.NDArray[np.bytes_]:
    """(n) strings of 32 bytes; numpy drops their last zeros, of all of them alike."""
    return np.ascontiguousarray(digests).view("S32").reshape(-1)


def members_of(connection: Connection, dataset_id: int, table: str = "member") -> Members:
    """The members of the dataset in that row of the dataset table.

    `table` is another one of member's columns, such as a selection's.
    """
    rows = connection.execute(
        f"SELECT e.subject, m.occurrences, m.bytes FROM {table} m JOIN entry e "
        "ON e.idx = m.document WHERE m.dataset = ? ORDER BY e.subject",
        (dataset_id,),
    )
    digests, occurrences, sizes = [], [], []
    while part := rows.fetchmany(_FETCH):
        subjects, times, lengths = zip(*part, strict=True)
        digests.append(np.frombuffer(b"".join(subjects), np.uint8).reshape(-1, 32))
        occurrences.append(np.array(times, np.int64))
        sizes.append(np.array(lengths, np.int64))
    if not digests:
        nothing = np.empty(0, np.int64)
        return Members(np.empty((0, 32), np.uint8), nothing, nothing)
    return Members(np.concatenate(digests), np.concatenate(occurrences), np.concatenate(sizes))
