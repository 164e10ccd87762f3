"""Rows to documents: the texts, each held against its row's digest.

What is hashed is the copy that is given out. Long readings hash a block in a thread of its own,
while whoever reads works on the block before.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from threading import Event

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.hashing import hash_texts
from ledger.errors import DocumentMismatchError, printable
from ledger.manifests.loading.texts import Texts
from ledger.manifests.opening.rows import Rows

__all__ = ["SCHEMA", "Reader"]

Ints = npt.NDArray[np.int64]

SCHEMA = pa.schema(
    [
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("sha256", pa.binary(32), nullable=False),
        pa.field("stratum", pa.int16(), nullable=False),
    ]
)
"""Of every table that a manifest gives out."""

_BLOCK_BYTES, _BLOCK_ROWS = 4 << 20, 4096  # what a core has near by
_MANY = 64 << 20  # bytes after which loading the compiler and a thread pays


@dataclass(frozen=True, eq=False)
class _Block:
    """Texts of some batches, one after the other in `data`: n + 1 `ends`; `cuts` of batches."""

    rows: Ints
    data: bytes
    ends: Ints
    cuts: list[int]

    def text(self, first: int, last: int) -> pa.Array:
        """Some of them as large_string, with no other bytes than theirs: they may be sent."""
        ends = self.ends[first : last + 1]
        data = pa.py_buffer(self.data).slice(int(ends[0]), int(ends[-1] - ends[0]))
        bounds = pa.py_buffer(ends - ends[0])
        return pa.Array.from_buffers(pa.large_string(), last - first, [None, bounds, data])


class Reader:
    """Tables of rows. `checked` False is for measuring what the checks cost, nothing else."""

    def __init__(self, rows: Rows, texts: Texts, *, checked: bool = True) -> None:
        self._rows, self.texts, self._checked = rows, texts, checked
        self._hashed = 0

    def table(self, rows: Ints) -> pa.Table:
        """n rows in this order, as SCHEMA.

        Raises DocumentMismatchError naming the first row whose text is not its digest's, and what
        `Texts.pieces` raises.
        """
        return next(self.tables([rows]))

    def tables(self, batches: Iterable[Ints]) -> Iterator[pa.Table]:
        """A table for each batch of rows. Raises as `table` does, where the table is due."""
        blocks = self._blocks(batches)
        if self._checked:
            blocks = self._checked_blocks(blocks)
        for block in blocks:
            for first, last in pairwise(block.cuts):
                yield self._table(block, first, last)

    def _table(self, block: _Block, first: int, last: int) -> pa.Table:
        rows = block.rows[first:last]
        digest = pa.py_buffer(self._rows.digest[rows].reshape(-1))
        columns = [
            block.text(first, last),
            pa.Array.from_buffers(pa.binary(32), len(rows), [None, digest]),
            pa.array(self._rows.stratum[rows]),
        ]
        return pa.Table.from_arrays(columns, schema=SCHEMA)

    def _blocks(self, batches: Iterable[Ints]) -> Iterator[_Block]:
        """Whole batches, as many as a block has room for, or one."""
        rows: list[Ints] = []
        pieces: list[memoryview] = []
        cuts, held = [0], 0
        for batch in batches:
            fresh = self.texts.pieces(batch)
            size = sum(map(len, fresh))
            if rows and (held + size > _BLOCK_BYTES or len(pieces) + len(fresh) > _BLOCK_ROWS):
                yield _block(rows, pieces, cuts)
                rows, pieces, cuts, held = [], [], [0], 0
            rows.append(batch)
            pieces += fresh
            cuts.append(len(pieces))
            held += size
        if rows:
            yield _block(rows, pieces, cuts)

    # --- checks

    def _checked_blocks(self, blocks: Iterator[_Block]) -> Iterator[_Block]:
        for block in blocks:
            if self._hashed >= _MANY:
                from ledger.manifests.loading.kernel import kernel

                if kernel() is not None:
                    yield from self._checked_ahead(block, blocks)
                    return
            self._hashed += len(block.data)
            found = hash_texts(block.text(0, len(block.rows)))[0]
            self._compare(block, np.frombuffer(found.buffers()[1], np.uint8).reshape(-1, 32))
            yield block

    def _checked_ahead(self, block: _Block, blocks: Iterator[_Block]) -> Iterator[_Block]:
        """`block`, then the others, each hashed while the one before it is made use of."""
        with ThreadPoolExecutor(1, "headwater-hash") as pool:
            hashing = _begin(pool, block)
            for following in blocks:
                coming = _begin(pool, following)
                self._compare(block, hashing.result())
                yield block
                block, hashing = following, coming
            self._compare(block, hashing.result())
            yield block

    def _compare(self, block: _Block, found: npt.NDArray[np.uint8]) -> None:
        expected = self._rows.digest[block.rows]
        if np.array_equal(found, expected):
            return
        at = int(np.flatnonzero((found != expected).any(axis=1))[0])
        file, row = self.texts.place(int(block.rows[at]))
        raise DocumentMismatchError(
            f"{printable(file.path)}: row {row}: text has digest {found[at].tobytes().hex()}, "
            f"expected {expected[at].tobytes().hex()}",
            hint="the file changed since the manifest was signed; copy it again",
        )


def _block(rows: list[Ints], pieces: list[memoryview], cuts: list[int]) -> _Block:
    lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
    ends = np.concatenate([np.zeros(1, np.int64), lengths.cumsum()])
    return _Block(np.concatenate(rows), b"".join(pieces), ends, cuts)


def _begin(pool: ThreadPoolExecutor, block: _Block) -> "Future[npt.NDArray[np.uint8]]":
    """Have the block hashed; returns once the thread needs the interpreter no more.

    Otherwise it might wait for the interpreter until whoever reads is done with his block.
    """
    from ledger.manifests.loading.kernel import kernel

    hashed = kernel()
    assert hashed is not None
    started = Event()

    def work() -> npt.NDArray[np.uint8]:
        address = np.frombuffer(block.data, np.uint8).ctypes.data if block.data else 0
        try:
            return hashed(address, block.ends, started.set)
        finally:
            started.set()  # where it could not begin, `result` says why

    future = pool.submit(work)
    started.wait()
    return future
