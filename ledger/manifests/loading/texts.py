"""The texts of a manifest, mapped into memory: found by row, and never trusted.

What these files say is unchecked until the text is hashed: an offset that leads astray gives
another text, and another text has another digest.
"""

import mmap
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.errors import RefusedError, VerificationError, printable
from ledger.manifests.layout import TEXTS_SCHEMA
from ledger.manifests.opening.files import Located, check_size, missing

__all__ = ["Texts"]

Ints = npt.NDArray[np.int64]

_Block = tuple[memoryview, memoryview]  # offsets as 64-bit integers, bytes
_EMFILE = 24


class Texts:
    """The texts of these files, numbered through; mapped when the first one is asked for."""

    def __init__(self, parts: Sequence[Located]) -> None:
        self._parts = tuple(parts)
        self._ends = np.cumsum([0, *(part.rows for part in parts)])
        self._blocks: list[_Block] = []
        self._starts = np.zeros(0, np.int64)  # the first row of each block
        self._part_of = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def pieces(self, rows: Ints) -> list[memoryview]:
        """The bytes of n texts where they lie, in the order of n row numbers.

        Raises VerificationError for a file that is gone or changed its size since: to read on in
        one that was cut off would end the process.
        """
        if not self._blocks:
            self._map()
        block = self._starts.searchsorted(rows, "right") - 1
        for number in np.unique(self._part_of[block]).tolist():
            check_size(self._parts[number])
        blocks, pieces = self._blocks, []
        for which, at in zip(block.tolist(), (rows - self._starts[block]).tolist(), strict=True):
            offsets, data = blocks[which]
            pieces.append(data[offsets[at] : offsets[at + 1]])
        return pieces

    def place(self, row: int) -> tuple[Located, int]:
        """The file of a row, and its number there."""
        number = int(self._ends.searchsorted(row, "right")) - 1
        return self._parts[number], row - int(self._ends[number])

    @property
    def parts(self) -> tuple[Located, ...]:
        """The files."""
        return self._parts

    def _map(self) -> None:
        blocks: list[_Block] = []
        starts, part_of = [], []
        for number, part in enumerate(self._parts):
            start = int(self._ends[number])
            for block in _blocks_of(part):
                blocks.append(block)
                starts.append(start)
                part_of.append(number)
                start += len(block[0]) - 1
        self._starts, self._part_of = np.array(starts, np.int64), np.array(part_of, np.int64)
        self._blocks = blocks


def _blocks_of(part: Located) -> list[_Block]:
    """One of each record batch. Raises VerificationError, RefusedError for too many open files."""
    check_size(part)
    try:
        with open(part.path, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        if error.errno == _EMFILE:
            raise RefusedError(
                f"{printable(part.path)}: too many open files, expected to map every texts file",
                hint="raise the limit of open files: ulimit -n 65536",
            ) from error
        raise missing(part, error) from error
    where = printable(part.path)
    whole = pa.py_buffer(mapped)
    try:
        reader = pa.ipc.open_file(whole)
        if not reader.schema.remove_metadata().equals(TEXTS_SCHEMA):
            raise VerificationError(f"{where}: not the columns of texts")
        batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        blocks = [_block(batch, whole, where) for batch in batches if batch.num_rows]
    except (pa.ArrowException, OSError) as error:
        reason = printable(str(error).partition("\n")[0])
        raise VerificationError(f"{where}: not an Arrow file: {reason}") from error
    found = sum(len(offsets) - 1 for offsets, _ in blocks)
    if found != part.rows:
        raise VerificationError(f"{where}: {found} texts, expected {part.rows}")
    return blocks


def _block(batch: pa.RecordBatch, whole: pa.Buffer, where: str) -> _Block:
    text = batch.column(0)
    valid, offsets, data = text.buffers()
    end = whole.address + whole.size
    inside = all(
        whole.address <= buffer.address <= end - buffer.size
        for buffer in (offsets, data)
        if buffer is not None
    )
    if valid is not None and text.null_count:
        raise VerificationError(f"{where}: a null, expected texts")
    if offsets is None or offsets.size < 8 * (len(text) + 1) or not inside:
        raise VerificationError(f"{where}: compressed or cut off, expected texts to map")
    bounds = memoryview(offsets)[: 8 * (len(text) + 1)].cast("b").cast("q")
    return bounds, memoryview(data if data is not None else b"").cast("b").cast("B")
