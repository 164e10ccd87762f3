"""One text against prepared sketches: a pass over their columns that sorts and keeps nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.neardup.candidates import WEAK, Indices, promising
from ledger.corpus.neardup.side import Digests, Side, digest_rows, make_side
from ledger.corpus.neardup.sketch import BAND_NAMES
from ledger.engines import Sidecar

__all__ = ["look_up"]

_CLOSEST = 32  # documents that a text is compared with, and WEAK that share little with it
_LOW = 1 << 16


def look_up(sketch: pa.Table, sketches: Sequence[Sidecar]) -> tuple[Side, Side]:
    """The text of a sketch of one row, and the documents of `sketches` that it may resemble."""
    text = _Text(sketch)
    parts, first = [_Found.none()], 0
    for sidecar in sketches:
        for table in sidecar.tables():
            parts.append(text.among(table, first))
            first += table.num_rows
    found = _Found(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in _Found.__slots__)
    )
    order = np.lexsort((found.row, -found.score))
    firm, weak = order[~found.weak[order]][:_CLOSEST], order[found.weak[order]][:WEAK]
    kept = np.sort(np.concatenate([firm, weak]))
    ours = make_side((), text.digest, text.norm, text.grams, text.sampled, np.zeros(1, np.int64))
    columns = (found.digest, found.norm, found.grams, found.sampled, found.row)
    return ours, make_side(tuple(sketches), *(column[kept] for column in columns))


@dataclass(frozen=True, slots=True)
class _Found:
    """Rows worth a comparison; `weak` share little with the text."""

    digest: Digests
    norm: Digests
    grams: Indices
    sampled: Indices
    row: Indices
    score: npt.NDArray[np.float64]
    weak: npt.NDArray[np.bool_]

    @classmethod
    def none(cls) -> "_Found":
        digests, numbers = np.zeros((0, 32), np.uint8), np.zeros(0, np.int64)
        sizes = numbers, numbers, numbers
        return cls(digests, digests, *sizes, np.zeros(0), np.zeros(0, np.bool_))


class _Text:
    """What is looked for."""

    def __init__(self, sketch: pa.Table) -> None:
        self.digest = digest_rows(sketch.column("sha256"))
        self.norm = digest_rows(sketch.column("norm_sha256"))
        self.grams = sketch.column("grams").to_numpy()
        self._bands = [sketch.column(name)[0].as_py() for name in BAND_NAMES]
        self.sampled = sketch.column("sampled").to_numpy()
        self._sample = sketch.column("sample").combine_chunks().flatten().to_numpy()
        self._low = np.zeros(_LOW, np.bool_)  # of every sampled gram the low 16 bits
        self._low[self._sample % _LOW] = True

    def among(self, table: pa.Table, first: int) -> _Found:
        """The rows of a table of sketches; its first is number `first` of all."""
        digests, norms = (
            digest_rows(table.column("sha256")),
            digest_rows(table.column("norm_sha256")),
        )
        grams = table.column("grams").to_numpy()
        sure = (digests == self.digest).all(axis=1)
        if self.grams[0]:
            sure |= (norms == self.norm).all(axis=1)
            for name, value in zip(BAND_NAMES, self._bands, strict=True):
                sure |= (table.column(name).to_numpy() == np.uint64(value)) & (grams > 0)
        shared, sampled = self._shared(table), table.column("sampled").to_numpy()
        strong, weak, score = promising(shared, np.full(len(shared), len(self._sample)), sampled)
        kept = np.flatnonzero(sure | strong | weak)
        return _Found(
            digests[kept],
            norms[kept],
            grams[kept],
            sampled[kept],
            first + kept,
            np.where(sure, 1.0, score)[kept],
            (weak & ~sure)[kept],
        )

    def _shared(self, table: pa.Table) -> Indices:
        """Sampled grams that each row shares with the text."""
        lists = table.column("sample").combine_chunks()
        items = lists.flatten().to_numpy()
        maybe = np.flatnonzero(self._low[items % _LOW])
        hits = maybe[np.isin(items[maybe], self._sample)]
        ends = np.cumsum(lists.value_lengths().to_numpy())
        return np.bincount(np.searchsorted(ends, hits, side="right"), minlength=len(lists))
