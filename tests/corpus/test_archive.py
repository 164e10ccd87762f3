"""Archives that lie, climb, loop, swell or stop short."""

import gzip
import io
import subprocess
import sys
import tarfile

import pytest

from ledger.corpus.readers import ReadOptions
from ledger.errors import MalformedError
from tests.corpus.helpers import FIXTURES, read


def member(name, data=b"text", kind=tarfile.REGTYPE, **fields):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data) if kind == tarfile.REGTYPE else 0
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def tar(*members, form=tarfile.PAX_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return buffer.getvalue()


@pytest.fixture
def file(tmp_path):
    def write(data, name="f.tar.gz"):
        path = tmp_path / name
        path.write_bytes(data if name.endswith(".tar") else gzip.compress(data))
        return path

    return write


def header(**fields):
    info = tarfile.TarInfo("a.txt")
    for key, value in fields.items():
        setattr(info, key, value)
    return bytearray(info.tobuf(tarfile.GNU_FORMAT))


def summed(block):
    """A header block with its checksum made right."""
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


END = bytes(1024)


def test_members_are_documents_by_their_ordinal():
    rows, bad = read(FIXTURES / "archive" / "notes-1.tar.gz")
    assert bad == []
    assert [(row["row"], row["path"]) for row in rows] == [
        (0, "notes-1/docs/garden/beans.md"),
        (1, "notes-1/docs/garden/compost.txt"),
        (2, "notes-1/docs/garden/water.rst"),
        (3, "notes-1/docs/kitchen/bread.html"),
        (4, "notes-1/docs/kitchen/soup.txt"),
        (5, "notes-1/docs/kitchen/tee.txt"),
    ]
    assert "file" not in rows[0]


def test_include_does_not_renumber():
    path = FIXTURES / "archive" / "notes-1.tar.gz"
    rows, _ = read(path, ReadOptions(include=("*/docs/kitchen/*.txt",)))
    assert [row["row"] for row in rows] == [4, 5]


@pytest.mark.parametrize("name", ["f.tar", "f.tar.gz", "f.tgz"])
def test_every_ending(name, file):
    rows, bad = read(file(tar(member("./a.txt")), name))
    assert ([(row["path"], row["text"]) for row in rows], bad) == ([("a.txt", "text")], [])


@pytest.mark.parametrize("name", ["../a.txt", "/etc/a.txt", "a/../../b.txt", "a/.."])
def test_a_name_that_climbs_out_is_rejected(name, file):
    include = ReadOptions(include=("**",)) if name == "a/.." else ReadOptions()
    if name.startswith("/"):
        include = ReadOptions(include=("**/*.txt", "**"))
    rows, bad = read(file(tar(member(name), member("ok.txt"))), include)
    assert [row["path"] for row in rows] == ["ok.txt"]
    assert bad == [(f"!{name}", "a name that leaves the archive")]


def test_links_devices_and_pipes_are_never_documents(file):
    path = file(
        tar(
            member("a.txt", kind=tarfile.SYMTYPE, linkname="/etc/passwd"),
            member("b.txt", kind=tarfile.LNKTYPE, linkname="f.txt"),
            member("c.txt", kind=tarfile.CHRTYPE),
            member("d.txt", kind=tarfile.FIFOTYPE),
            member("e.txt", kind=tarfile.DIRTYPE),
            member("f.txt"),
        )
    )
    rows, bad = read(path)
    assert ([(row["row"], row["path"]) for row in rows], bad) == ([(5, "f.txt")], [])


def test_bad_members_are_rejected_by_name(file):
    path = file(tar(member("a.txt", b""), member("b.txt", b"x\ny\xff"), member("c.txt", b"c" * 9)))
    rows, bad = read(path, ReadOptions(max_document_bytes=8))
    assert rows == []
    assert bad == [
        ("!a.txt", "empty text, line 1"),
        ("!b.txt", "invalid UTF-8 at byte 4, line 2"),
        ("!c.txt", "text of 9 bytes, expected at most 8"),
    ]


def test_a_name_that_is_no_utf8_is_shown(file):
    data = tar(member("a\udcff.txt"), form=tarfile.GNU_FORMAT)
    rows, _ = read(file(data))
    assert rows[0]["path"] == "a\\xff.txt"


def test_a_long_name(file):
    name = "d/" * 200 + "a.txt"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        rows, _ = read(file(tar(member(name), form=form)))
        assert rows[0]["path"] == name


# truncation and damage


def test_every_truncation_is_malformed(file):
    whole = tar(member("a.txt", b"a" * 700), member("b.txt", b"b" * 30))
    size = 512 + 1024 + 512 + 512
    for cut in [0, 1, 511, 512, 513, 1211, 1212, 1536, 2047, 2048, 2060, 2559, size]:
        with pytest.raises(MalformedError, match="tar"):
            read(file(whole[:cut]))
    rows, bad = read(file(whole[: size + 512]))
    assert (len(rows), bad) == (2, [])


def test_truncated_gzip_is_malformed(tmp_path):
    data = (FIXTURES / "archive" / "notes-1.tar.gz").read_bytes()
    for cut in (-1, -8, -20, len(data) // 2, 12, 0):
        (tmp_path / "f.tar.gz").write_bytes(data[:cut])
        with pytest.raises(MalformedError, match=r"f\.tar\.gz"):
            read(tmp_path / "f.tar.gz")


def test_a_damaged_checksum_after_the_last_member_is_malformed(tmp_path):
    data = bytearray((FIXTURES / "archive" / "notes-1.tar.gz").read_bytes())
    data[-6] ^= 1
    (tmp_path / "f.tar.gz").write_bytes(data)
    with pytest.raises(MalformedError, match="broken gzip"):
        read(tmp_path / "f.tar.gz")


def test_a_damaged_header_in_the_middle_is_not_the_end(file):
    whole = bytearray(tar(member("a.txt"), member("b.txt"), member("c.txt")))
    whole[1024 + 20] ^= 0xFF  # the second header's name
    with pytest.raises(MalformedError, match=r"end-of-archive|broken tar"):
        read(file(bytes(whole)))


def test_what_is_no_archive_is_malformed(file):
    for data in (b"", b"text", b"x" * 2000):
        with pytest.raises(MalformedError, match="tar"):
            read(file(data))


def test_an_empty_archive_has_no_documents(file):
    assert read(file(END)) == ([], [])


# hostile numbers


def test_a_negative_size_does_not_loop(file):
    block = header()
    block[124:136] = b"\xff" * 11 + b"\x00"  # base 256, -256
    with pytest.raises(MalformedError):
        read(file(summed(block) + END))


def test_a_negative_size_in_an_extended_header_does_not_loop(file):
    data = tar(member("a.txt", pax_headers={"size": "-512"}), member("b.txt"))
    with pytest.raises(MalformedError):
        read(file(data))


def test_a_huge_extended_header_is_refused(file):
    block = header(name="x", type=tarfile.XHDTYPE, size=1 << 33)
    with pytest.raises(MalformedError, match="a tar header of"):
        read(file(bytes(block) + END))


def test_a_huge_long_name_is_refused(file):
    block = header(name="x", type=tarfile.GNUTYPE_LONGNAME, size=1 << 33)
    with pytest.raises(MalformedError, match="a tar header of"):
        read(file(bytes(block) + END))


def test_a_thousand_headers_in_a_row_do_not_overflow(file):
    body = b"12 path=a/b\n".ljust(512, b"\0")
    block = bytes(header(name="x", type=tarfile.XHDTYPE, size=12)) + body
    with pytest.raises(MalformedError, match="broken tar: maximum recursion"):
        read(file(block * 5000 + bytes(header()) + END))


def test_a_sparse_member_is_not_blown_up(file):
    block = header(type=tarfile.GNUTYPE_SPARSE)
    block[386:398] = b"%011o\0" % 0  # first map entry: at 0 ...
    block[398:410] = b"%011o\0" % 0  # ... of 0 bytes
    block[483:495] = b"%011o\0" % 0o77777777777  # real size 8 GiB
    rows, bad = read(file(summed(block) + tar(member("b.txt"))))
    assert ([row["path"] for row in rows], bad) == (["b.txt"], [])


@pytest.mark.parametrize("time", ["nan", "inf", "-1", "1e300"])
def test_a_time_that_is_none_is_unknown(time, file):
    from ledger.corpus.readers._tar import members

    data = tar(member("a.txt", pax_headers={"mtime": time}))
    (found,) = members(file(data), ReadOptions())
    assert found.modified is None


# bounds


def test_too_many_members_are_refused(file):
    data = tar(*(member(f"{number}.txt") for number in range(11)))
    with pytest.raises(MalformedError, match="over 10 members"):
        read(file(data), ReadOptions(max_members=10))
    assert len(read(file(data), ReadOptions(max_members=11))[0]) == 11


def test_too_many_bytes_are_refused(file):
    data = tar(member("a.bin", b"x" * 50_000))
    with pytest.raises(MalformedError, match="over 20000 unpacked bytes"):
        read(file(data), ReadOptions(max_total_bytes=20_000))


BOMB = """
import sys
from pathlib import Path
from ledger.corpus.readers import ReadOptions, reader_for
from ledger.errors import MalformedError
from tests.corpus.helpers import peak_mib
path = Path(sys.argv[1])
try:
    for _ in reader_for(path).read(path, ReadOptions()):
        pass
except MalformedError as error:
    print(error)
    print(peak_mib() < 300)
"""


def test_a_bomb_is_refused_in_bounded_memory(tmp_path, root):
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb", compresslevel=6) as packed:
        packed.write(bytes(header(name="zeros.bin", size=512 << 20)))
        for _ in range(512):
            packed.write(bytes(1 << 20))
        packed.write(END)
    assert path.stat().st_size < 1 << 20
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(path)], cwd=root, capture_output=True, text=True
    )
    assert "expected at most 200 times as many" in done.stdout, done
    assert done.stdout.endswith("True\n")
