import os
from hashlib import sha256

import pytest

from ledger.corpus.inputs import expand
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.errors import InputError
from tests.corpus.helpers import FIXTURES, read


def write(root, files):
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def test_every_text_file_is_a_document_of_its_own_digest():
    rows, bad = read(FIXTURES / "text", reader=reader_for(FIXTURES / "text"))
    assert bad == []
    assert [row["path"] for row in rows] == [
        "garden/beans.md",
        "garden/compost.txt",
        "garden/water.rst",
        "kitchen/bread.html",
        "kitchen/soup.txt",
        "kitchen/tee.txt",
    ]
    for row in rows:
        data = (FIXTURES / "text" / row["path"]).read_bytes()
        assert (row["row"], row["text"]) == (0, data.decode())
        assert row["file"] == sha256(data).digest()
    assert [row["content_type"] for row in rows[:4]] == [
        "text/markdown",
        "text/plain",
        "text/x-rst",
        "text/html",
    ]


def test_text_is_as_found(tmp_path):
    data = b"\xef\xbb\xbfa\r\nb\x00\re\xcc\x81"
    rows, _ = read(write(tmp_path, {"a.txt": data}))
    assert rows[0]["text"].encode() == data


def test_bad_files_are_rejected_at_their_line(tmp_path):
    write(tmp_path, {"a.txt": b"good", "b/bad.txt": b"one\ntwo\xff\n", "c.txt": b""})
    rows, bad = read(tmp_path)
    assert [row["text"] for row in rows] == ["good"]
    assert bad == [("/b/bad.txt:2", "invalid UTF-8 at byte 8"), ("/c.txt:1", "empty text")]


def test_a_file_over_the_limit_is_rejected_unread(tmp_path):
    write(tmp_path, {"a.txt": b"0123456789", "b.txt": b"0123456789x"})
    with open(tmp_path / "c.txt", "wb") as file:
        file.truncate(1 << 40)
    rows, bad = read(tmp_path, ReadOptions(max_document_bytes=10))
    assert [row["path"] for row in rows] == ["a.txt"]
    assert [where for where, _ in bad] == ["/b.txt:1", "/c.txt:1"]


def test_links_and_hidden_files_are_passed_over(tmp_path):
    (tmp_path / "outside").mkdir()
    write(tmp_path / "outside", {"secret.txt": b"secret"})
    root = write(
        tmp_path / "in", {"a.txt": b"a", ".hidden.txt": b"h", ".git/x.txt": b"g", "~$b.docx": b"l"}
    )
    (root / "link.txt").symlink_to(tmp_path / "outside" / "secret.txt")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe.txt")
    rows, bad = read(root)
    assert ([row["path"] for row in rows], bad) == (["a.txt"], [])


def test_a_file_swapped_for_a_link_is_not_followed(tmp_path):
    from ledger.corpus.readers._walk import open_regular

    write(tmp_path, {"a.txt": b"a"})
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")
    with pytest.raises(OSError):
        open_regular(tmp_path / "b.txt", follow=False)
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(InputError, match="not a regular file"):
        open_regular(tmp_path / "pipe.txt", follow=False)


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (["*.txt"], ["a.txt"]),
        (["**/*.txt"], ["a.txt", "x/b.txt", "x/y/c.txt"]),
        (["x/*.txt"], ["x/b.txt"]),
        (["x/**"], ["x/b.txt", "x/y/c.txt", "x/y/d.md"]),
        (["x/**/c.*", "a.tx?"], ["a.txt", "x/y/c.txt"]),
        (["**/[b-c].txt"], ["x/b.txt", "x/y/c.txt"]),
        (["**/[!b].txt"], ["a.txt", "x/y/c.txt"]),
        (["*"], ["a.txt", "notes"]),
    ],
)
def test_globs(globs, expected, tmp_path):
    write(tmp_path, {n: b"t" for n in ("a.txt", "x/b.txt", "x/y/c.txt", "x/y/d.md", "notes")})
    rows, _ = read(tmp_path, ReadOptions(include=tuple(globs)))
    assert [row["path"] for row in rows] == expected


@pytest.mark.parametrize("glob", ["", "/etc/*", "a\\b", "x" * 501, "[z-a].txt"])
def test_a_glob_that_cannot_be_read_is_refused(glob, tmp_path):
    write(tmp_path, {"a.txt": b"t"})
    with pytest.raises(InputError, match="glob"):
        read(tmp_path, ReadOptions(include=(glob,)))


def test_a_name_that_is_no_utf8_is_shown(tmp_path):
    (tmp_path / os.fsdecode(b"a\xff.txt")).write_bytes(b"a")
    rows, _ = read(tmp_path)
    assert rows[0]["path"] == "a\\xff.txt"


def test_one_text_file_is_an_input(tmp_path):
    write(tmp_path, {"Notes.TXT": b"a"})
    (item,) = expand([tmp_path / "Notes.TXT"], None)
    rows, bad = read(item.path, reader=item.reader)
    assert bad == []
    assert rows[0]["path"] == "Notes.TXT"


def test_many_files_come_in_several_tables_in_order(tmp_path):
    write(tmp_path, {f"{number:05d}.txt": b"%d" % number for number in range(2100)})
    rows, _ = read(tmp_path)
    assert [row["text"] for row in rows] == [str(number) for number in range(2100)]
