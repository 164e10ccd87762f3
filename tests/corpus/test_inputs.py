import os
from hashlib import sha256

import pytest

from ledger.corpus.inputs import expand, input_digest
from ledger.corpus.readers import ReadOptions, reader_for, readers
from ledger.errors import InputError, UnknownNameError
from tests.corpus.helpers import FIXTURES


def names(items):
    return [(item.path.name, item.reader.name) for item in items]


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("text", [("text", "folder")]),
        ("jsonl", [("notes.jsonl", "jsonl")]),
        ("jsonl_gz", [("notes.jsonl.gz", "jsonl")]),
        ("parquet", [("notes.parquet", "parquet")]),
        ("archive", [("notes-1.tar.gz", "archive")]),
    ],
)
def test_every_fixture_folder_is_its_readers(folder, expected):
    assert names(expand([FIXTURES / folder], None)) == expected


def test_every_reader_is_whole():
    found = readers()
    assert {"archive", "folder", "jsonl", "parquet"} <= set(found)
    suffixes = [suffix for reader in found.values() for suffix in reader.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in suffixes)
    assert [reader.name for reader in found.values() if reader.folders] == ["folder"]


def test_the_longest_suffix_wins_and_case_does_not_count(tmp_path):
    assert reader_for(tmp_path / "A.JSONL.GZ").name == "jsonl"
    assert reader_for(tmp_path / "a.tar.gz").name == "archive"
    assert reader_for(tmp_path / "a.bin", "jsonl").name == "jsonl"


def test_a_suffix_nobody_reads(tmp_path):
    (tmp_path / "a.docx").write_bytes(b"")
    with pytest.raises(UnknownNameError, match=r"unknown kind of file: a\.docx") as caught:
        expand([tmp_path / "a.docx"], None)
    assert "--format" in caught.value.hint


def test_a_format_nobody_reads():
    with pytest.raises(UnknownNameError, match="unknown format: jsnl") as caught:
        expand([FIXTURES / "jsonl"], "jsnl")
    assert "jsonl" in caught.value.hint


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no such file or directory") as caught:
        expand([tmp_path / "missing"], None)
    assert caught.value.exit_code == 3
    assert caught.value.hint


def test_no_path():
    with pytest.raises(InputError, match="no input"):
        expand([], None)


def test_a_folder_with_nothing_to_read(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"x")
    with pytest.raises(InputError, match="holds nothing to read"):
        expand([tmp_path], None)
    (tmp_path / "a.txt").write_bytes(b"x")
    with pytest.raises(InputError, match="holds nothing to read"):
        expand([tmp_path], None, ReadOptions(include=("*.md",)))
    with pytest.raises(InputError, match="holds nothing to read"):
        expand([tmp_path], "jsonl")


def test_a_pipe_is_no_input(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(InputError, match="not a regular file or folder"):
        expand([tmp_path / "a.txt"], None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"x")
    (tmp_path / "a.txt").chmod(0)
    with pytest.raises(InputError, match="permission denied"):
        expand([tmp_path / "a.txt"], None)


def test_one_input_twice_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / "a.txt"
    file.write_bytes(b"x")
    (tmp_path / "link.txt").symlink_to(file)
    for pair in ([file, file], [file, tmp_path / "link.txt"], [tmp_path / "in", file]):
        for paths in (pair, pair[::-1]):
            with pytest.raises(InputError, match="named twice"):
                expand(paths, None)


def test_record_files_stand_for_their_folder_and_readme_is_no_document(tmp_path):
    (tmp_path / "data" / "b").mkdir(parents=True)
    for name in ("README.md", "data/2.jsonl", "data/1.jsonl.gz", "data/b/3.parquet"):
        (tmp_path / name).write_bytes(b"")
    assert [name for name, _ in names(expand([tmp_path], None))] == [
        "1.jsonl.gz",
        "2.jsonl",
        "3.parquet",
    ]
    assert names(expand([tmp_path], "folder")) == [(tmp_path.name, "folder")]
    assert names(expand([tmp_path], "jsonl")) == [("1.jsonl.gz", "jsonl"), ("2.jsonl", "jsonl")]


def test_the_digest_of_a_file_is_of_its_bytes():
    (item,) = expand([FIXTURES / "jsonl"], None)
    data = (FIXTURES / "jsonl" / "notes.jsonl").read_bytes()
    assert input_digest(item, ReadOptions()) == sha256(data).digest()
    assert item.size == len(data)


def test_the_digest_of_a_folder_is_of_what_counts(tmp_path):
    for name in ("b.txt", "a.md", "c.bin"):
        (tmp_path / name).write_bytes(name.encode())
    (item,) = expand([tmp_path], None)
    lines = "".join(f"{sha256(name.encode()).hexdigest()}  {name}\n" for name in ("a.md", "b.txt"))
    assert input_digest(item, ReadOptions()) == sha256(lines.encode()).digest()
    assert item.size == 9
