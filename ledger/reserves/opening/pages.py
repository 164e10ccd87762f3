"""What a Parquet file turns into, known before a value of it is decoded.

A page of a few bytes may say that it unpacks to gigabytes, a dictionary may be repeated without
end, and a footer may lie about both. So every page header of a file is walked: sizes and counts
must add up to what the footer says, and what the footer says must fit its owner's limits.

PageHeader: the Parquet format's parquet.thrift.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.corpus.thrift import Thrift, count
from ledger.errors import VerificationError

__all__ = ["ColumnLimit", "check_chunk", "check_pages"]

_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3


@dataclass(frozen=True)
class ColumnLimit:
    """What one column chunk may be: unpacked bytes, values, and bytes of a dictionary (0: none)."""

    unpacked: int
    values: int
    dictionary: int = 0


def check_pages(
    data: memoryview, group: Any, limits: Mapping[str, ColumnLimit], where: str
) -> None:
    """Whether the pages of a row group keep to the limits of their columns, by column path.

    `data` is the whole file, `group` its footer's word on the row group. Raises VerificationError.
    """
    for number in range(group.num_columns):
        column = group.column(number)
        path = str(column.path_in_schema)
        limit = limits.get(path)
        if limit is None:
            raise VerificationError(f"{where}: a column {path!r:.80} that no seal has")
        check_chunk(data, column, limit, f"{where}, column {path}")


def check_chunk(
    data: memoryview, column: Any, limit: ColumnLimit, where: str, first: int = 0
) -> None:
    """As check_pages, for one column chunk of a row group; `data` is the file from byte `first`."""
    starts = [column.dictionary_page_offset, column.data_page_offset]
    at = min((start for start in starts if start), default=0)
    end = at + column.total_compressed_size
    if not max(first, 4) <= at <= end <= first + len(data):
        raise VerificationError(f"{where}: its pages lie outside the file")
    at, end = at - first, end - first
    if column.total_uncompressed_size > limit.unpacked or column.num_values > limit.values:
        raise VerificationError(
            f"{where}: {column.total_uncompressed_size} bytes and {column.num_values} values, "
            f"expected at most {limit.unpacked} and {limit.values}"
        )
    unpacked = values = 0
    while at < end:
        page = _Page.read(data, at, end, where)
        if page.kind == _DICTIONARY and page.unpacked > limit.dictionary:
            raise VerificationError(
                f"{where}: a dictionary of {page.unpacked} bytes, expected at most "
                f"{limit.dictionary}"
            )
        unpacked += page.unpacked + page.header
        values += 0 if page.kind == _DICTIONARY else page.values
        at += page.header + page.packed
    found = at, unpacked, values
    if found != (end, column.total_uncompressed_size, column.num_values):
        raise VerificationError(f"{where}: its pages are not what the footer says")


@dataclass(frozen=True)
class _Page:
    kind: int
    unpacked: int
    packed: int
    values: int
    header: int  # bytes of the header itself

    @classmethod
    def read(cls, data: memoryview, at: int, end: int, where: str) -> "_Page":
        reader = Thrift(data, at, end)
        try:
            fields = reader.struct()
            kind, unpacked, packed = (count(fields, number) for number in (1, 2, 3))
            inner = {_DATA: 5, _DICTIONARY: 7, _DATA_V2: 8}[kind]
            values = count(fields[inner], 1)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise VerificationError(f"{where}: a page header that cannot be read") from error
        return cls(kind, unpacked, packed, values, reader.at - at)
