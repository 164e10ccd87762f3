"""Items and the rows of a manifest: a row is as many items as it has copies."""

import numpy as np
import numpy.typing as npt

__all__ = ["Items"]

Ints = npt.NDArray[np.int64]


class Items:
    """Items of n rows, each row's copies one after the other.

    With `stratum` (n numbers below `strata`) items lie stratum after stratum, in a stratum row
    after row, as an order with quotas has them; without, row after row.
    """

    def __init__(self, copies: Ints, stratum: Ints | None = None, strata: int = 1) -> None:
        if len(copies) and int(copies.min()) < 0:
            raise ValueError("copies below 0")
        if stratum is None:
            self._rows: Ints | None = None
            self.counts: tuple[int, ...] = (int(copies.sum()),)
        else:
            self._rows = np.argsort(stratum, kind="stable")
            sums = np.zeros(strata, np.int64)
            np.add.at(sums, stratum, copies)
            self.counts = tuple(sums.tolist())
            copies = copies[self._rows]
        self._once = bool((copies == 1).all())
        self._ends = copies.cumsum()

    def rows(self, items: Ints) -> Ints:
        """The row of each item."""
        at = items if self._once else np.searchsorted(self._ends, items, "right")
        return at if self._rows is None else self._rows[at]

    def of_row(self, row: int) -> Ints:
        """The items of one row, ascending."""
        at = row if self._rows is None else int(np.flatnonzero(self._rows == row)[0])
        start = int(self._ends[at - 1]) if at else 0
        return np.arange(start, int(self._ends[at]))
