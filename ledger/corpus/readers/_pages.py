"""How much text a Parquet column chunk can turn into, told before any of it is decoded.

A dictionary page holds each value once and rows repeat it by number, so that a small file can
mean any amount of text. A value is no larger than the dictionary page, whose unpacked size stands
in its header (Thrift compact protocol: parquet-format, PageHeader fields 1 and 2).
"""

from typing import Any, BinaryIO

__all__ = ["rows_at_once"]

_HEADER = 32  # bytes that surely hold the first two fields
_FIELD = 0x15  # the next field, of type i32
_DICTIONARY = 2
_DECODED = 256 << 20  # bytes one batch may have where every row repeats the largest value


def rows_at_once(file: BinaryIO, group: Any, wanted: list[str], text: str, batch: int) -> int:
    """Rows per batch of a row group: about `batch` bytes of `text` were every row the mean one,
    and at most _DECODED bytes whatever the dictionaries of the `wanted` columns hold.
    """
    rows = max(int(group.num_rows), 1)
    for index in range(group.num_columns):
        column = group.column(index)
        path = column.path_in_schema
        if path == text:
            mean = max(column.total_uncompressed_size // max(int(group.num_rows), 1), 1)
            rows = min(rows, max(batch // mean, 1))
        if any(path == name or path.startswith(f"{name}.") for name in wanted):
            largest = _dictionary(file, column)
            if largest:
                rows = min(rows, max(_DECODED // largest, 1))
    return rows


def _dictionary(file: BinaryIO, column: Any) -> int:
    """Unpacked bytes of the chunk's dictionary page; 0 where its first page is none."""
    offsets = (column.dictionary_page_offset, column.data_page_offset)
    file.seek(min(offset for offset in offsets if offset))
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
