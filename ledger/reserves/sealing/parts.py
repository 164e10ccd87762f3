"""The texts of a selection, read once from a dataset's inputs into temporary files by part.

A part is a few successive blocks of a shard. Its files hold texts as workers came upon them: Arrow
streams, one after the other, of (position, text); a position is a row of the sorted digests. Each
worker writes to files of its own, and a text that occurs twice may be written twice.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from ledger.corpus.texts import TextSource
from ledger.log.runs import keys_of
from ledger.reserves.layout import BLOCK
from ledger.reserves.selection.digests import Digests, Ints, matrix_of, positions

__all__ = ["PART", "ReadJob", "part_starts", "prepare", "read_part", "shard_starts"]

PART = pa.schema([("position", pa.int64()), ("text", pa.large_string())])
_ROWS = 8 * BLOCK  # of a part: a shard in one piece would take 64 MiB twice in every worker
_DIGESTS, _KEYS, _STARTS = "digests.npy", "keys.npy", "starts.npy"


def shard_starts(lengths: Ints, limit: int) -> Ints:
    """Where each shard begins: a shard ends before the text that would take it over `limit`."""
    ends = np.cumsum(lengths)
    starts = [0]
    while True:
        start = starts[-1]
        before = int(ends[start - 1]) if start else 0
        end = int(np.searchsorted(ends, before + limit, "right"))
        end = max(end, start + 1)  # a text over the limit has a shard of its own
        if end >= len(lengths):
            return np.array(starts, np.int64)
        starts.append(end)


def part_starts(shards: Ints, count: int) -> Ints:
    """Where each part begins: at most _ROWS documents, and no part in two shards."""
    bounds = [*shards.tolist(), count]
    rows = [np.arange(low, high, _ROWS) for low, high in pairwise(bounds)]
    return np.concatenate(rows)


def prepare(folder: Path, digests: Digests, starts: Ints) -> None:
    """Lay down what the workers look up, which they share as mapped files."""
    np.save(folder / _DIGESTS, digests)
    np.save(folder / _KEYS, keys_of(digests))
    np.save(folder / _STARTS, starts)


@dataclass(frozen=True)
class ReadJob:
    """Reads one input, and puts the selected texts into part files below `folder`."""

    source: TextSource
    folder: Path

    @property
    def size(self) -> int:
        """Bytes of the input."""
        return self.source.size

    def run(self, advance: Callable[[int], None]) -> Ints:
        """The positions that were found, sorted. Raises as TextSource.check and its reader."""
        digests = np.load(self.folder / _DIGESTS, mmap_mode="r")
        keys = np.load(self.folder / _KEYS, mmap_mode="r")
        starts = np.load(self.folder / _STARTS)
        seen = np.zeros(len(digests), np.bool_)
        self.source.check()
        for table in self.source.tables():
            place = positions(digests, keys, matrix_of(table.column("sha256")))
            rows = np.flatnonzero(place >= 0)
            rows = rows[~seen[place[rows]]]
            seen[place[rows]] = True
            if len(rows):
                self._add(table, rows, place[rows], starts)
            advance(len(rows))
        return np.flatnonzero(seen)

    def _add(self, table: pa.Table, rows: Ints, place: Ints, starts: Ints) -> None:
        order = np.argsort(place, kind="stable")
        rows, place = rows[order], place[order]
        number = np.searchsorted(starts, place, "right") - 1
        cuts = np.flatnonzero(np.diff(number, prepend=-1)).tolist()
        texts = table.column("text")
        for low, high in zip(cuts, [*cuts[1:], len(rows)], strict=True):
            part = pa.table(
                [pa.array(place[low:high]), texts.take(pa.array(rows[low:high]))], schema=PART
            )
            path = self.folder / f"{number[low]:08d}.{os.getpid()}.part"
            with open(path, "ab") as file, pa.ipc.new_stream(file, PART) as stream:
                stream.write_table(part)


def read_part(folder: Path, number: int) -> tuple[Ints, pa.Array]:
    """(positions, texts) of a part as they were written, in one piece each."""
    paths = sorted(folder.glob(f"{number:08d}.*.part"))
    batches = [batch for path in paths for batch in _of(path)]
    places = np.concatenate([batch.column(0).to_numpy() for batch in batches])
    return places, pa.concat_arrays([batch.column(1) for batch in batches])


def _of(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as source:
        while source.tell() < source.size():
            with pa.ipc.open_stream(source) as stream:
                yield from stream
