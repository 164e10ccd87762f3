"""Issuing: what lands in the folder and in the log, and what is refused before anything does."""

from pathlib import Path

import pytest

from ledger.certificates.issue import Issued, certify
from ledger.certificates.statement import parse_statement
from ledger.errors import AlreadySealedError, InputError, RefusedError, UnknownNameError
from ledger.log.keys import KeyRing
from ledger.log.verify import verify_log
from ledger.provenance.dsse import parse_envelope
from ledger.provenance.opening import open_ledger
from ledger.provenance.policy import load_policy
from tests.certificates.ledgers import CLOCK, NAME, Ledger, corpus, make, origin

FILES = ["certificate.html", "certificate.json", "certificate.tlog-proof", "entry.json"]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return make(tmp_path / "ledger", corpus())


def issue(
    ledger: Ledger,
    out: Path,
    dataset: str = "r@1",
    policy: str = "clean-strict",
    issuer: str | None = None,
) -> Issued:
    with ledger.open(write=True) as log:
        issued = certify(log, dataset, out, policy=load_policy(policy), issuer=issuer)
        verify_log(log)
    return issued


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_folder_holds_the_statement_the_page_and_the_receipt(
    ledger: Ledger, tmp_path: Path
) -> None:
    issued = issue(ledger, tmp_path / "deep" / "out")
    assert sorted(files(tmp_path / "deep" / "out")) == FILES
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    payload, ((keyid, _),) = parse_envelope(files(issued.folder)["certificate.json"], "here")
    assert parse_statement(payload, "here") == issued.statement
    assert keyid.startswith(f"{NAME}/statement+")
    assert issued.statement.issuer == NAME
    assert issued.statement.issued_at == CLOCK
    with ledger.open() as log:
        entry = log.entry(issued.index)
        assert (entry.kind, entry.body["statement"]) == ("certificate", issued.statement_digest)
        assert log.entry(issued.index - 1).kind == "policy"
        assert issued.statement.head.size == issued.index
        assert log.vault is not None
        source = log.vault.attachment(bytes.fromhex(entry.body["policy"].partition(":")[2]))
        assert source == load_policy("clean-strict").source


def test_issuing_again_adds_nothing_and_writes_the_same_statement(
    ledger: Ledger, tmp_path: Path
) -> None:
    first = issue(ledger, tmp_path / "out")
    before = files(tmp_path / "out")
    ledger.record(origin("elsewhere", "other@1"))  # the log moves, the dataset does not
    again = issue(ledger, tmp_path / "second")
    assert (again.index, again.new) == (first.index, False)
    after = files(tmp_path / "second")
    del before["certificate.tlog-proof"], after["certificate.tlog-proof"]  # a newer checkpoint
    assert before == after


@pytest.mark.parametrize("change", ["origin", "policy", "issuer"])
def test_whatever_the_statement_says_otherwise_is_a_new_certificate(
    ledger: Ledger, tmp_path: Path, change: str
) -> None:
    first = issue(ledger, tmp_path / "out")
    if change == "origin":
        ledger.record(origin("one more", file="f1", row=99))
    second = issue(
        ledger,
        tmp_path / "out",
        policy="clean-dated" if change == "policy" else "clean-strict",
        issuer="Org" if change == "issuer" else None,
    )
    assert second.new
    assert second.index > first.index
    with ledger.open() as log:
        assert files(tmp_path / "out")["entry.json"] == log.entry_bytes(second.index)


def test_nothing_but_an_older_certificate_of_the_dataset_is_replaced(
    ledger: Ledger, tmp_path: Path
) -> None:
    with ledger.open() as log:
        size = log.size
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "full")
    for name in ("file", "full", "link"):
        with pytest.raises(InputError, match=f"{name}: found "):
            issue(ledger, tmp_path / name)
    with ledger.open() as log:
        assert log.size == size  # refused before anything was recorded
    issue(ledger, tmp_path / "old", "old@1")
    kept = files(tmp_path / "old")
    with pytest.raises(AlreadySealedError, match=r"found a certificate of old@1, "):
        issue(ledger, tmp_path / "old")
    assert files(tmp_path / "old") == kept
    (tmp_path / "old" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"found notes\.txt"):
        issue(ledger, tmp_path / "old", "old@1")


def test_an_empty_folder_is_as_good_as_none(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    issue(ledger, tmp_path / "out")
    assert sorted(files(tmp_path / "out")) == FILES


def test_without_the_statement_key_nothing_is_recorded(ledger: Ledger, tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "other")
    for path in (ledger.keys.folder / "keys").glob("*.log.*"):
        target = tmp_path / "other" / "keys" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        target.chmod(0o600)
    with open_ledger(ledger.location, write=True, keys=ring) as log:
        size = log.size
        with pytest.raises(RefusedError, match="no statement key named example"):
            certify(log, "r@1", tmp_path / "out", policy=load_policy())
        assert log.size == size
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("issuer", ["", " ", "a\nb", "x\u202ey", "n" * 201])
def test_an_issuer_nobody_could_read(ledger: Ledger, tmp_path: Path, issuer: str) -> None:
    with pytest.raises(InputError, match=r"^issuer: found"):
        issue(ledger, tmp_path / "out", issuer=issuer)
    assert not (tmp_path / "out").exists()


def test_a_dataset_nobody_named(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        issue(ledger, tmp_path / "out", "nobody@1")


def test_a_failed_write_leaves_the_older_certificate(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(ledger, tmp_path / "out")
    kept = files(tmp_path / "out")
    ledger.record(origin("one more", file="f1", row=99))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ledger.certificates.folder.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            issue(ledger, tmp_path / "out")
    assert files(tmp_path / "out") == kept
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []
    assert not issue(ledger, tmp_path / "out").new  # it was recorded; now it is written
    assert files(tmp_path / "out") != kept
