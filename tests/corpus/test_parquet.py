import datetime
import io
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.corpus.footer import read_footer
from ledger.corpus.readers import ReadOptions
from ledger.corpus.thrift import Thrift
from ledger.errors import MalformedError
from tests.corpus.helpers import FIXTURES, read


@pytest.fixture
def file(tmp_path):
    def write(columns, **options):
        path = tmp_path / "f.parquet"
        pq.write_table(pa.table(columns), path, **options)
        return path

    return write


def test_fineweb_names():
    rows, bad = read(FIXTURES / "parquet" / "notes.parquet")
    assert bad == []
    assert rows[5] == {
        "row": 5,
        "part": 0,
        "text": "Grüner Tee zieht zwei Minuten bei siebzig Grad, länger macht ihn bitter.\n",
        "language": "de",
        "site": "example.org",
        "crawler": "CC-MAIN-2021-43",
        "collected_at": 1634284800,
        "tokens": 12,
        "tokenizer": "gpt2",
        "record": "urn:uuid:00000000-0000-4000-8000-000000000005",
        "url": "https://www.kitchen1.example.org/kitchen/tee.txt",
    }


def test_fineweb_2_has_no_token_count(file):
    names = ("text", "id", "dump", "url", "date", "file_path", "language", "top_langs")
    rows, _ = read(file({name: ["2020-01-01" if name == "date" else name] for name in names}))
    assert "tokenizer" not in rows[0]
    assert rows[0]["collected_at"] == 1577836800


def test_bad_rows_are_rejected_by_row(file):
    path = file({"text": ["a", None, "", "b", "c" * 11]}, row_group_size=2)
    rows, bad = read(path, ReadOptions(max_document_bytes=10))
    assert [(row["row"], row["text"]) for row in rows] == [(0, "a"), (3, "b")]
    assert bad == [
        (":row 1", "no text: 'text' is missing or null"),
        (":row 2", "empty text"),
        (":row 4", "text of 11 bytes, expected at most 10"),
    ]


def test_invalid_utf8_is_rejected_by_row(file):
    texts = pa.array([b"a", b"b\xff", b"c"], pa.binary()).view(pa.string())
    rows, bad = read(file({"text": texts}))
    assert [(row["row"], row["text"]) for row in rows] == [(0, "a"), (2, "c")]
    assert bad == [(":row 1", "invalid UTF-8 at byte 2 of 'text'")]


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())],
)
def test_every_kind_of_string_is_text(kind, file):
    texts = ["a", "bb", "a"]
    rows, bad = read(file({"text": pa.array(texts).cast(kind)}))
    assert ([row["text"] for row in rows], bad) == (texts, [])


def test_times_are_dates(file):
    moment = datetime.datetime(2020, 5, 17, 12, 30, 15, 999_999)
    path = file(
        {
            "text": ["a", "b"],
            "created": pa.array([moment, None], pa.timestamp("us", "Europe/Paris")),
            "day": pa.array([moment.date(), None], pa.date32()),
        }
    )
    rows, bad = read(path, ReadOptions(columns={"collected_at": "day"}))
    assert bad == []
    assert rows[0]["claimed_at"] == 1589718615
    assert rows[0]["collected_at"] == 1589673600
    assert "claimed_at" not in rows[1]


def test_no_text_column_is_malformed(file):
    with pytest.raises(MalformedError, match="columns a, b, expected text in 'text'") as caught:
        read(file({"a": ["x"], "b": [1]}))
    assert "[columns]" in str(caught.value.hint)


def test_a_mapped_column_that_is_missing_is_malformed(file):
    with pytest.raises(MalformedError, match="expected url in 'link'"):
        read(file({"text": ["x"]}), ReadOptions(columns={"url": "link"}))


def test_a_mapped_column_of_another_type_is_malformed(file):
    with pytest.raises(MalformedError, match="column 'n' is double, expected strings"):
        read(file({"text": ["x"], "n": [1.5]}), ReadOptions(columns={"url": "n"}))


def test_text_of_another_type_is_malformed(file):
    with pytest.raises(MalformedError, match="column 'text' is int64, expected strings"):
        read(file({"text": [1]}))


def test_unasked_columns_of_another_type_are_not_read(file):
    rows, bad = read(file({"text": ["x"], "url": [1.5], "language": [[1]]}))
    assert (rows, bad) == ([{"row": 0, "part": 0, "text": "x"}], [])


def test_a_field_inside_a_struct(file):
    rows, _ = read(
        file({"doc": [{"a": {"body": "x"}, "n": 1}, None]}),
        ReadOptions(columns={"text": "doc.a.body"}),
    )
    assert rows == [{"row": 0, "part": 0, "text": "x"}]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\x00" * 40 + b"PAR1", b"text"])
def test_what_is_no_parquet_is_malformed(data, tmp_path):
    (tmp_path / "f.parquet").write_bytes(data)
    with pytest.raises(MalformedError, match="broken Parquet"):
        read(tmp_path / "f.parquet")


@pytest.mark.parametrize("cut", [-1, -9, 300])
def test_truncated_parquet_is_malformed(cut, tmp_path):
    data = (FIXTURES / "parquet" / "notes.parquet").read_bytes()
    (tmp_path / "f.parquet").write_bytes(data[:cut])
    with pytest.raises(MalformedError, match="broken Parquet"):
        read(tmp_path / "f.parquet")


def test_no_rows_are_no_documents(file):
    assert read(file({"text": pa.array([], pa.string())})) == ([], [])


def test_tables_stay_small(file, monkeypatch):
    from ledger.corpus.readers import parquet

    monkeypatch.setattr(parquet, "_BATCH_BYTES", 1000)
    sizes = [10, 2000, 10, 10, 990, 10, 500, 400, 300, 5000, 1]
    path = file({"text": ["x" * size for size in sizes]})
    tables = list(parquet.READER.read(path, ReadOptions()))
    assert [r for t in tables for r in t.column("row").to_pylist()] == list(range(len(sizes)))
    for table in tables:
        longest = max(len(text) for text in table.column("text").to_pylist())
        assert table.column("text").nbytes < 1000 + longest + 8 * (table.num_rows + 1)


BOMB = """
import resource, sys
from pathlib import Path
from ledger.corpus.readers import ReadOptions, reader_for
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))
tables = reader_for(path).read(path, ReadOptions())
print(sum(next(tables).num_rows for _ in range(3)))
"""


def test_a_dictionary_of_one_huge_value_does_not_fill_memory(tmp_path, root):
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 5000, pa.int32()), ["x" * (8 << 20)])
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"text": column}), path, dictionary_pagesize_limit=1 << 30)
    assert path.stat().st_size < 1 << 20
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(path)], cwd=root, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert 3 <= int(done.stdout) <= 12


FLIPS = """
import sys
from pathlib import Path
from ledger.corpus.footer import read_footer
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers.parquet import READER
from ledger.errors import LedgerError
whole, path = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
size = int.from_bytes(whole[-8:-4], "little")
for place in range(len(whole) - size - 8, len(whole), 2):
    for flip in (1, 255):
        data = bytearray(whole)
        data[place] ^= flip
        path.write_bytes(data)
        try:
            for _ in READER.read(path, ReadOptions()):
                continue
        except LedgerError as error:
            assert str(error).isprintable()
print("lived")
"""


def test_a_damaged_footer_ends_the_process(tmp_path):
    """Arrow terminates over some of them: a histogram of another length is enough."""
    fixture = FIXTURES / "parquet" / "notes.parquet"
    done = subprocess.run(
        [sys.executable, "-c", FLIPS, str(fixture), str(tmp_path / "f.parquet")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "lived\n", done.stderr[-2000:]


def test_the_footer_says_what_arrow_says(tmp_path):
    table = pa.table({"text": ["a", "b"] * 500, "n": [{"x": 1}] * 1000, "t": [["y"]] * 1000})
    pq.write_table(table, tmp_path / "f.parquet", row_group_size=300)
    with open(tmp_path / "f.parquet", "rb") as raw:
        footer = read_footer(raw)
    about = pq.read_metadata(tmp_path / "f.parquet")
    assert len(footer.groups) == about.num_row_groups == 4
    assert footer.columns == ("text", "n.x", "t.list.element")
    for number, group in enumerate(footer.groups):
        assert group.num_rows == about.row_group(number).num_rows
        for index, chunk in enumerate(group.chunks):
            column = about.row_group(number).column(index)
            for name in FOOTER:
                assert getattr(chunk, name) == getattr(column, name)
    assert footer.groups[0].column(0).greatest == b"b"


FOOTER = (
    "path_in_schema",
    "num_values",
    "total_uncompressed_size",
    "total_compressed_size",
    "data_page_offset",
    "dictionary_page_offset",
)


@pytest.mark.parametrize(
    "data", [b"", b"PAR1", b"PAR1\x00\x00\x00\x00PAR1", b"\xff" * 12 + b"PAR1"]
)
def test_a_file_without_a_footer_is_a_value_error(data):
    with pytest.raises(ValueError, match="footer"):
        read_footer(io.BytesIO(data))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_struct_are_a_value_error_or_a_struct(data):
    try:
        assert isinstance(Thrift(memoryview(data), 0, len(data)).struct(), dict)
    except (IndexError, ValueError) as error:
        assert str(error).isprintable()
