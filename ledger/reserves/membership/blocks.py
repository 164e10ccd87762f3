"""A block's digests straight out of `documents.parquet`, in the form that a seal writes them.

Reading a whole footer costs more than a proof, and Arrow may not be asked about parts of it. So a
column chunk is found by its path's bytes, and nothing here is believed: the caller compares what
is read with the block's root, and reads the footer properly where this finds nothing.
"""

import re
from typing import Any, BinaryIO

import pyarrow as pa

from ledger.corpus.footer import MAX_FOOTER
from ledger.corpus.thrift import Thrift, count

__all__ = ["Blocks"]

_PATH = re.compile(rb"\x19\x18\x06sha256")  # ColumnMetaData field 3: a list of one string
_ZSTD, _DATA, _PLAIN = 6, 0, 0
_WRONG = (IndexError, KeyError, TypeError, ValueError, AttributeError)


class Blocks:
    """Where the sha256 chunks of a file seem to lie, a row group each; `width` bytes a digest."""

    def __init__(self, file: BinaryIO, blocks: int, width: int) -> None:
        self._file, self._width = file, width
        end = file.seek(0, 2)
        file.seek(max(end - 8, 0))
        size = min(int.from_bytes(file.read(4), "little"), MAX_FOOTER, max(end - 8, 0))
        file.seek(max(end - 8, 0) - size)
        self._footer = file.read(size)
        found = [match.end() for match in _PATH.finditer(self._footer)]
        self._places = found if len(found) == blocks else []

    def greatest(self, block: int) -> bytes | None:
        """The greatest digest by the statistics, which may lie; None where there is none."""
        try:
            value = self._about(block)[12][5]
        except _WRONG:
            return None
        return value if isinstance(value, bytes) and len(value) == self._width else None

    def digests(self, block: int, expected: int, room: int) -> bytes | None:
        """`expected` digests, concatenated, out of at most `room` bytes; None for another form."""
        try:
            about = self._about(block)
            if about[4] != _ZSTD or 11 in about or count(about, 5) != expected:
                return None
            packed = count(about, 7)
            if packed > room:
                return None
            self._file.seek(count(about, 9))
            data = self._file.read(packed)
            reader = Thrift(memoryview(data), 0, len(data))
            page = reader.struct()
            inner = page[5]
            if (page[1], inner[1], inner[2]) != (_DATA, expected, _PLAIN):
                return None
            unpacked = count(page, 2)
            if unpacked > room or count(page, 3) != len(data) - reader.at:
                return None
            plain = pa.decompress(data[reader.at :], unpacked, "zstd", asbytes=True)
        except (*_WRONG, OSError, OverflowError, pa.ArrowException):
            return None
        values: bytes = plain[-expected * self._width :]  # levels of a column without nulls precede
        return values if len(values) == expected * self._width else None

    def _about(self, block: int) -> dict[int, Any]:
        """The fields of the chunk's metadata after its path."""
        at = self._places[block]
        return Thrift(memoryview(self._footer), at, len(self._footer)).struct(number=3)
