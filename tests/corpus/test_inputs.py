import os
from hashlib import sha256

import pytest

from ledger.corpus.inputs import expand, input_digest, input_files, left_over
from ledger.corpus.readers import ReadOptions, check_settings, parse_settings, reader_for, readers
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
        ("csv", [("tickets.csv", "csv")]),
        ("messages", [("talks.jsonl", "jsonl")]),
        ("jsonl_zst", [("notes.jsonl.zst", "jsonl")]),
        ("zip", [("wiki.zip", "zip")]),
        ("mediawiki", [("wiki.xml", "mediawiki")]),
        ("mbox", [("list.mbox", "mbox")]),
        ("git", [("git", "git")]),
    ],
)
def test_every_fixture_folder_is_its_readers(folder, expected):
    assert names(expand([FIXTURES / folder], None)) == expected


def test_every_reader_is_whole():
    found = readers()
    assert {"archive", "csv", "folder", "jsonl", "mbox", "mediawiki"} <= set(found)
    assert {"messages", "parquet", "zip"} <= set(found)
    suffixes = [suffix for reader in found.values() for suffix in reader.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in suffixes)
    assert [reader.name for reader in found.values() if reader.folders] == ["folder", "git"]


def test_the_longest_suffix_wins_and_case_does_not_count(tmp_path):
    assert reader_for(tmp_path / "A.JSONL.GZ").name == "jsonl"
    assert reader_for(tmp_path / "a.tar.gz").name == "archive"
    assert reader_for(tmp_path / "a.bin", "jsonl").name == "jsonl"


def test_a_suffix_nobody_reads(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"")
    with pytest.raises(UnknownNameError, match=r"unknown kind of file: a\.xlsx") as caught:
        expand([tmp_path / "a.xlsx"], None)
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


def test_nothing_in_a_mixed_folder_is_passed_over_in_silence(tmp_path):
    (tmp_path / "data" / "b").mkdir(parents=True)
    mixed = ("README.md", "data/2.jsonl", "data/1.jsonl.gz", "data/b/3.parquet", "data/n.txt")
    for name in (*mixed, "a.PNG", "b.png", "LICENSE", "dataset.toml", ".hidden"):
        (tmp_path / name).write_bytes(b"")
    records = [("1.jsonl.gz", "jsonl"), ("2.jsonl", "jsonl"), ("3.parquet", "parquet")]
    found = expand([tmp_path], None)
    assert names(found) == [*records, (tmp_path.name, "folder")]
    assert [name for name, _ in input_files(found[-1], ReadOptions())] == [
        "README.md",
        "data/n.txt",
    ]
    assert left_over([tmp_path], found, ReadOptions()) == {
        ".png": 2,
        "files without an ending": 1,
    }
    assert names(expand([tmp_path], "folder")) == [(tmp_path.name, "folder")]
    found = expand([tmp_path], "jsonl")
    assert names(found) == records[:2]
    assert left_over([tmp_path], found, ReadOptions())[".parquet"] == 1


def test_a_record_file_named_beside_its_folder_is_named_twice(tmp_path):
    for name in ("a.csv", "b.md"):
        (tmp_path / name).write_bytes(b"text\nx\n")
    for name in ("a.csv", "b.md"):
        for paths in ([tmp_path, tmp_path / name], [tmp_path / name, tmp_path]):
            with pytest.raises(InputError, match="named twice"):
                expand(paths, None)
    with pytest.raises(InputError, match="named twice"):
        expand([tmp_path / "..", tmp_path], None)


def test_a_glob_does_not_make_a_text_of_a_record_file_too(tmp_path):
    for name in ("a.csv", "b.md"):
        (tmp_path / name).write_bytes(b"text\nx\n")
    everything = ReadOptions(include=("**",))
    with pytest.raises(InputError, match=r"a\.csv is a record file"):
        expand([tmp_path], None, everything)
    assert names(expand([tmp_path], "folder", everything)) == [(tmp_path.name, "folder")]


def test_globs_choose_among_the_record_files_of_a_folder_or_within_its_archives(tmp_path):
    for name in ("a.csv", "b.csv", "c.tar", "d.md"):
        (tmp_path / name).write_bytes(b"text\nx\n")
    found = expand([tmp_path], None, ReadOptions(include=("a.*",)))
    assert names(found) == [("a.csv", "csv")]
    assert left_over([tmp_path], found, ReadOptions()) == {".csv": 1, ".md": 1, ".tar": 1}
    found = expand([tmp_path], None, ReadOptions(include=("docs/*.md",)))
    assert [name for name, _ in names(found)] == ["a.csv", "b.csv", "c.tar"]


def test_xml_in_a_folder_is_an_export_only_if_it_says_so(tmp_path):
    (tmp_path / "pom.xml").write_bytes(b"<project/>")
    (tmp_path / "wiki.xml").write_bytes(b'<?xml version="1.0"?>\n<mediawiki version="0.11"/>')
    (tmp_path / "cut.xml.gz").write_bytes(b"\x1f\x8b")
    found = expand([tmp_path], None)
    assert [name for name, _ in names(found)] == ["cut.xml.gz", "wiki.xml"]
    assert left_over([tmp_path], found, ReadOptions()) == {".xml": 1}
    assert names(expand([tmp_path / "pom.xml"], None)) == [("pom.xml", "mediawiki")]


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


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("csv.pool=nonsense", "agent-month"),
        ("csv.pool_below=-1", "number"),
        ("csv.delimiter=ab", "one character"),
        ("csv.quote=single", "double or none"),
        ("git.code=some", "git.code"),
        ("mediawiki.before=soon", "YYYY-MM-DD"),
        ("mediawiki.namespaces=a", "numbers or all"),
        ("warc.html=none", "warc.html"),
        ("csv.colour=red", "reader option"),
    ],
)
def test_an_option_that_no_input_needs_is_recorded_wrong(option: str, said: str) -> None:
    """It would stand in the dataset's claim for ever."""
    with pytest.raises(InputError, match=said):
        check_settings(ReadOptions(settings=parse_settings([option])))
