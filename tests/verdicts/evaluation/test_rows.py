from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.errors import InputError, MalformedError
from ledger.verdicts.evaluation.rows import UNKNOWN, read_rows
from tests.verdicts.evaluation.labelled import write


def columns(**more: list[Any]) -> dict[str, list[Any]]:
    return {
        "text": ["one", "two", "three", "four"],
        "label": ["human", "synthetic", "human", "synthetic"],
    } | more


def test_a_text_is_known_by_other_bytes(tmp_path: Path) -> None:
    texts = ["naïve", "", " two\n", "𝔣our"]
    rows = read_rows(write(tmp_path / "r.parquet", columns(text=texts)))
    assert [bytes(row) for row in rows.sha256] == [sha256(t.encode()).digest() for t in texts]
    assert rows.texts.to_pylist() == texts
    assert rows.synthetic.tolist() == [False, True, False, True]


def test_a_column_that_is_not_needed_is_needed(tmp_path: Path) -> None:
    rows = read_rows(write(tmp_path / "r.parquet", columns(extra=[1, 2, 3, 4])))
    assert rows.table.column_names == ["text", "label"]
    assert rows.column("domain") is None
    assert (rows.repeated, rows.contradictory) == (0, 0)
    assert rows.place(3) == "row 3"


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]
)
def test_a_spelling_of_strings_is_not_read(tmp_path: Path, kind: pa.DataType) -> None:
    table = pa.table(columns(domain=["a", None, "b", "a"]))
    for at, name in enumerate(table.column_names):
        table = table.set_column(at, name, table[name].cast(kind))
    pq.write_table(table, tmp_path / "r.parquet")
    domains = read_rows(tmp_path / "r.parquet").column("domain")
    assert domains is not None
    assert domains.tolist() == ["a", UNKNOWN, "b", "a"]


def test_many_row_groups_lose_a_row(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(1000)]
    table = pa.table({"text": texts, "label": ["human", "synthetic"] * 500, "id": texts})
    pq.write_table(table, tmp_path / "r.parquet", row_group_size=7)
    rows = read_rows(tmp_path / "r.parquet")
    assert rows.texts.to_pylist() == texts
    assert [bytes(row) for row in rows.sha256] == [sha256(t.encode()).digest() for t in texts]
    assert rows.place(999) == "row 999 (id text 999)"


def test_a_text_is_counted_twice(tmp_path: Path) -> None:
    texts = ["one", "two", "one", "three", "two", "four", "one", "two"]
    labels = ["human", "synthetic", "human", "human", "human", "synthetic", "human", "synthetic"]
    rows = read_rows(write(tmp_path / "r.parquet", {"text": texts, "label": labels}))
    assert rows.texts.to_pylist() == ["one", "three", "four"]
    assert rows.numbers.tolist() == [0, 3, 5]
    assert rows.synthetic.tolist() == [False, False, True]
    assert (rows.repeated, rows.contradictory) == (2, 3)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"words": ["a"]}, "found columns words; expected text and label"),
        ({"text": ["a"], "Label": ["human"]}, "found columns text, Label; expected text and label"),
        ({"text": ["a", "b"], "label": ["human", "ai"]}, "row 1: label ai, expected human or"),
        ({"text": ["a", "b"], "label": ["human", None]}, "row 1: label None, expected human or"),
        ({"text": ["a", None], "label": ["human", "synthetic"]}, "row 1: text null, expected a"),
        ({"text": ["a", "b"], "label": [0, 1]}, "column label holds int64, expected strings"),
        ({"text": [1, 2], "label": ["human", "synthetic"]}, "column text holds int64, expected"),
        (columns(domain=[1.5] * 4), "column domain holds double, expected strings"),
    ],
)
def test_an_odd_file_is_read(tmp_path: Path, broken: dict[str, list[Any]], said: str) -> None:
    with pytest.raises(MalformedError, match=said):
        read_rows(write(tmp_path / "r.parquet", broken))


def test_a_column_that_stands_twice_is_chosen_from(tmp_path: Path) -> None:
    names = ["text", "label", "text"]
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["human"]), pa.array(["b"])], names)
    pq.write_table(table, tmp_path / "r.parquet")
    with pytest.raises(MalformedError, match="column text stands twice, expected once"):
        read_rows(tmp_path / "r.parquet")


@pytest.mark.parametrize("label", ["human", "synthetic"])
def test_a_file_of_one_label_is_evaluated(tmp_path: Path, label: str) -> None:
    path = write(tmp_path / "r.parquet", {"text": ["a", "b"], "label": [label] * 2})
    with pytest.raises(InputError, match="expected both"):
        read_rows(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"text,label\na,human\n", b"PAR1" + b"\0" * 99])
def test_a_file_that_is_no_table_has_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.parquet"
    path.write_bytes(content)
    with pytest.raises(MalformedError, match="broken Parquet"):
        read_rows(path)


def test_a_damaged_file_has_a_traceback(tmp_path: Path) -> None:
    whole = write(tmp_path / "r.parquet", columns(text=[c * 2000 for c in "abcd"])).read_bytes()
    for cut in (len(whole) // 2, len(whole) - 9):
        (tmp_path / "cut.parquet").write_bytes(whole[:cut])
        with pytest.raises(MalformedError, match="broken Parquet"):
            read_rows(tmp_path / "cut.parquet")


def test_a_file_that_is_not_there_has_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.parquet: no such file or directory"):
        read_rows(tmp_path / "none.parquet")
