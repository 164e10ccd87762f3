"""What a Parquet file's footer says, read here: Arrow is not asked what stands in it.

Where a column's metadata is not in order, Arrow does not raise but ends the process. Field numbers
and what is required: the format's parquet.thrift.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from ledger.corpus.thrift import Thrift, count

__all__ = ["MAX_FOOTER", "Chunk", "Footer", "Group", "parse_footer", "read_footer"]

MAX_FOOTER = 256 << 20
"""Bytes; a billion documents need less."""

_MAGIC = b"PAR1"
_CHUNK = frozenset({2, 3, 4, 5, 6, 7})  # fields of ColumnChunk that are neither a path nor a key
_NEEDED = frozenset({1, 2, 3, 4, 5, 6, 7, 9})  # fields of ColumnMetaData


@dataclass(frozen=True, slots=True)
class Chunk:
    """A column chunk as the footer has it; the names are Arrow's.

    `greatest` is the statistics' greatest value as it is stored, None where there is none.
    """

    path_in_schema: str
    num_values: int
    total_uncompressed_size: int
    total_compressed_size: int
    data_page_offset: int
    dictionary_page_offset: int | None
    greatest: bytes | None


@dataclass(frozen=True, slots=True)
class Group:
    """A row group as the footer has it."""

    num_rows: int
    chunks: tuple[Chunk, ...]

    @property
    def num_columns(self) -> int:
        return len(self.chunks)

    def column(self, number: int) -> Chunk:
        """A column's chunk, in the order of the schema's leaves."""
        return self.chunks[number]


@dataclass(frozen=True, slots=True)
class Footer:
    """The row groups, and the paths of the schema's leaves, joined by dots."""

    groups: tuple[Group, ...]
    columns: tuple[str, ...]


def read_footer(file: BinaryIO) -> Footer:
    """The footer of an open file. Raises as parse_footer."""
    file.seek(0, 2)
    end = file.tell()
    if end < 8:
        raise ValueError("no footer where it should be")
    file.seek(end - 8)
    size = int.from_bytes(file.read(4), "little")
    if not 0 < size <= min(end - 8, MAX_FOOTER):
        raise ValueError(f"a footer of {size} bytes")
    file.seek(end - 8 - size)
    return parse_footer(memoryview(file.read(size + 8)))


def parse_footer(last: memoryview) -> Footer:
    """The footer that a file's last bytes hold: every row group has every column, in order.

    Raises ValueError for what is none, or does not add up.
    """
    size = int.from_bytes(last[-8:-4], "little")
    if bytes(last[-4:]) != _MAGIC or not 0 < size <= min(len(last) - 8, MAX_FOOTER):
        raise ValueError("no footer where it should be")
    reader = Thrift(last, len(last) - 8 - size, len(last) - 8)
    try:
        fields = reader.struct()
        columns = tuple(_leaves(fields[2]))
        groups = tuple(_group(group, columns) for group in fields[4])
        rows = sum(group.num_rows for group in groups)
        whole = reader.at == reader.end and rows == count(fields, 3) and 8 not in fields
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"its footer is not in order: {error}") from error
    if not whole:
        raise ValueError("its footer does not add up")
    return Footer(groups, columns)


def _group(group: dict[int, Any], columns: Sequence[str]) -> Group:
    """A row group whose column chunks are the expected ones."""
    chunks = group[1]
    if not isinstance(chunks, list) or len(chunks) != len(columns):
        raise ValueError("a row group without all columns")
    found = tuple(map(_chunk, chunks, columns))
    return Group(count(group, 3), found)


def _chunk(chunk: dict[int, Any], column: str) -> Chunk:
    about = chunk[3]
    if not set(chunk) <= _CHUNK or not set(about) >= _NEEDED:
        raise ValueError("a column chunk that lies elsewhere or says too little")
    if b".".join(about[3]).decode() != column:
        raise ValueError("a column chunk of another column")
    greatest = about[12].get(5) if 12 in about else None
    return Chunk(
        path_in_schema=column,
        num_values=count(about, 5),
        total_uncompressed_size=count(about, 6),
        total_compressed_size=count(about, 7),
        data_page_offset=count(about, 9),
        dictionary_page_offset=count(about, 11) if 11 in about else None,
        greatest=greatest if isinstance(greatest, bytes) else None,
    )


def _leaves(elements: list[dict[int, Any]]) -> list[str]:
    """The leaves of the tree of names: field 4 is a name, 5 how many children follow."""
    leaves: list[str] = []
    left: list[tuple[bytes, int]] = []  # names of open groups, children they still wait for
    for place, element in enumerate(elements):
        name, children = element[4], count(element, 5) if 5 in element else 0
        if not isinstance(name, bytes) or (place > 0 and not left):
            raise ValueError("a schema without a root")
        path = [group for group, _ in left[1:]] + [name]
        if left:
            left[-1] = (left[-1][0], left[-1][1] - 1)
        if children:
            left.append((name, children))
        elif place:
            leaves.append(b".".join(path).decode())
        while left and left[-1][1] == 0:
            left.pop()
    if left or not elements:
        raise ValueError("a schema that does not end")
    return leaves
