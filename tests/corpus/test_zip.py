"""Archives whose directory lies, climbs, swells or hides, and the ones that are sound."""

import io
import re
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest

from ledger.corpus.document import Passed
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.errors import MalformedError
from tests.corpus.helpers import FIXTURES, read


def pack(*members, method=zipfile.ZIP_DEFLATED):
    """A zip of (name or ZipInfo, bytes)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data, compress_type=None if isinstance(name, str) else method)
    return buffer.getvalue()


def info(name, mode=0o100644):
    found = zipfile.ZipInfo(name)
    found.external_attr = mode << 16
    return found


@pytest.fixture
def file(tmp_path):
    def write(data, name="f.zip"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def passed(path):
    found = reader_for(path).read(path, ReadOptions())
    return {one.what: one.count for one in found if isinstance(one, Passed)}


def test_the_fixture_is_a_wiki():
    path = FIXTURES / "zip" / "wiki.zip"
    rows, bad = read(path)
    assert bad == []
    assert {row["content_type"] for row in rows} == {"text/markdown", "text/html", "text/plain"}
    assert passed(path) == {"members ending in .png": 1}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_members_are_documents_by_their_ordinal(method, file):
    path = file(
        pack(
            ("d/", b""), ("d/a.md", b"# a"), ("b.bin", b"x"), ("c.txt", b"c" * 9999), method=method
        )
    )
    rows, bad = read(path)
    assert bad == []
    assert [(row["row"], row["path"], len(row["text"])) for row in rows] == [
        (1, "d/a.md", 3),
        (3, "c.txt", 9999),
    ]
    assert "file" not in rows[0]
    assert passed(path) == {"members ending in .bin": 1}
    assert [row["row"] for row in read(path, ReadOptions(include=("**/*.txt",)))[0]] == [3]


@pytest.mark.parametrize(
    "name", ["../a.txt", "/etc/a.txt", "a/../../b.txt", "..\\a.txt", "C:\\a.txt", "C:/a.txt"]
)
def test_a_name_that_climbs_out_is_rejected(name, file):
    rows, bad = read(file(pack((name, b"x"), ("ok.txt", b"y"))))
    assert [row["path"] for row in rows] == ["ok.txt"]
    assert [reason for _, reason in bad] == ["a name that leaves the archive"]


def test_a_zero_byte_does_not_hide_the_end_of_a_name(file):
    data = pack(("a.exe_a.txt", b"x")).replace(b"a.exe_a.txt", b"a.exe\0a.txt")
    rows, bad = read(file(data))
    assert rows == []
    assert [reason for _, reason in bad] == ["a name with a zero byte"]


def test_a_link_is_rejected(file):
    rows, bad = read(file(pack((info("a.txt", 0o120777), b"/etc/passwd"), (info("b.txt"), b"b"))))
    assert [row["text"] for row in rows] == ["b"]
    assert bad == [("!a.txt", "a link, expected a file")]


def test_what_macos_and_editors_hide_is_no_document(file):
    path = file(pack(("__MACOSX/._a.md", b"\0\5\x16\7"), (".git/b.md", b"x"), ("a.md", b"a")))
    rows, bad = read(path)
    assert ([row["path"] for row in rows], bad) == (["a.md"], [])
    assert passed(path) == {"hidden members": 2}


def test_names_are_utf8_said_or_not_and_else_of_the_old_code_page(file):
    data = pack(("grün.txt", b"a"), ("xx.txt", b"b"), ("yy.txt", b"c"))
    data = data.replace(b"xx.txt", "ü.txt".encode()).replace(b"yy.txt", b"\x81\x81.txt")
    rows, bad = read(file(data))
    assert ([row["path"] for row in rows], bad) == (["grün.txt", "ü.txt", "üü.txt"], [])


def test_a_name_that_says_it_is_utf8_and_is_not(file):
    data = pack(("gr\u00fcn.txt", b"a")).replace("ü".encode(), b"\xff\xfe")
    with pytest.raises(MalformedError, match="a directory that cannot be read"):
        read(file(data))


def test_bad_members_are_rejected_by_name(file):
    path = file(pack(("a.txt", b""), ("b.txt", b"x\ny\xff"), ("c.txt", b"c" * 9)))
    rows, bad = read(path, ReadOptions(max_document_bytes=8))
    assert rows == []
    assert bad == [
        ("!a.txt", "empty text, line 1"),
        ("!b.txt", "invalid UTF-8 at byte 4, line 2"),
        ("!c.txt", "text of 9 bytes, expected at most 8"),
    ]


# lies


def central(data, name, **fields):
    """The archive with fields of one directory entry changed."""
    places = {"flags": (8, "<H"), "method": (10, "<H"), "crc": (16, "<I")}
    places |= {"packed": (20, "<I"), "size": (24, "<I"), "offset": (42, "<I")}
    at = data.rindex(b"PK\x01\x02")
    while data[at + 46 : at + 46 + len(name)] != name:
        at = data.rindex(b"PK\x01\x02", 0, at)
    changed = bytearray(data)
    for key, value in fields.items():
        place, form = places[key]
        struct.pack_into(form, changed, at + place, value)
    return bytes(changed)


TWO = pack(("a.txt", b"abc" * 500), ("b.txt", b"good"))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"size": 5}, "not the 5 bytes"),
        ({"size": 5, "crc": zlib.crc32(b"abcab")}, "not the 5 bytes"),
        ({"size": 5000}, "not the 5000 bytes"),
        ({"packed": 3}, "not the 1500 bytes"),
        ({"crc": 1}, "CRC-32"),
        ({"method": 0}, "another member"),
        ({"method": 99}, "packed by method 99|another member"),
        ({"flags": 1}, "encrypted"),
    ],
)
def test_a_directory_that_lies_about_a_member(fields, reason, file):
    rows, bad = read(file(central(TWO, b"a.txt", **fields)))
    assert [row["text"] for row in rows] == ["good"]
    assert [where for where, _ in bad] == ["!a.txt"]
    assert re.search(reason, bad[0][1])


def test_a_damaged_member_is_rejected(file):
    data = bytearray(TWO)
    data[data.index(b"a.txt") + 8] ^= 0xFF
    rows, bad = read(file(bytes(data)))
    assert ([row["text"] for row in rows], len(bad)) == (["good"], 1)


def test_a_member_that_goes_on_after_its_end_is_rejected(file):
    stream = zlib.compressobj(wbits=-15)
    deflated = stream.compress(b"seen") + stream.flush()
    data = pack(("a.txt", deflated + b"hidden"), method=zipfile.ZIP_STORED)
    data = central(data, b"a.txt", method=8, size=4, crc=zlib.crc32(b"seen"))
    data = data[:8] + struct.pack("<H", 8) + data[10:]
    rows, bad = read(file(data))
    assert rows == []
    assert "not the 4 bytes" in bad[0][1]


def test_members_that_share_bytes_are_refused(file):
    data = central(TWO, b"b.txt", offset=0)
    with pytest.raises(MalformedError, match="members that overlap at byte 0"):
        read(file(data))


def test_a_member_before_the_first_byte_is_refused(file):
    data = bytearray(TWO)
    end = data.rindex(b"PK\x05\x06")
    (offset,) = struct.unpack_from("<I", data, end + 16)
    struct.pack_into("<I", data, end + 16, offset + 9)
    with pytest.raises(MalformedError, match="a member before the first byte"):
        read(file(bytes(data)))


def test_a_member_inside_another_is_refused(file):
    inner = pack(("b.txt", b"b" * 50), method=zipfile.ZIP_STORED)
    outer = pack(("a.txt", inner), ("b.txt", b"b" * 50), method=zipfile.ZIP_STORED)
    data = central(outer, b"b.txt", offset=outer.index(inner))
    with pytest.raises(MalformedError, match="overlap"):
        read(file(data))


def test_an_archive_in_an_archive_is_counted_not_opened(file):
    path = file(pack(("inner.zip", pack(("a.txt", b"a"))), ("b.txt", b"b")))
    assert [row["text"] for row in read(path)[0]] == ["b"]
    assert passed(path) == {"members ending in .zip": 1}


def test_every_truncation_is_malformed(file):
    for cut in (0, 1, 30, len(TWO) // 2, len(TWO) - 30, len(TWO) - 22, len(TWO) - 1):
        with pytest.raises(MalformedError, match="not a sound zip"):
            read(file(TWO[:cut]))


def test_an_empty_archive_has_no_documents(file):
    assert read(file(pack())) == ([], [])


def test_a_directory_of_impossible_size_is_not_read(file):
    data = bytearray(TWO)
    end = data.rindex(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, 0xFFFFFFF0)
    with pytest.raises(MalformedError, match="a directory of 4294967280 bytes"):
        read(file(bytes(data)))


def test_too_many_members_are_refused(file):
    data = pack(*((f"{number}.txt", b"x") for number in range(11)))
    with pytest.raises(MalformedError, match="over 10 members"):
        read(file(data), ReadOptions(max_members=10))
    assert len(read(file(data), ReadOptions(max_members=11))[0]) == 11


def test_too_many_bytes_are_refused(file):
    data = pack(*((f"{number}.txt", b"x" * 900) for number in range(9)))
    with pytest.raises(MalformedError, match="over 5000 unpacked bytes"):
        read(file(data), ReadOptions(max_total_bytes=5000))


def test_a_large_archive_format_is_read(file):
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w") as archive,
        archive.open("a.txt", "w", force_zip64=True) as member,
    ):
        member.write(b"large")
    assert [row["text"] for row in read(file(buffer.getvalue()))[0]] == ["large"]


BOMB = """
import sys
from pathlib import Path
from ledger.corpus.document import Rejected
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.errors import MalformedError
from tests.corpus.helpers import peak_mib
path = Path(sys.argv[1])
try:
    for found in reader_for(path).read(path, ReadOptions()):
        print(found.reason if isinstance(found, Rejected) else "text")
except MalformedError as error:
    print(error)
print(peak_mib() < 400)
"""


def test_a_bomb_is_refused_in_bounded_memory(tmp_path, root):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("huge.txt", bytes(80 << 20))
        for number in range(6):
            archive.writestr(f"{number}.txt", b"a" * (40 << 20))
    assert path.stat().st_size < 1 << 20
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(path)], cwd=root, capture_output=True, text=True
    )
    assert "text of 83886080 bytes, expected at most 67108864" in done.stdout, done
    assert "expected at most 200 times as many" in done.stdout, done
    assert done.stdout.endswith("True\n"), done
