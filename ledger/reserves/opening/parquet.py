"""Opens Parquet that lies in memory, and says in one way what is wrong with it.

What stands in the footer is asked of ledger.corpus.footer, never of Arrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.corpus.footer import MAX_FOOTER, Group, parse_footer
from ledger.errors import VerificationError, printable

__all__ = ["Opened", "first_line", "leaves_of", "open_parquet", "read_footer"]


def read_footer(last: memoryview, columns: Sequence[str], where: str) -> tuple[Group, ...]:
    """The row groups of a file by its last bytes, from its footer on: all have these columns.

    `columns` are paths of leaves, joined by dots. Raises VerificationError.
    """
    try:
        footer = parse_footer(last)
    except ValueError as error:
        raise VerificationError(f"{where}: not a Parquet file: {printable(error)}") from error
    if footer.columns != tuple(columns):
        names = printable(", ".join(footer.columns))
        raise VerificationError(f"{where}: columns {names}, expected {', '.join(columns)}")
    return footer.groups


def first_line(error: Exception) -> str:
    """What Arrow says, without its stack."""
    return printable(str(error).partition("\n")[0])


@dataclass(frozen=True)
class Opened:
    """A Parquet file that lies in memory; `groups` are its row groups by our own reading."""

    file: pq.ParquetFile
    groups: Sequence[Group]


def open_parquet(data: bytes, schema: pa.Schema, rows: int, where: str) -> Opened:
    """A Parquet file of this schema and so many rows. Raises VerificationError.

    Nothing is decoded yet.
    """
    groups = read_footer(memoryview(data), leaves_of(schema), where)
    found = sum(group.num_rows for group in groups)
    if found != rows:
        raise VerificationError(f"{where}: {found} rows, expected {rows}")
    try:
        file = pq.ParquetFile(
            pa.BufferReader(data),
            thrift_string_size_limit=MAX_FOOTER,
            thrift_container_size_limit=MAX_FOOTER,
        )
        columns = file.schema_arrow
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # a name that is not UTF-8
        raise VerificationError(f"{where}: not a Parquet file: {first_line(error)}") from error
    if not columns.remove_metadata().equals(schema):
        names = ", ".join(f"{field.name} {field.type}" for field in columns)
        raise VerificationError(f"{where}: columns {printable(names)}, expected a seal's")
    return Opened(file, groups)


def leaves_of(schema: pa.Schema) -> list[str]:
    """The paths of a schema's columns as Parquet spells them; a list's values lie two below it."""
    return [
        f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
        for field in schema
    ]
