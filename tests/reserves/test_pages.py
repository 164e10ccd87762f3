"""Parquet that lies about its size: refused before it is decoded."""

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.errors import VerificationError
from ledger.reserves.opening.pages import ColumnLimit, check_pages
from ledger.reserves.opening.parquet import leaves_of, read_footer

ROWS = 10_000
WIDE = ColumnLimit(1 << 30, 1 << 30, 1 << 20)


def written(table: pa.Table, **how: Any) -> memoryview:
    sink = io.BytesIO()
    pq.write_table(table, sink, **how)
    return memoryview(sink.getvalue())


def check(data: memoryview, columns: Sequence[str] = (), **limits: ColumnLimit) -> None:
    for group in read_footer(data, columns or leaves_of(TABLE.schema), "a.parquet"):
        paths = [chunk.path_in_schema for chunk in group.chunks]
        check_pages(data, group, {path: limits.get(path, WIDE) for path in paths}, "a.parquet")


TABLE = pa.table(
    {
        "digest": pa.array([number.to_bytes(32, "big") for number in range(ROWS)], pa.binary(32)),
        "text": pa.array([f"text {number}" * 9 for number in range(ROWS)], pa.large_string()),
        "names": pa.array([["a", "b"], [], None, ["c"]] * (ROWS // 4), pa.list_(pa.string())),
        "level": pa.array([3, None] * (ROWS // 2), pa.int8()),
    }
)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["zstd", "snappy", "none"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_honest_files_of_every_kind(version: str, compression: str, dictionary: bool) -> None:
    data = written(
        TABLE, data_page_version=version, compression=compression, use_dictionary=dictionary,
        row_group_size=4096, data_page_size=4096, write_page_checksum=True,
    )  # fmt: skip
    check(data)


def test_a_small_file_that_is_a_lot_of_text() -> None:
    data = written(pa.table({"text": ["a" * (16 << 20)]}), compression="zstd", use_dictionary=False)
    assert len(data) < 1 << 20
    with pytest.raises(VerificationError, match=r"a\.parquet, column text: \d{8,} bytes"):
        check(data, ["text"], text=ColumnLimit(1 << 20, 1))


def test_a_dictionary_that_is_repeated_without_end() -> None:
    data = written(pa.table({"text": ["a" * 50_000] * 500}), compression="zstd")
    assert len(data) < 10_000
    with pytest.raises(VerificationError, match=r"a dictionary of \d+ bytes, expected at most 0"):
        check(data, ["text"], text=ColumnLimit(1 << 30, 500))


def test_more_values_than_rows_may_have() -> None:
    data = written(pa.table({"names": [["a"] * 1_000_000]}))
    with pytest.raises(VerificationError, match="1000000 values"):
        path = "names.list.element"
        check(data, [path], **{path: ColumnLimit(1 << 30, 64)})


def test_a_column_nobody_asked_for() -> None:
    data = written(TABLE)
    (group, *_) = read_footer(data, leaves_of(TABLE.schema), "a.parquet")
    with pytest.raises(VerificationError, match="a column 'digest' that no seal has"):
        check_pages(data, group, {}, "a.parquet")


def test_a_page_that_says_more_than_the_footer() -> None:
    """The page header is what the decoder believes, so the footer's modest word is not enough."""
    data = bytearray(written(pa.table({"n": [7]}), use_dictionary=False, compression="none"))
    file = pq.ParquetFile(pa.BufferReader(bytes(data)))
    column = file.metadata.row_group(0).column(0)
    at = column.data_page_offset
    assert data[at : at + 2] == b"\x15\x00"  # field 1: a data page
    assert data[at + 2] == 0x15  # field 2: its unpacked size
    data[at + 3] ^= 0x02
    with pytest.raises(VerificationError, match="not what the footer says"):
        check(memoryview(bytes(data)), ["n"])


def test_no_flip_in_a_file_is_a_crash() -> None:
    data = written(TABLE.slice(0, 50), compression="zstd")
    refused = 0
    for at in range(4, len(data) - 8, 3):
        flipped = bytearray(data)
        flipped[at] ^= 0xFF
        try:
            check(memoryview(bytes(flipped)))
        except VerificationError:
            refused += 1
    assert refused > 20
