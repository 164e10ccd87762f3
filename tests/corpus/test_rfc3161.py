"""Time stamps: whose, over what, and when. The tokens are in stamps/, made by its make.sh."""

import shutil
import sys
from hashlib import new, sha256
from pathlib import Path

import pytest

from ledger.corpus.evidence import NotCheckedError, Reading, check, level
from ledger.corpus.evidence.rfc3161 import check_token, read_token
from ledger.errors import (
    InputError,
    MalformedError,
    MissingExtraError,
    UntrustedSignerError,
    VerificationError,
)

STAMPS = Path(__file__).parent / "stamps"
NOTES = (STAMPS / "notes.txt").read_bytes()
PINNED = (STAMPS / "pinned-root.pem").read_bytes()
AT = read_token((STAMPS / "notes.tsr").read_bytes()).at


@pytest.fixture
def here(tmp_path):
    shutil.copytree(STAMPS, tmp_path / "stamps")
    return tmp_path / "stamps"


def look(path, **settings):
    settings = {"tsa_root": "pinned-root.pem", **settings}
    base = path if path.is_dir() else path.parent
    return check("rfc3161", path, {k: v for k, v in settings.items() if v}, base)


def token(name):
    return (STAMPS / name).read_bytes()


def test_a_stamp_by_a_pinned_authority_is_the_best_evidence(here):
    found = look(here / "notes.txt", token="notes.tsr")
    assert (found.outcome, found.binding, level(found.type, found.outcome)) == (
        "checked", "exact_bytes", 5,
    )  # fmt: skip
    assert found.existed_by == AT + 2  # stated accuracy 1.5 s, rounded up
    assert found.issuer.startswith("CN=pinned time stamps, root sha256:")
    assert found.response == token("notes.tsr")
    assert "proves only its own date" in found.detail
    assert found.documents is None


@pytest.mark.parametrize("name", ["notes.token", "notes-512.tsr", "chain.tsr"])
def test_tokens_as_authorities_send_them(name, here):
    """Bare, over SHA-512, and with certificates in no order."""
    assert look(here / "notes.txt", token=name).outcome == "checked"


def test_without_a_pinned_root_a_token_proves_nothing(here):
    with pytest.raises(NotCheckedError, match="without a pinned root") as caught:
        look(here / "notes.txt", token="notes.tsr", tsa_root=None)
    assert "tsa_root" in caught.value.hint


def test_a_token_from_another_authority_than_the_pinned(here):
    for token, root in (("other.tsr", "pinned-root.pem"), ("chain.tsr", "other-root.pem")):
        with pytest.raises(UntrustedSignerError, match="time stamps does not verify"):
            look(here / "notes.txt", token=token, tsa_root=root)
    assert look(here / "notes.txt", token="other.tsr", tsa_root="other-root.pem")


def test_one_of_several_pinned_roots_is_named(here):
    both = here / "both.pem"
    both.write_bytes((here / "other-root.pem").read_bytes() + PINNED)
    found = look(here / "notes.txt", token="notes.tsr", tsa_root="both.pem")
    assert found.issuer == look(here / "notes.txt", token="notes.tsr").issuer


def test_other_bytes_than_the_stamped(here):
    (here / "notes.txt").write_bytes(NOTES + b" ")
    for name in ("notes.tsr", "notes-512.tsr"):
        with pytest.raises(VerificationError, match="token is over sha"):
            look(here / "notes.txt", token=name)


def test_a_stamp_over_sha1_is_refused(here):
    with pytest.raises(VerificationError, match="over SHA-1"):
        look(here / "notes.txt", token="notes-sha1.tsr")


def test_a_chain_that_has_expired_since_still_dates(here):
    found = look(here / "notes.txt", token="expired.tsr", tsa_root="expired-root.pem")
    assert found.outcome == "checked"


def test_a_chain_that_had_expired_when_it_stamped_dates_nothing(here):
    with pytest.raises(VerificationError, match="expired"):
        look(here / "notes.txt", token="late.tsr", tsa_root="late-root.pem")


def test_a_stamped_list_dates_what_it_names(here):
    found = look(here / "notes.txt", token="sums.tsr", over="SHA256SUMS")
    assert found.outcome == "checked"
    again = here / "proof"
    again.write_bytes(found.response)
    assert look(here / "notes.txt", token="proof") == found  # the stored proof is enough


def test_a_stamped_list_that_does_not_name_the_input(here):
    (here / "other.txt").write_text("another\n")
    with pytest.raises(VerificationError, match="lists not SHA-256"):
        look(here / "other.txt", token="sums.tsr", over="SHA256SUMS")


def test_a_list_changed_after_it_was_stamped(here):
    with open(here / "SHA256SUMS", "a") as file:
        file.write(f"{sha256(b'x').hexdigest()}  x\n")
    with pytest.raises(VerificationError, match="token is over"):
        look(here / "notes.txt", token="sums.tsr", over="SHA256SUMS")


def test_a_stamped_list_dates_each_file_of_a_folder_it_names(here, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("notes.txt", "soup.txt"):
        shutil.copy(here / name, folder)
    settings = {
        name: str(here / file)
        for name, file in (
            ("token", "sums.tsr"), ("over", "SHA256SUMS"), ("tsa_root", "pinned-root.pem"),
        )
    }  # fmt: skip
    whole = check("rfc3161", folder, settings, Path(), Reading("folder"))
    assert whole.existed_by == AT + 2
    assert whole.documents == {
        sha256((folder / name).read_bytes()).digest(): AT + 2 for name in ("notes.txt", "soup.txt")
    }
    (folder / "new.txt").write_text("written today\n")
    part = check("rfc3161", folder, settings, Path(), Reading("folder"))
    assert part.existed_by is None  # nothing is said of the folder as a whole
    assert part.documents == whole.documents
    assert "2 of 3 files" in part.detail


@pytest.mark.parametrize("raw", [b"", b"\x30", b"-----BEGIN", b"\x30\x03\x02\x01\x00", b"x" * 2000])
def test_bytes_that_are_no_token(raw, here):
    (here / "bad.tsr").write_bytes(raw)
    with pytest.raises(MalformedError, match="not a token"):
        look(here / "notes.txt", token="bad.tsr")


def test_a_root_that_is_none_names_its_file(here):
    (here / "bad.pem").write_text("nothing\n")
    with pytest.raises(MalformedError, match=r"bad\.pem"):
        look(here / "notes.txt", token="notes.tsr", tsa_root="bad.pem")
    with pytest.raises(InputError, match="without token"):
        look(here / "notes.txt", token=None)


def test_no_flipped_byte_changes_what_a_token_proves():
    raw = token("notes.tsr")
    digest = sha256(NOTES).digest()
    known = check_token(raw, digest, PINNED)
    survived = 0
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << place % 8
        try:
            found = check_token(bytes(changed), digest, PINNED)
        except (VerificationError, MalformedError):
            continue
        survived += 1
        assert (found.at, found.imprint) == (known.at, known.imprint)
    assert survived < len(raw) // 10


def test_other_hashes_of_the_same_bytes():
    raw = token("notes-512.tsr")
    assert read_token(raw).algorithm == "sha512"
    assert check_token(raw, new("sha512", NOTES).digest(), PINNED).at == AT
    with pytest.raises(VerificationError, match="over sha512"):
        check_token(raw, sha256(NOTES).digest(), PINNED)


def test_the_library_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(MissingExtraError) as caught:
        read_token(token("notes.tsr"))
    assert "headwater[timestamp]" in caught.value.hint
