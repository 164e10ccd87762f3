"""Signed releases: chains that hold, chains that were bent, and keys nobody pinned."""

import gzip
import io
import lzma
import shutil
import tarfile
from hashlib import sha256

import pytest

from ledger.corpus.evidence import NotCheckedError, Reading, check, level
from ledger.errors import InputError, MalformedError, UnknownNameError, VerificationError
from tests.corpus.signing import at, gpg

SIGNED = at("2022-08-03T10:00:00")
DEB = b"!<arch>\nnot really a package\n"


@pytest.fixture(scope="module")
def keys():
    with gpg() as ring:
        ring.make("release@example.org", at("2020-01-01"))
        ring.make("short@example.org", at("2020-01-01"), "1y")
        ring.make("old@example.org", at("2005-01-01"), kind="rsa2048")
        ring.make("stranger@example.org", at("2020-01-01"))
        yield ring


@pytest.fixture
def here(tmp_path, keys):
    pinned = ("release@example.org", "short@example.org", "old@example.org")
    (tmp_path / "ring.gpg").write_bytes(keys.ring(*pinned))
    (tmp_path / "notes.deb").write_bytes(DEB)
    return tmp_path


def digest(data):
    return sha256(data).hexdigest()


def look(path, **settings):
    settings = {"keyring": "ring.gpg"} | settings
    return check("openpgp_release", path, {k: v for k, v in settings.items() if v}, path.parent)


def sums(*files):
    return "".join(f"{digest(data)}  {name}\n" for name, data in files).encode()


def debian(here, keys, *, packages=None, when=SIGNED, date=None, sign="release@example.org"):
    """A small archive: InRelease lists Packages.xz, which lists the package."""
    if packages is None:
        packages = (
            b"Package: other\nVersion: 1\nSHA256: " + digest(b"other").encode() + b"\n\n"
            b"Package: notes\nVersion: 4.1-1\nFilename: pool/notes.deb\nSHA256: "
            + digest(DEB).encode() + b"\nDescription: notes\n"
        )  # fmt: skip
    packed = lzma.compress(packages)
    (here / "Packages.xz").write_bytes(packed)
    date = date or "Wed, 03 Aug 2022 09:59:00 UTC"
    release = (
        f"Origin: Test\nDate: {date}\nMD5Sum:\n 0 1 main/binary-amd64/Packages.xz\nSHA256:\n"
        f" {digest(packages)} {len(packages)} main/binary-amd64/Packages\n"
        f" {digest(packed)} {len(packed)} main/binary-amd64/Packages.xz\n"
        f"Acquire-By-Hash: yes\n"
    ).encode()
    (here / "InRelease").write_bytes(keys.clear_sign(sign, release, when))
    return release


def test_signed_checksums_date_a_release(here, keys):
    text = b"This file holds checksums.\n\n" + sums(("notes.deb", DEB))
    (here / "sums.asc").write_bytes(keys.clear_sign("release@example.org", text, SIGNED))
    found = look(here / "notes.deb", checksums="sums.asc")
    assert (found.outcome, found.existed_by, found.binding) == ("checked", SIGNED, "exact_bytes")
    assert level(found.type, found.outcome) == 3
    assert found.issuer.startswith("OpenPGP key ")
    assert "signer's own word" in found.detail
    assert "notes.deb" in found.detail


def test_a_detached_signature_and_an_armoured_keyring(here, keys):
    text = sums(("notes.deb", DEB))
    (here / "SHA256SUMS").write_bytes(text)
    (here / "SHA256SUMS.asc").write_bytes(keys.detach_sign("release@example.org", text, SIGNED))
    (here / "ring.asc").write_bytes(keys.ring("release@example.org", armour=True))
    settings = {"checksums": "SHA256SUMS", "signature": "SHA256SUMS.asc", "keyring": "ring.asc"}
    found = look(here / "notes.deb", **settings)
    assert found.existed_by == SIGNED
    (here / "proof").write_bytes(found.response)
    assert look(here / "notes.deb", proof="proof") == found
    (here / "SHA256SUMS").write_bytes(text + b"\n")
    with pytest.raises(VerificationError, match="bad signature"):
        look(here / "notes.deb", **settings)


def test_the_chain_of_a_debian_archive(here, keys):
    debian(here, keys)
    found = look(here / "notes.deb", release="InRelease", packages="Packages.xz")
    assert (found.outcome, found.existed_by) == ("checked", SIGNED)
    assert "notes 4.1-1" in found.detail
    assert "main/binary-amd64/Packages.xz" in found.detail
    (here / "proof").write_bytes(found.response)
    assert look(here / "notes.deb", proof="proof") == found


def test_packages_packed_otherwise_than_the_archive_has_them(here, keys):
    debian(here, keys)
    plain = lzma.decompress((here / "Packages.xz").read_bytes())
    (here / "Packages.gz").write_bytes(gzip.compress(plain))
    assert look(here / "notes.deb", release="InRelease", packages="Packages.gz").existed_by


def test_an_archive_signed_again_proves_only_the_later_day(here, keys):
    later = at("2026-07-11T10:00:00")
    debian(here, keys, when=later, date="Sat, 11 Jul 2026 10:00:07 UTC")
    found = look(here / "notes.deb", release="InRelease", packages="Packages.xz")
    assert found.existed_by == later + 7  # the file's own date is later than the signature's


def test_a_package_the_index_does_not_list(here, keys):
    debian(here, keys)
    (here / "notes.deb").write_bytes(DEB + b"x")
    with pytest.raises(VerificationError, match="lists not SHA-256"):
        look(here / "notes.deb", release="InRelease", packages="Packages.xz")


def test_an_index_the_release_does_not_list(here, keys):
    debian(here, keys)
    (here / "Packages.xz").write_bytes(
        lzma.compress(b"Package: notes\nSHA256: " + digest(DEB).encode() + b"\n")
    )
    with pytest.raises(VerificationError, match="does not list SHA-256"):
        look(here / "notes.deb", release="InRelease", packages="Packages.xz")


def test_a_digest_that_only_stands_in_another_section(here, keys):
    """MD5Sum and Description lines are no SHA256 section."""
    debian(here, keys)
    release = (
        b"Date: Wed, 03 Aug 2022 09:59:00 UTC\nSHA512:\n "
        + digest((here / "Packages.xz").read_bytes()).encode()
        + b" 1 main/Packages.xz\n"
    )
    (here / "InRelease").write_bytes(keys.clear_sign("release@example.org", release, SIGNED))
    with pytest.raises(VerificationError, match="does not list"):
        look(here / "notes.deb", release="InRelease", packages="Packages.xz")


def test_text_outside_the_signature_counts_for_nothing(here, keys):
    signed = keys.clear_sign("release@example.org", sums(("other", b"other")), SIGNED)
    (here / "sums.asc").write_bytes(signed + sums(("notes.deb", DEB)))
    with pytest.raises(VerificationError):
        look(here / "notes.deb", checksums="sums.asc")
    (here / "sums.asc").write_bytes(sums(("notes.deb", DEB)) + signed)
    with pytest.raises(MalformedError, match="no clear-signed text"):
        look(here / "notes.deb", checksums="sums.asc")
    twice = signed + keys.clear_sign("stranger@example.org", sums(("notes.deb", DEB)), SIGNED)
    (here / "sums.asc").write_bytes(twice)
    with pytest.raises(VerificationError):
        look(here / "notes.deb", checksums="sums.asc")


def test_a_signer_nobody_pinned(here, keys):
    signed = keys.clear_sign("stranger@example.org", sums(("notes.deb", DEB)), SIGNED)
    (here / "sums.asc").write_bytes(signed)
    with pytest.raises(VerificationError, match="keyring does not hold"):
        look(here / "notes.deb", checksums="sums.asc")
    with pytest.raises(NotCheckedError, match="without a pinned keyring"):
        look(here / "notes.deb", checksums="sums.asc", keyring=None)


def test_a_key_that_expired_after_it_signed_still_dates(here, keys):
    signed = keys.clear_sign("short@example.org", sums(("notes.deb", DEB)), at("2020-06-01"))
    (here / "sums.asc").write_bytes(signed)
    assert look(here / "notes.deb", checksums="sums.asc").existed_by == at("2020-06-01")


def test_a_signature_over_sha1_is_refused(here, keys):
    text = sums(("notes.deb", DEB))
    signed = keys.clear_sign("old@example.org", text, at("2010-01-01"), "SHA1")
    (here / "sums.asc").write_bytes(signed)
    with pytest.raises(VerificationError, match="SHA-1"):
        look(here / "notes.deb", checksums="sums.asc")
    signed = keys.clear_sign("old@example.org", text, at("2010-01-01"), "SHA512")
    (here / "sums.asc").write_bytes(signed)
    assert look(here / "notes.deb", checksums="sums.asc").existed_by == at("2010-01-01")


def test_without_gpgv_nothing_passes(here, keys, monkeypatch):
    signed = keys.clear_sign("release@example.org", sums(("notes.deb", DEB)), SIGNED)
    (here / "sums.asc").write_bytes(signed)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NotCheckedError, match="gpgv is not installed") as caught:
        look(here / "notes.deb", checksums="sums.asc")
    assert caught.value.exit_code == 4


def test_what_lies_in_a_listed_archive(here, keys, tmp_path):
    buffer = io.BytesIO()
    files = {"a.txt": b"one\n", "b.txt": b"two\n"}
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(f"notes-1/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    packed = buffer.getvalue()
    (here / "notes-1.tar.xz").write_bytes(packed)
    deb = b"!<arch>\n"
    for name, data in ((b"debian-binary", b"2.0\n"), (b"data.tar.xz", packed)):
        deb += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name, 0, 0, 0, b"100644", len(data))
        deb += data + b"\n" * (len(data) % 2)
    (here / "notes-1.deb").write_bytes(deb)
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in (files | {"new.txt": b"mine\n"}).items():
        (folder / name).write_bytes(data)
    for container in ("notes-1.tar.xz", "notes-1.deb"):
        text = sums((container, (here / container).read_bytes()))
        (here / "sums.asc").write_bytes(keys.clear_sign("release@example.org", text, SIGNED))
        settings = {
            name: str(here / file)
            for name, file in (
                ("checksums", "sums.asc"), ("keyring", "ring.gpg"), ("container", container),
            )
        }  # fmt: skip
        found = check("openpgp_release", folder, settings, here, Reading("folder"))
        assert found.binding == "container_member"
        assert found.existed_by is None
        assert found.documents == {sha256(data).digest(): SIGNED for data in files.values()}
        again = {"keyring": settings["keyring"], "proof": str(here / "proof")}
        (here / "proof").write_bytes(found.response)
        with pytest.raises(NotCheckedError, match="needs the container sha256:"):
            check("openpgp_release", folder, again, here, Reading("folder"))


def test_settings_that_are_wrong(here):
    with pytest.raises(InputError, match="expected release and packages, or checksums"):
        look(here / "notes.deb")
    with pytest.raises(InputError, match="expected release and packages"):
        look(here / "notes.deb", release="InRelease")
    with pytest.raises(InputError, match="no such file"):
        look(here / "notes.deb", checksums="gone")
    with pytest.raises(UnknownNameError, match="unknown setting"):
        look(here / "notes.deb", checksum="x")
    (here / "half.asc").write_bytes(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n")
    (here / "sums").write_bytes(b"x")
    with pytest.raises(MalformedError, match="cut short"):
        look(here / "notes.deb", checksums="sums", keyring="half.asc")


def test_packages_that_are_a_bomb(here, keys, monkeypatch):
    from ledger.corpus.evidence import openpgp_release

    monkeypatch.setattr(openpgp_release, "_PACKAGES", 1000)
    debian(here, keys, packages=b"\n" * 100_000)
    with pytest.raises(MalformedError, match="unpacks to over 1000 bytes"):
        look(here / "notes.deb", release="InRelease", packages="Packages.xz")
