"""What every format promises: rows come back, bytes repeat, bad rows leave nothing."""

import json
from collections.abc import Iterator
from hashlib import sha256

import pyarrow as pa
import pytest

from ledger.errors import DocumentMismatchError, InputError, UnknownNameError
from ledger.manifests.formats import find_format, formats
from tests.manifests.formats.helpers import (
    COLUMNS,
    epoch,
    expected,
    table,
    tree,
    write,
)
from tests.manifests.formats.readers import READERS, Rows

NAMES = sorted(READERS)
each = pytest.mark.parametrize("name", NAMES)


def in_order(name: str, rows: Rows) -> Rows:
    """As the format's files have them: Megatron's are by stratum."""
    if name != "megatron":
        return rows
    first = list(dict.fromkeys(row["stratum"] for row in rows))
    return sorted(rows, key=lambda row: first.index(row["stratum"]))


def test_every_format_has_a_reader_here():
    assert sorted(formats()) == NAMES


def test_a_format_nobody_knows():
    with pytest.raises(UnknownNameError, match="unknown trainer format: mdz") as caught:
        find_format("mdz")
    assert caught.value.hint == "did you mean mds?"


@each
def test_rows_come_back_in_order_with_their_copies(name, tmp_path):
    write(name, tmp_path / "out")
    rows = READERS[name](tmp_path / "out")
    assert rows == in_order(name, expected(epoch()))
    for row in rows:
        assert sha256(row["text"].encode()).hexdigest() == row["sha256"]


@each
def test_the_files_are_those_that_were_named(name, tmp_path):
    written = write(name, tmp_path / "out")
    files = tree(tmp_path / "out")
    assert sorted(file.path for file in written) == sorted(files)
    for file in written:
        data = files[file.path]
        assert (file.size, file.sha256) == (len(data), sha256(data).digest())
    assert sum(file.rows for file in written) == len(expected(epoch()))
    assert [file.path for file in written[-2:]] == ["strata.json", "README.md"]


@each
def test_equal_rows_give_equal_bytes_however_they_are_divided(name, tmp_path):
    first = write(name, tmp_path / "one", epoch(batch=1))
    assert write(name, tmp_path / "two", epoch(batch=90)) == first
    chunked = pa.concat_tables(epoch(batch=4)).slice(0)  # many chunks, sliced buffers
    assert write(name, tmp_path / "three", iter([chunked.slice(0, 33), chunked.slice(33)])) == first
    assert tree(tmp_path / "one") == tree(tmp_path / "two") == tree(tmp_path / "three")


@each
def test_names_hold_nothing_from_a_text_or_a_stratum(name, tmp_path):
    def names(hostile: bool) -> list[str]:
        out = tmp_path / str(hostile)
        return [file.path for file in write(name, out, epoch(hostile=hostile), 1 << 20)]

    assert names(hostile=True) == names(hostile=False)


@each
def test_shards_are_bounded(name, tmp_path):
    shards = [file for file in write(name, tmp_path / "out", epoch(300), 4096) if file.rows]
    assert len(shards) > 20
    assert all(file.size <= 4096 or file.rows == 1 for file in shards)
    if name == "mds-zstd":  # before compression
        index = json.loads((tmp_path / "out" / "index.json").read_bytes())
        assert all(
            shard["raw_data"]["bytes"] <= 4096 or shard["samples"] == 1 for shard in index["shards"]
        )


@each
def test_a_document_larger_than_a_shard_is_one_alone(name, tmp_path):
    texts = ["small", "L" * 20_000, "small too", "M" * 20_000, "N" * 20_000]
    written = write(name, tmp_path / "out", iter([table(texts, tokens=[2] * 5)]), 4096)
    assert [row["text"] for row in READERS[name](tmp_path / "out")] == texts
    assert [file.rows for file in written if file.rows] == [1, 1, 1, 1, 1]


@each
def test_strata_say_what_each_has(name, tmp_path):
    write(name, tmp_path / "out")
    said = json.loads((tmp_path / "out" / "strata.json").read_bytes())
    rows = expected(epoch())
    unit = find_format(name).unit
    assert (said["format"], said["unit"], said["documents"]) == (name, unit, len(rows))
    assert [entry["stratum"] for entry in said["strata"]] == sorted(
        {row["stratum"] for row in rows}
    )
    for entry in said["strata"]:
        mine = [row for row in rows if row["stratum"] == entry["stratum"]]
        assert entry["documents"] == len(mine)
        assert entry["tokens"] == sum(row["tokens"] for row in mine)
        assert entry["bytes"] == sum(len(row["text"].encode()) for row in mine)
        assert entry["weight"] == entry[unit]


@each
def test_the_folder_says_who_checks(name, tmp_path):
    write(name, tmp_path / "out")
    page = (tmp_path / "out" / "README.md").read_text()
    assert "No document is checked while this format streams" in page
    assert f"a weight counts {find_format(name).unit}" in page
    assert "drop" not in page  # no stratum's name is in it
    assert "日本" not in page


@each
def test_only_what_was_asked_for_is_written(name, tmp_path):
    rows = iter([table(["a", "b"], tokens=[1, 1], secret=pa.array(["s3cret", "s3cret"]))])
    find_format(name).write(rows, tmp_path / "out", columns=("text", "sha256"))
    assert [sorted(row) for row in READERS[name](tmp_path / "out")] == [["sha256", "text"]] * 2
    assert not any(b"s3cret" in data for data in tree(tmp_path / "out").values())


@each
def test_a_text_that_is_not_its_digest_leaves_nothing(name, tmp_path):
    def rows() -> Iterator[pa.Table]:
        yield from epoch(44)
        bad = table(["right", "wrong"], strata=["a", "b"], tokens=[1, 1])
        yield bad.set_column(0, "text", pa.array(["right", "wr0ng"], pa.large_string()))

    with pytest.raises(DocumentMismatchError, match=r"row 45: found a text of sha256:") as caught:
        find_format(name).write(rows(), tmp_path / "out", columns=("text", "sha256"))
    found, said = (sha256(text).hexdigest() for text in (b"wr0ng", b"wrong"))
    assert found in str(caught.value) and said in str(caught.value)
    assert list(tmp_path.glob("*out*")) == []
    assert list(tmp_path.glob(".*")) == []


def nothing() -> Iterator[pa.Table]:
    yield table([], tokens=[])


BAD = {
    "no documents": (nothing, COLUMNS[:3], "found no documents"),
    "no column": (epoch, ("text", "sha256", "licence"), "no column licence"),
    "no digest": (epoch, ("text", "stratum"), "found no sha256"),
    "one twice": (epoch, ("text", "sha256", "sha256"), "expected each once"),
    "a bad name": (epoch, ("text", "sha256", "../x"), r"column \.\./x, expected lower-case"),
    "copies": (epoch, ("text", "sha256", "copies"), "and not copies"),
    "a null": (
        lambda: iter([table(["a", "b"], tokens=[1, 2], language=pa.array(["en", None]))]),
        COLUMNS,
        "row 1: language is null",
    ),
    "not UTF-8": (
        lambda: iter([table(["a"], tokens=[1], language=pa.array([b"\xff"]).view(pa.string()))]),
        COLUMNS,
        "language, rows from 0: found bytes that are not UTF-8",
    ),
    "no copies": (
        lambda: iter([table(["a", "b"], tokens=[1, 2], copies=[1, 0])]),
        COLUMNS[:3],
        "row 1: 0 copies, expected 1 to 100",
    ),
    "many copies": (
        lambda: iter([table(["a"], tokens=[1]), table(["b"], tokens=[1], copies=[101])]),
        COLUMNS[:3],
        "row 1: 101 copies, expected 1 to 100",
    ),
    "fewer than no tokens": (
        lambda: iter([table(["a"], tokens=[-1])]),
        COLUMNS[:3],
        "row 0: -1 tokens",
    ),
}


@each
@pytest.mark.parametrize("case", BAD)
def test_bad_rows_are_one_error_and_leave_nothing(name, case, tmp_path):
    rows, columns, said = BAD[case]
    with pytest.raises(InputError, match=said):
        find_format(name).write(rows(), tmp_path / "out", columns=columns)
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


@each
@pytest.mark.parametrize("size", [0, -1, 4095, 1 << 31])
def test_shards_of_a_size_out_of_range(name, size, tmp_path):
    with pytest.raises(InputError, match=rf"shards of {size} bytes, expected 4096 to 2147483647"):
        write(name, tmp_path / "out", epoch(), size)
    assert not (tmp_path / "out").exists()


@each
def test_rows_of_other_types_are_a_bug(name, tmp_path):
    rows = table(["a"], tokens=[1])
    wrong = rows.set_column(1, "sha256", pa.array(["00" * 32]))
    with pytest.raises(TypeError, match=r"sha256 is string, expected binary"):
        write(name, tmp_path / "out", iter([wrong]))
    floats = rows.append_column("score", pa.array([0.5]))
    with pytest.raises(TypeError, match="score is double"):
        find_format(name).write(
            iter([floats]), tmp_path / "out", columns=("text", "sha256", "score")
        )
    numbered = rows.set_column(2, "stratum", pa.array([3]))
    with pytest.raises(TypeError, match="stratum is int64, expected strings"):
        write(name, tmp_path / "out", iter([numbered]))
    one, two = (rows.append_column("kind", pa.array([value])) for value in ("x", 1))
    with pytest.raises(TypeError, match="rows from 1 have"):
        find_format(name).write(
            iter([one, two]), tmp_path / "out", columns=("text", "sha256", "kind")
        )
    assert not (tmp_path / "out").exists()
