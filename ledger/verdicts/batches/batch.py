"""A batch as it is measured: its documents' scores, and its text in windows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.neardup.side import Digests, digest_rows, distinct, find_digests
from ledger.verdicts.batches.tokens import Tokenizer
from ledger.verdicts.batches.windows import Reals, Windows
from ledger.verdicts.scanning.gather import Scored, reason_name
from ledger.verdicts.signals.tokens import Ids
from ledger.verdicts.text.prose import Why

__all__ = ["Batch", "Building", "Scorer", "Settings", "rows_scored"]

Scorer = Callable[[pa.Table], Scored]
"""The rows of a table of sha256 and text, scored, in the table's order."""


@dataclass(frozen=True, eq=False)
class Settings:
    """How batches are measured, the same for all of a run.

    `sizes` of windows, the largest first; `rare` types by source of known text. Documents in
    `known` (calibration) and `trained` (of the detector), sorted digests, have no score that means
    anything.
    """

    tokenizer: Tokenizer
    sizes: Sequence[int]
    score: Scorer
    rare: Mapping[str, Ids]
    known: Digests
    trained: Digests


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch, measured.

    Of `documents` as they come, `digests` are the distinct ones, sorted. `scores` are those of the
    distinct documents that could be scored; `unscored` counts the others by reason. `entropy` is
    that of all `tokens`, in bits. `windows` of `size` tokens hold each measure, `tails` the tail
    coverage by source; size is 0 where there is too little text for any.
    """

    name: str
    documents: int
    digests: Digests
    scores: Reals
    unscored: Mapping[str, int]
    tokens: int
    entropy: float
    size: int
    windows: Mapping[str, Reals]
    tails: Mapping[str, Reals]


class Building:
    """A batch whose documents come table by table; holds the text of one window."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._largest = Windows(settings.tokenizer, settings.sizes[0], settings.rare)
        self._counts = np.zeros((2, 0), np.int64)
        self._scored: list[Scored] = []

    @property
    def documents(self) -> int:
        """How many have come so far."""
        return sum(map(len, self._scored))

    def add(self, table: pa.Table) -> None:
        """Documents in the order of training: columns sha256 and text."""
        self._scored.append(self._settings.score(table))
        piece = self._settings.tokenizer.encode(table.column("text"))
        self._largest.add(piece)
        types, counts = np.unique(piece.ids, return_counts=True)
        every = np.concatenate([self._counts, np.stack([types.astype(np.int64), counts])], axis=1)
        types, place = np.unique(every[0], return_inverse=True)
        added = np.bincount(place, every[1], len(types)).astype(np.int64)
        self._counts = np.stack([types, added])

    def finish(self, name: str) -> Batch:
        """The batch, when all of it has come."""
        windows, size = self._windows()
        digests, scores, unscored = self._scores()
        counts = self._counts[1]
        tokens = int(counts.sum())
        return Batch(
            name=name,
            documents=self.documents,
            digests=digests,
            scores=scores,
            unscored=unscored,
            tokens=tokens,
            entropy=_entropy(counts, tokens),
            size=size,
            windows=windows.values(),
            tails=windows.tails(),
        )

    def _windows(self) -> tuple[Windows, int]:
        """Windows of the largest size that the batch fills."""
        settings, rest = self._settings, self._largest.rest
        if len(self._largest) or rest is None:
            self._largest.finish()
            return self._largest, settings.sizes[0] if len(self._largest) else 0
        size = next((size for size in settings.sizes if len(rest) >= size), 0)
        if not size:
            return self._largest, 0
        windows = Windows(settings.tokenizer, size, settings.rare)
        windows.add(rest)
        windows.finish()
        return windows, size

    def _scores(self) -> tuple[Digests, Reals, dict[str, int]]:
        """Each distinct document once: a copy says nothing that the first did not."""
        every = np.concatenate([_NONE, *(part.digests for part in self._scored)])
        digests = distinct(every)
        first = np.zeros(len(digests), np.int64)
        place = find_digests(every, digests)
        first[place[::-1]] = np.arange(len(every))[::-1]
        why, milli = (
            np.concatenate([np.zeros(0, np.int64), *columns])[first]
            for columns in (
                [part.why for part in self._scored],
                [part.milli for part in self._scored],
            )
        )
        usable = why == Why.OK
        known = usable & _among(digests, self._settings.known)
        trained = usable & ~known & _among(digests, self._settings.trained)
        codes, counts = np.unique(why[~usable], return_counts=True)
        unscored = Counter(
            {
                reason_name(code): count
                for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
            }
        )
        unscored += Counter(in_calibration=int(known.sum()), in_training=int(trained.sum()))
        return digests, milli[usable & ~known & ~trained] / 1000, dict(sorted(unscored.items()))


def rows_scored(results: pa.Table) -> Scored:
    """The results of a scan of texts (scanning.mapping.RESULTS), in their order."""
    return Scored(
        digest_rows(results.column("sha256")),
        results.column("words").to_numpy(),
        results.column("why").to_numpy(),
        results.column("score_milli").combine_chunks().fill_null(0).to_numpy(zero_copy_only=False),
    )


def _among(digests: Digests, sorted_digests: Digests) -> npt.NDArray[np.bool_]:
    return np.asarray(find_digests(digests, sorted_digests) >= 0, np.bool_)


def _entropy(counts: npt.NDArray[np.int64], tokens: int) -> float:
    shares = counts / max(tokens, 1)
    return abs(float(-(shares * np.log2(shares)).sum())) if tokens else float("nan")


_NONE = np.zeros((0, 32), np.uint8)
