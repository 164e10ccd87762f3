"""The best of n alignments of a text with a key sequence, in bounded memory.

The matrix of n·V numbers is never held: it is drawn row by row, and only the columns of tokens that
occur are kept, a group of documents at a time.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from ledger.watermarks.tokens import Ints

__all__ = ["UNIT", "best_shifts"]

UNIT = 2.0**-15  # scores are multiples of it
_COLUMNS = 1 << 24  # numbers of kept columns at a time: 128 MB with their repetition
_TOTALS = 1 << 22  # sums of documents at a time: 32 MB
_DRAWN = 1 << 20  # words drawn at a time
_TURNED = 1 << 20  # scores kept by rows until there are enough to be written by columns
_ADDED = 1 << 22  # numbers added at a time
_RUN = 2048  # scores that are added in 32 bits: each is below 22.2 / UNIT

_Scores32 = npt.NDArray[np.int32]


def best_shifts(
    seed: int, n: int, vocab_size: int, offsets: Ints, rows: Ints, tokens: Ints
) -> npt.NDArray[np.float64]:
    """Scores of each document's units, float64[n], at the shift where their sum is largest.

    Unit i reads row `rows[i]` + shift, modulo n, column `tokens[i]`. Of equal shifts the least.
    """
    values = np.zeros(len(tokens), np.float64)
    size = max(1, _TOTALS // n)
    for first in range(0, len(offsets) - 1, size):
        bounds = offsets[first : first + size + 1]
        part = slice(int(bounds[0]), int(bounds[-1]))
        if part.start < part.stop:
            group = _Group(seed, n, vocab_size, bounds - bounds[0], rows[part], tokens[part])
            values[part] = group.score()
    return values


class _Group:
    """Some documents at once. `columns` are the distinct tokens, `where` a unit's among them."""

    def __init__(
        self, seed: int, n: int, vocab_size: int, offsets: Ints, rows: Ints, tokens: Ints
    ) -> None:
        self.seed, self.n, self.vocab_size = seed, n, vocab_size
        self.documents = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        self.rows = rows
        self.columns, self.where = np.unique(tokens, return_inverse=True)

    def score(self) -> npt.NDArray[np.float64]:
        totals = np.zeros((int(self.documents[-1]) + 1, self.n), np.int64)
        for units, low, drawn in (parts := list(self._parts())):
            self._add(totals, units, low, drawn())
        best = totals.argmax(axis=1)
        values = np.empty(len(self.rows), np.float64)
        for units, low, drawn in parts:
            at = (self.rows[units] + best[self.documents[units]]) % self.n
            values[units] = drawn()[self.where[units] - low, at] * UNIT
        return values

    def _parts(self) -> Iterator[tuple[Ints, int, Any]]:
        """(units, first column, how to draw the columns), all columns in as few parts as fit."""
        width = max(1, _COLUMNS // self.n)
        if len(self.columns) <= width:
            kept = self._draw(self.columns)
            yield np.arange(len(self.rows)), 0, lambda: kept
            return
        for low in range(0, len(self.columns), width):
            part = self.columns[low : low + width]
            units = np.flatnonzero((self.where >= low) & (self.where < low + width))
            yield units, low, lambda part=part: self._draw(part)

    def _draw(self, columns: Ints) -> _Scores32:
        """int32[columns, 2n]: scores in UNITs, the n rows twice, so that any shift is a slice."""
        source = np.random.RandomState(self.seed)  # seeded as MT19937's authors' init_genrand
        drawn = np.empty((len(columns), 2 * self.n), np.int32)
        step = max(1, _DRAWN // self.vocab_size)
        block = step * max(1, _TURNED // (step * len(columns)))
        for start in range(0, self.n, block):
            rows = np.empty((min(block, self.n - start), len(columns)), np.int32)
            for row in range(0, len(rows), step):
                count = min(step, len(rows) - row)
                words = np.frombuffer(source.bytes(4 * self.vocab_size * count), "<u4")
                uniform = words.reshape(count, self.vocab_size)[:, columns] / 2.0**32
                rows[row : row + count] = np.floor(-np.log1p(-uniform) / UNIT)
            drawn[:, start : start + len(rows)] = rows.T
        drawn[:, self.n :] = drawn[:, : self.n]
        return drawn

    def _add(self, totals: npt.NDArray[np.int64], units: Ints, low: int, drawn: _Scores32) -> None:
        windows = sliding_window_view(drawn, self.n, axis=1)
        step = min(_RUN, max(1, _ADDED // self.n))
        for start in range(0, len(units), step):
            some = units[start : start + step]
            documents = self.documents[some]
            bounds = np.flatnonzero(np.diff(documents, prepend=-1))
            scores = windows[self.where[some] - low, self.rows[some]]
            totals[documents[bounds]] += np.add.reduceat(scores, bounds, axis=0)
