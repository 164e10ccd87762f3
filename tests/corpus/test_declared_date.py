"""A person's word for a date, and the small parts that evidence is read with."""

import io
import tarfile
from hashlib import sha256

import pytest

from ledger.corpus.evidence import Reading, check, level
from ledger.corpus.evidence._container import member_digests
from ledger.corpus.evidence._listing import listed
from ledger.corpus.evidence._proofs import pack, unpack
from ledger.corpus.readers import ReadOptions
from ledger.errors import InputError, MalformedError, UnknownNameError
from tests.corpus.signing import at


def declare(path, **settings):
    return check("declared_date", path, {"because": "I was there"} | settings, path.parent)


@pytest.fixture
def note(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("note\n")
    return path


@pytest.mark.parametrize(
    ("date", "last"),
    [
        ("2019", "2019-12-31T23:59:59"),
        ("2019-02", "2019-02-28T23:59:59"),
        ("2020-02", "2020-02-29T23:59:59"),
        ("2019-05-01", "2019-05-01T23:59:59"),
    ],
)
def test_a_period_dates_by_its_end_and_only_by_somebodys_word(date, last, note):
    found = declare(note, date=date, issuer="The gardener")
    assert (found.outcome, found.existed_by) == ("asserted", at(last))
    assert level(found.type, "checked") == level(found.type, found.outcome) == 1
    assert found.issuer == "The gardener"
    assert found.response == b"I was there"
    assert "not checked" in found.detail


@pytest.mark.parametrize(
    "date", ["", "19", "2019-13", "2019-02-30", "2019-5", "2019-05-01T00:00:00Z", "²019", "2019-00"]
)
def test_a_date_that_is_none(date, note):
    with pytest.raises(InputError, match="a date that is none"):
        declare(note, date=date)


def test_a_reason_is_asked_for(note):
    for because in ("", "  ", "x" * 2001):
        with pytest.raises(InputError, match="with a reason of"):
            declare(note, date="2019", because=because)
    with pytest.raises(UnknownNameError, match="unknown setting"):
        declare(note, date="2019", why="x")


def test_a_folder_is_dated_file_by_file(note):
    (note.parent / "copy.txt").write_text("note\n")
    (note.parent / "b.md").write_text("b\n")
    settings = {"date": "2019", "because": "x"}
    found = check("declared_date", note.parent, settings, reading=Reading("folder"))
    assert set(found.documents) == {sha256(b"note\n").digest(), sha256(b"b\n").digest()}
    assert found.existed_by is not None
    part = check("declared_date", note.parent, settings, reading=Reading("folder", only="*.txt"))
    assert (set(part.documents), part.existed_by) == ({sha256(b"note\n").digest()}, None)
    assert "2 of 3 files" in part.detail
    with pytest.raises(InputError, match="holds no"):
        check("declared_date", note.parent, settings, reading=Reading("folder", only="d*"))


def test_lists_of_digests_as_people_publish_them():
    one, two, three = (sha256(name).hexdigest() for name in (b"1", b"2", b"3"))
    text = (
        f"checksums of {'0' * 64} things\n{one}  a b.txt\r\n{two} *c.bin\n"
        f"SHA256 (d (1).txt) = {three}\n{one.upper()}  again\n{'0' * 63}  short\n{'0' * 65}  long\n"
        f"sha256sum: {'1' * 64}\n"
    ).encode()
    assert {digest.hex(): name for digest, name in listed(text).items()} == {
        one: "a b.txt",
        two: "c.bin",
        three: "d (1).txt",
    }


def test_a_stored_proof_of_several_files(tmp_path):
    files = {"release": b"r" * 700, "packages": b""}
    raw = pack(files)
    assert raw == pack(dict(files))
    assert unpack(tmp_path, raw, ("checksums", "release", "packages")) == files
    assert unpack(tmp_path, pack({"token": b"t"}), ("token", "over")) == {"token": b"t"}


def tar(*names, size=None, kind=tarfile.REGTYPE):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as made:
        for name in names:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, 1 if size is None else size
            made.addfile(info, io.BytesIO(b"x" * info.size))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "raw",
    [
        tar("../release"),
        tar("release", "release"),
        tar("release", kind=tarfile.SYMTYPE, size=0),
        tar("release", size=2000)[:1500],
        b"\0" * 257 + b"ustar" + b"\xff" * 500,
    ],
)
def test_a_stored_proof_that_lies(raw, tmp_path):
    with pytest.raises(MalformedError):
        unpack(tmp_path / "proof", raw, ("release", "packages"))


def test_containers_that_are_none_or_too_much(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(tar("a", "b", "c"))
    assert set(member_digests(path, ReadOptions()).values()) == {"a"}  # one digest, three names
    with pytest.raises(MalformedError, match="over 2 members"):
        member_digests(path, ReadOptions(max_members=2))
    with pytest.raises(MalformedError, match="unpacks to more"):
        member_digests(path, ReadOptions(max_total_bytes=600))
    for raw in (
        b"",
        b"x" * 600,
        b"!<arch>\n" + b"y" * 60,
        b"\x1f\x8b" + b"z" * 50,
        b"\xfd7zXZ" * 9,
    ):
        path.write_bytes(raw)
        try:
            assert member_digests(path, ReadOptions()) == {}
        except MalformedError as error:
            assert str(error).isprintable()
    with pytest.raises(InputError, match="no such file"):
        member_digests(tmp_path / "gone", ReadOptions())
