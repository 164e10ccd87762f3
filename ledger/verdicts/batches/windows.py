"""Measures of a text at a fixed number of tokens, window by window.

Every measure of diversity depends on how many tokens it is taken over, far more than on who wrote
them; so text is cut into windows of one size, and only windows of that size are compared.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.verdicts.batches.tokens import Piece, Tokenizer
from ledger.verdicts.signals.pooled import POOLED, measures_of
from ledger.verdicts.signals.reference import coverage
from ledger.verdicts.signals.tokens import Ids, Tokens

__all__ = [
    "LEAST_WINDOW",
    "TAIL",
    "WINDOW",
    "Reals",
    "Windows",
    "ladder",
    "off_scale",
    "on_scale",
]

Reals = npt.NDArray[np.float64]

WINDOW = 8_192
"""Tokens of a window where there are as many."""

LEAST_WINDOW = 1_024
"""Tokens below which these measures say too little."""

TAIL = "tail_coverage"
"""The measure that is of one source's rare types."""

_DOUBLED = ("distinct_2", "distinct_4")
_FINEST = 1e-4  # of a share: no repetition at all is like one in ten thousand


def ladder(window: int = WINDOW) -> tuple[int, ...]:
    """Sizes of windows, the largest first: halves of `window` down to LEAST_WINDOW.

    Raises InputError for a window below LEAST_WINDOW.
    """
    if window < LEAST_WINDOW:
        raise InputError(f"window of {window:,} tokens, expected at least {LEAST_WINDOW:,}")
    sizes = [window]
    while sizes[-1] // 2 >= LEAST_WINDOW:
        sizes.append(sizes[-1] // 2)
    return tuple(sizes)


def on_scale(name: str, values: Reals) -> Reals:
    """A measure where its windows vary evenly: of a ratio the logarithm.

    Of a share of distinct runs it is the logarithm of the share that is repeated.
    """
    if name in _DOUBLED:
        return np.asarray(np.log(np.maximum(1 - values, 0.0) + _FINEST), np.float64)
    if name == "compression":
        return np.asarray(np.log(values), np.float64)
    return values


def off_scale(name: str, value: float) -> float:
    """What `on_scale` made `value` of, in the measure's own unit."""
    if name in _DOUBLED:
        return float(min(max(1 - (np.exp(value) - _FINEST), 0.0), 1.0))
    return float(np.exp(value)) if name == "compression" else value


class Windows:
    """Text that comes piece by piece, cut into windows of `size` tokens; holds one window.

    `rare` are the sorted ids of the types that tail coverage is of, by source. With `most`, at
    least half as many and fewer than `most` windows are measured where the text has more, evenly
    spread over it. With `plain` false, tail coverage is all that is measured.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        size: int,
        rare: Mapping[str, Ids] | None = None,
        *,
        most: int | None = None,
        plain: bool = True,
    ) -> None:
        self._tokenizer, self._size, self._most, self._plain = tokenizer, size, most, plain
        self._rare = {} if rare is None else rare
        self._rows: list[Mapping[str, float]] = []
        self._tails: list[Mapping[str, float]] = []
        self._seen, self._stride = 0, 1
        self._last: Piece | None = None
        self._rest: Piece | None = None

    @property
    def rest(self) -> Piece | None:
        """The tokens after the last whole window."""
        return self._rest

    def __len__(self) -> int:
        return len(self._tails)

    def add(self, piece: Piece) -> None:
        """The tokens that come next."""
        held = piece if self._rest is None else self._rest.join(piece)
        whole = len(held) - len(held) % self._size
        for start in range(0, whole, self._size):
            if self._seen % self._stride == 0:
                self._measure(held.cut(start, start + self._size))
            self._seen += 1
        self._rest = held.cut(whole, len(held))

    def finish(self) -> None:
        """One window more, which ends where the text ends, so that all of it was looked at."""
        if self._last is not None and self._rest is not None and len(self._rest):
            tail = self._last.join(self._rest)
            self._measure(tail.cut(len(tail) - self._size, len(tail)))

    def values(self) -> dict[str, Reals]:
        """float64[w] of each measure but tail coverage, in its own unit and in POOLED's order."""
        return _columns(self._rows, [name for name in POOLED if name != TAIL])

    def tails(self) -> dict[str, Reals]:
        """float64[w]: tail coverage by source."""
        return _columns(self._tails, list(self._rare))

    def _measure(self, window: Piece) -> None:
        if self._plain:
            self._rows.append(measures_of(window.ids, self._tokenizer.spell(window)))
        tokens = Tokens.of_one(window.ids)
        self._tails.append(
            {name: float(coverage(tokens, rare)[0]) for name, rare in self._rare.items()}
        )
        self._last = window
        if self._most is not None and len(self._tails) >= self._most:
            self._rows, self._tails = self._rows[::2], self._tails[::2]
            self._stride *= 2


def _columns(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> dict[str, Reals]:
    return {name: np.array([row[name] for row in rows], np.float64) for name in names if rows}
