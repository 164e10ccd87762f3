"""Short texts of one author in one calendar month, joined into a document that can be measured.

A text that has an author and a date and is shorter than the limit waits in a temporary file until
all of them are known; what is kept in memory of each is a few numbers and its public fields.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.document import CODES, DOCUMENT
from ledger.corpus.readers import ReadOptions, setting
from ledger.errors import InputError, printable

__all__ = ["Pool"]

_IN_MEMORY = 64 << 20  # bytes of text before the temporary file is one on disk
_BATCH_BYTES = 16 << 20
_BETWEEN = b"\n\n"
_KEPT = (*CODES, "author", "rights_holder")  # where all that are joined agree

Numbers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass
class Pool:
    """What waits. `limit` is in characters, `most` the bytes that one document may have."""

    limit: int
    most: int
    _file: IO[bytes] = field(
        default_factory=lambda: SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # see close
    )
    _waiting: list[pa.Table] = field(default_factory=list)
    _lengths: list[Numbers] = field(default_factory=list)

    @classmethod
    def asked_for(cls, options: ReadOptions) -> "Pool | None":
        """The pool that `csv.pool` asks for. Raises InputError for a value that means nothing."""
        how = setting(options, "csv", "pool", "none")
        below = setting(options, "csv", "pool_below", "200")
        if how not in ("none", "agent-month"):
            raise InputError(f"csv.pool = {printable(how, 40)!r}, expected none or agent-month")
        if not below.isascii() or not below.isdecimal() or len(below) > 9:
            raise InputError(
                f"csv.pool_below = {printable(below, 40)!r}, expected a number of characters"
            )
        return None if how == "none" else cls(int(below), options.max_document_bytes)

    def take(self, table: pa.Table) -> Iterator[pa.Table]:
        """Keep the short texts of a DOCUMENT table that can be pooled; the others come out."""
        short = pc.less(pc.utf8_length(table.column("text")), self.limit)
        known = pc.and_(table.column("author").is_valid(), table.column("claimed_at").is_valid())
        pooled = pc.and_(short, known)
        rest = table.filter(pc.invert(pooled))
        waiting = table.filter(pooled)
        if waiting.num_rows:
            texts = waiting.column("text").combine_chunks().cast(pa.large_binary())
            self._lengths.append(pc.binary_length(texts).to_numpy())
            _, offsets, data = texts.buffers()
            bounds = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
            self._file.write(memoryview(data)[int(bounds[0]) : int(bounds[-1])])
            self._waiting.append(waiting.select(["row", "claimed_at", *_KEPT]))
        if rest.num_rows:
            yield rest

    def documents(self) -> Iterator[pa.Table]:
        """The joined texts as DOCUMENT tables, by row: the first one's in time.

        One author's texts about one topic in one month (UTC) are joined in the order of their
        dates, an empty line between them; the document is dated by the last.
        """
        if not self._waiting:
            return
        about = pa.concat_tables(self._waiting).combine_chunks()
        lengths = np.concatenate(self._lengths)
        offsets = np.cumsum(lengths) - lengths
        rows, dates = (about.column(name).to_numpy() for name in ("row", "claimed_at"))
        months = dates.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
        codes = {name: _codes(about.column(name)) for name in _KEPT}
        order = np.lexsort((rows, dates, months, codes["topic"], codes["author"]))
        keys = np.stack([codes["author"], codes["topic"], months])[:, order]
        starts = np.flatnonzero(np.concatenate(([True], (np.diff(keys) != 0).any(axis=0))))
        starts = self._split(starts, lengths[order])
        first = rows[order][starts]
        ends = np.append(starts[1:], len(order))
        columns: dict[str, pa.Array] = {
            "row": pa.array(first),
            "part": pa.array(np.zeros(len(starts), np.int32)),
            "claimed_at": pa.array(dates[order][ends - 1]),
        }
        for name in _KEPT:
            here = codes[name][order]
            same = np.minimum.reduceat(here, starts) == np.maximum.reduceat(here, starts)
            values = about.column(name).take(pa.array(order[starts])).combine_chunks()
            columns[name] = pc.if_else(pa.array(same), values, None)
        yield from self._texts(columns, order, offsets, lengths, starts, ends)

    def close(self) -> None:
        """Let the temporary file go."""
        self._file.close()

    def _split(self, starts: Numbers, lengths: Numbers) -> Numbers:
        """`starts`, and one more wherever a document would become too long."""
        ends = np.append(starts[1:], len(lengths))
        sizes = np.add.reduceat(lengths + len(_BETWEEN), starts)
        more: list[int] = []
        for group in np.flatnonzero(sizes > self.most).tolist():
            size = 0
            for index in range(int(starts[group]), int(ends[group])):
                size += int(lengths[index]) + len(_BETWEEN)
                if size - len(_BETWEEN) > self.most:
                    more.append(index)
                    size = int(lengths[index]) + len(_BETWEEN)
        return np.union1d(starts, np.array(more, np.int64)).astype(np.int64)

    def _texts(
        self,
        columns: dict[str, pa.Array],
        order: Numbers,
        offsets: Numbers,
        lengths: Numbers,
        starts: Numbers,
        ends: Numbers,
    ) -> Iterator[pa.Table]:
        """DOCUMENT tables of the groups, in the order of their rows."""
        groups = np.argsort(columns["row"].to_numpy(), kind="stable")
        sizes = np.cumsum(np.add.reduceat(lengths[order], starts)[groups])
        slots = sizes // _BATCH_BYTES
        cuts = [0, *(np.flatnonzero(np.diff(slots)) + 1).tolist(), len(groups)]
        for low, high in pairwise(cuts):
            texts = []
            for group in groups[low:high].tolist():
                members = order[starts[group] : ends[group]].tolist()
                texts.append(_BETWEEN.join(self._text(offsets[m], lengths[m]) for m in members))
            taken = pa.array(groups[low:high])
            found = {name: column.take(taken) for name, column in columns.items()}
            found["text"] = pa.array(texts, pa.large_binary()).cast(pa.large_string())
            yield pa.Table.from_arrays(
                [found.get(f.name, pa.nulls(len(texts), f.type)).cast(f.type) for f in DOCUMENT],
                schema=DOCUMENT,
            )

    def _text(self, offset: int, length: int) -> bytes:
        self._file.seek(int(offset))
        return self._file.read(int(length))


def _codes(column: pa.ChunkedArray) -> Numbers:
    """A number for each value, the same for the same; a null is one value more."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    found: Numbers = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return found
