"""How much text a Parquet column chunk can turn into, told before any of it is decoded.

A dictionary page holds each value once and rows repeat it by number, so that a small file can
mean any amount of text. A value is no larger than the dictionary page, whose unpacked size stands
in its header (Thrift compact protocol: parquet-format, PageHeader fields 1 and 2).
"""

from collections.abc import Sequence
from typing import BinaryIO

from ledger.corpus.footer import Group

__all__ = ["rows_at_once"]

_HEADER = 32  # bytes that surely hold the first two fields
_FIELD = 0x15  # the next field, of type i32
_DICTIONARY = 2
_DECODED = 256 << 20  # bytes one batch may have where every row repeats the largest value


def rows_at_once(
    file: BinaryIO, group: Group, wanted: Sequence[str], text: str = "", batch: int = 1
) -> int:
    """Rows per batch of a row group: about `batch` bytes of the column `text`, if one is named,
    were every row the mean one, and at most _DECODED bytes whatever the dictionaries of the
    `wanted` columns hold.
    """
    rows = count = max(group.num_rows, 1)
    for chunk in group.chunks:
        path = chunk.path_in_schema
        if path == text:
            mean = chunk.total_uncompressed_size // count
            rows = min(rows, max(batch // max(mean, 1), 1))
        if any(path == name or path.startswith(f"{name}.") for name in wanted):
            starts = (chunk.data_page_offset, chunk.dictionary_page_offset)
            largest = _dictionary(file, min((at for at in starts if at), default=0))
            if largest:
                rows = min(rows, max(_DECODED // largest, 1))
    return rows


def _dictionary(file: BinaryIO, page: int) -> int:
    """Unpacked bytes of the dictionary page at `page`; 0 where there is none."""
    if not page:  # a footer that lies: reading the chunk will say how
        return 0
    file.seek(page)
    header = file.read(_HEADER)
    kind, at = _number(header, 0)
    size, at = _number(header, at)
    packed, _ = _number(header, at)
    return max(size, packed) if kind == _DICTIONARY else 0


def _number(header: bytes, at: int) -> tuple[int, int]:
    """A zigzag i32 field at `at`, and where the next begins; (0, end) where it is none."""
    if at >= len(header) or header[at] != _FIELD:
        return 0, len(header)
    value = shift = 0
    for end in range(at + 1, min(at + 6, len(header))):
        value |= (header[end] & 0x7F) << shift
        shift += 7
        if header[end] < 0x80:
            return (value >> 1) ^ -(value & 1), end + 1
    return 0, len(header)
