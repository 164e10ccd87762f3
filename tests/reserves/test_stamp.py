"""Time stamps on a seal: asked for, put in, checked, and never taken for more than they are."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import (
    InputError,
    MissingExtraError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.reserves import layout
from ledger.reserves.opening.open import verify_reserve
from ledger.reserves.receipts.stamp import add_stamp, request_of
from tests.conftest import Ran
from tests.reserves.sealing import Corpus, copy, make_corpus, unlock
from tests.reserves.stamps import Authority


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return make_corpus(tmp_path / "corpus")


@pytest.fixture
def folder(corpus: Corpus, tmp_path: Path) -> Path:
    """A seal as it was written: nothing in it may be written to."""
    return corpus.seal(tmp_path / "out").folder


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def test_a_request_is_what_openssl_reads(
    folder: Path, tmp_path: Path, authority: Authority
) -> None:
    (tmp_path / "q.tsq").write_bytes(request_of(folder))
    ran = subprocess.run(
        ["openssl", "ts", "-query", "-in", tmp_path / "q.tsq", "-text"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    digest = sha256((folder / layout.STATEMENT).read_bytes()).hexdigest()
    said = "".join(
        part for line in ran.stdout.splitlines() if " - " in line
        for part in line.split(" - ")[1].split("   ")[0].replace("-", " ").split()
    )  # fmt: skip
    assert said == digest
    assert "Hash Algorithm: sha256" in ran.stdout
    assert "Certificate required: yes" in ran.stdout
    assert "Nonce: 0x" in ran.stdout
    assert request_of(folder) != request_of(folder)


def test_a_stamp_proves_since_when_and_no_more(
    folder: Path, corpus: Corpus, authority: Authority
) -> None:
    token = authority.answer(request_of(folder))
    stamp, new = add_stamp(folder, token, authority.root)
    assert new and stamp.pinned and stamp.at is not None
    assert verify_reserve(folder, corpus.keys).levels == (1, 2, 4)
    report = verify_reserve(folder, corpus.keys, tsa_roots=authority.root)
    assert [found.pinned for found in report.stamps] == [True]
    assert "proves unchanged since then" in report.text()
    assert "not that its texts are older" in report.text()
    assert report.data()["stamps"][0]["at"] == stamp.at


def test_an_authority_that_is_not_pinned_is_said(
    folder: Path, corpus: Corpus, authority: Authority, tmp_path: Path
) -> None:
    add_stamp(folder, authority.answer(request_of(folder)), authority.root)
    text = verify_reserve(folder, corpus.keys).text()
    assert "present, its authority not pinned here" in text
    assert "proves unchanged" not in text
    other = Authority(tmp_path / "other", "other")
    with pytest.raises(VerificationError, match="expected one by the pinned authority"):
        verify_reserve(folder, corpus.keys, tsa_roots=other.root)


def test_nothing_can_be_written_before_or_after(folder: Path, authority: Authority) -> None:
    add_stamp(folder, authority.answer(request_of(folder)), authority.root)
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o555 if path.is_dir() else 0o444), path


def test_the_same_token_again_and_a_second_one(
    folder: Path, corpus: Corpus, authority: Authority
) -> None:
    token = authority.answer(request_of(folder))
    assert add_stamp(folder, token, authority.root)[1]
    assert not add_stamp(folder, token, authority.root)[1]
    assert add_stamp(folder, authority.answer(request_of(folder)), authority.root)[1]
    report = verify_reserve(folder, corpus.keys, tsa_roots=authority.root)
    assert len(report.stamps) == 2


def test_a_kill_between_token_and_list_is_mended_by_running_again(
    folder: Path, corpus: Corpus, authority: Authority
) -> None:
    token = authority.answer(request_of(folder))
    add_stamp(folder, token, authority.root)
    place = unlock(folder) / layout.TIMESTAMPS
    (place / layout.SUMS).unlink()
    with pytest.raises(VerificationError):
        verify_reserve(folder, corpus.keys)
    add_stamp(folder, token, authority.root)
    assert len(verify_reserve(folder, corpus.keys).stamps) == 1


def test_a_token_over_something_else_is_not_put_in(
    folder: Path, corpus: Corpus, authority: Authority, tmp_path: Path
) -> None:
    other = corpus.seal(tmp_path / "other", name="other", before="2021-01-01").folder
    token = authority.answer(request_of(other))
    with pytest.raises(VerificationError, match="the time-stamp token is over sha256"):
        add_stamp(folder, token, authority.root)
    assert not (folder / layout.TIMESTAMPS).exists()


def test_a_token_of_an_authority_nobody_pinned_is_not_put_in(
    folder: Path, authority: Authority, tmp_path: Path
) -> None:
    token = authority.answer(request_of(folder))
    with pytest.raises(VerificationError, match="does not verify"):
        add_stamp(folder, token, Authority(tmp_path / "other", "other").root)
    assert not (folder / layout.TIMESTAMPS).exists()


def test_another_authority_s_stamp_fails_the_seal(
    folder: Path, corpus: Corpus, authority: Authority, tmp_path: Path
) -> None:
    """Each is checked up to the pinned root, if that is its own; a root of none of them is said."""
    other = Authority(tmp_path / "other", "other")
    for each in (authority, other):
        add_stamp(folder, each.answer(request_of(folder)), each.root)
    stamps = verify_reserve(folder, corpus.keys, tsa_roots=authority.root).stamps
    assert sorted(stamp.pinned for stamp in stamps) == [False, True]
    with pytest.raises(UntrustedSignerError, match="expected one by the pinned authority"):
        verify_reserve(folder, corpus.keys, tsa_roots=Authority(tmp_path / "third", "third").root)


@pytest.mark.parametrize("token", [b"", b"hello", b"0" * (2 << 20), b"\x30\x80" * 1000])
def test_what_is_no_token(token: bytes, folder: Path, authority: Authority) -> None:
    with pytest.raises(InputError):
        add_stamp(folder, token, authority.root)


def test_a_stamp_over_another_seal_is_found(
    folder: Path, corpus: Corpus, authority: Authority, tmp_path: Path
) -> None:
    """Put in by hand, with its list made again: only the imprint can tell, pinned or not."""
    other = corpus.seal(tmp_path / "other", name="other", before="2021-01-01").folder
    add_stamp(other, authority.answer(request_of(other)), authority.root)
    mine = copy(folder, tmp_path / "mine")
    shutil.copytree(other / layout.TIMESTAMPS, mine / layout.TIMESTAMPS)
    for roots in (None, authority.root):
        with pytest.raises(VerificationError, match=r"\.tsr: "):
            verify_reserve(mine, corpus.keys, tsa_roots=roots)


def test_without_the_package_a_stamp_is_said_to_be_unread(
    folder: Path, corpus: Corpus, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_stamp(folder, authority.answer(request_of(folder)), authority.root)
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    assert "was not read" in verify_reserve(folder, corpus.keys).text()
    with pytest.raises(MissingExtraError) as caught:
        verify_reserve(folder, corpus.keys, tsa_roots=authority.root)
    assert caught.value.hint == "pip install 'headwater[timestamp]'"
    request_of(folder)  # asking for a stamp needs no package


def test_the_whole_way_by_command(
    folder: Path, corpus: Corpus, authority: Authority, tmp_path: Path,
    headwater: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("HEADWATER_CONFIG", str(corpus.ring.folder))
    root = tmp_path / "tsa.pem"
    root.write_bytes(authority.root)
    asked = headwater("reserve", "stamp", folder, "--request", "seal.tsq")
    assert asked.code == 0
    assert "curl" in asked.stdout
    Path("seal.tsr").write_bytes(authority.answer(Path("seal.tsq").read_bytes()))
    added = headwater("reserve", "stamp", folder, "seal.tsr", "--tsa-root", root)
    assert added.code == 0, added.stderr
    assert "added a time stamp of" in added.stdout
    ledger = ("--ledger", corpus.location)
    verified = headwater(*ledger, "verify", folder, "--tsa-root", root)
    assert verified.code == 0, verified.stderr
    assert "proves unchanged since then" in verified.stdout
    assert "levels 1, 2, 3 and 4" in verified.stdout
    data = headwater(*ledger, "--json", "verify", folder)
    assert '"pinned": false' in data.stdout
    (tmp_path / "out/receipts/checkpoint").chmod(0o644)
    (tmp_path / "out/receipts/checkpoint").write_bytes(b"")
    broken = headwater(*ledger, "verify", folder)
    assert broken.code == 1
    assert "checkpoint: not what" in broken.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["token", "--request", "q"], ["token"]], ids=["none", "both", "no-root"]
)
def test_usage(arguments: list[str], folder: Path, headwater: Callable[..., Ran]) -> None:
    Path("token").write_bytes(b"x")
    assert headwater("reserve", "stamp", folder, *arguments).code == 2


def test_what_is_no_seal_is_not_stamped(
    tmp_path: Path, headwater: Callable[..., Ran], authority: Authority
) -> None:
    ran = headwater("reserve", "stamp", tmp_path, "--request", "q.tsq")
    assert ran.code == 1
    assert "statement.dsse.json: no such file" in ran.stderr
    assert not os.path.exists("q.tsq")
