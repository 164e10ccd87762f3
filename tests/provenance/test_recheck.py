"""Evidence checked again: what holds, falls, or cannot be looked at, and what is recorded."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.claims import Evidence
from ledger.corpus.evidence import checkers, rfc3161
from ledger.corpus.evidence import registry_release as registry
from ledger.corpus.ingest import ingest
from ledger.corpus.readers import ReadOptions
from ledger.corpus.texts import text_sources
from ledger.errors import (
    InputError,
    MalformedError,
    UnknownNameError,
    UntrustedSignerError,
    VerificationError,
)
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance import recheck
from ledger.provenance.documents import list_documents
from ledger.provenance.evidence import dated_documents, list_evidence
from ledger.provenance.findings import OTHER_SIGNER, Verified
from ledger.provenance.policy import load_policy
from tests.conftest import Ran
from tests.corpus.signing import at, gpg, repository
from tests.fixtures.make import NOTES, archive, index
from tests.log.making import assert_whole, new_ledger

STAMPS = Path(__file__).parents[1] / "corpus" / "stamps"
NEWEST = at("2022-08-03")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    ledger = new_ledger(tmp_path / "ledger")
    with ledger.open(write=True) as opened:
        yield opened
    assert_whole(ledger)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """An archive whose registry's answer gives an upload time."""
    folder = tmp_path / "release"
    folder.mkdir()
    data = archive(NOTES, NEWEST)
    (folder / "notes-1.tar.gz").write_bytes(data)
    (folder / "index.json").write_text(index("notes-1.tar.gz", data, "2022-08-03T12:00:00Z"))
    describe(folder, 'type = "registry_release"\nresponse = "index.json"\nissuer = "r.example.org"')
    return folder


def describe(
    folder: Path, *tables: str, name: str = "d", version: str = "1", more: str = ""
) -> Path:
    file = folder / "dataset.toml"
    text = f'name = "{name}"\nversion = "{version}"\nchannel = "other"\n{more}'
    file.write_text(text + "".join(f"\n[[evidence]]\n{table}\n" for table in tables))
    return file


def again(log: Log, dataset: str = "d@1", **options: object) -> Verified:
    return recheck.verify_evidence(log, dataset, **options)  # type: ignore[arg-type]


def outcomes(found: Verified) -> list[tuple[str, str]]:
    return [(finding.type, finding.outcome) for finding in found.findings]


def bases(log: Log, dataset: str = "d@1") -> set[str]:
    return {row.basis for row in list_documents(log, load_policy(), dataset=dataset)}


def stamped(tmp_path: Path) -> Path:
    folder = tmp_path / "stamped"
    folder.mkdir()
    for name in ("notes.txt", "soup.txt"):
        shutil.copy(STAMPS / name, folder)
    describe(
        folder,
        f'type = "rfc3161"\ntoken = "{STAMPS}/sums.tsr"\nover = "{STAMPS}/SHA256SUMS"\n'
        f'tsa_root = "{STAMPS}/pinned-root.pem"',
        version="stamped",
    )
    return folder


def test_what_holds_is_said_and_not_recorded_again(log: Log, release: Path) -> None:
    ingest(log, [release])
    size = log.size
    found = again(log)
    assert outcomes(found) == [("registry_release", "checked")]
    (finding,) = found.findings
    assert (finding.level, finding.binding, finding.issuer) == (3, "exact_bytes", "r.example.org")
    assert finding.existed_by == at("2022-08-03T12:00:00")
    assert "checked against the stored answer" in finding.why
    assert (found.recorded, log.size) == (0, size)
    assert found.dated.checked == found.before.checked == {3: found.dated.documents}


def test_evidence_that_no_longer_holds_takes_its_label_along(log: Log, tmp_path: Path) -> None:
    """Withdrawn and recorded as failed; the date it gave is gone from facts and labels."""
    with gpg() as keys:
        for who in ("release@example.org", "other@example.org"):
            keys.make(who, at("2020-01-01"))
        folder = tmp_path / "signed"
        folder.mkdir()
        data = archive(NOTES, NEWEST)
        (folder / "notes-1.tar.gz").write_bytes(data)
        sums = f"{sha256(data).hexdigest()}  notes-1.tar.gz\n".encode()
        (folder / "sums.asc").write_bytes(
            keys.clear_sign("release@example.org", sums, at("2022-08-04"))
        )
        for name in ("release", "other"):
            (tmp_path / f"{name}.gpg").write_bytes(keys.ring(f"{name}@example.org"))
        keys.revoke("release@example.org", at("2022-09-01"))
        (tmp_path / "revoked.gpg").write_bytes(keys.ring("release@example.org"))
    describe(
        folder,
        f'type = "openpgp_release"\nchecksums = "sums.asc"\nkeyring = "{tmp_path}/release.gpg"',
    )
    ingest(log, [folder])
    assert bases(log) == {"predates"}

    unpinned = again(log)
    assert outcomes(unpinned) == [("openpgp_release", "not checked")]
    assert "recorded as checked, not checked again" in unpinned.findings[0].why
    assert (unpinned.recorded, bases(log)) == (0, {"predates"})

    wrong = again(log, pins={"keyring": tmp_path / "other.gpg"})
    assert outcomes(wrong) == [("openpgp_release", OTHER_SIGNER)]
    assert "keyring does not hold" in wrong.findings[0].why
    assert (wrong.recorded, bases(log)) == (0, {"predates"})

    fallen = again(log, pins={"keyring": tmp_path / "revoked.gpg"})
    assert outcomes(fallen) == [("openpgp_release", "failed")]
    assert "which was revoked" in fallen.findings[0].why
    assert fallen.recorded == 2  # a withdrawal and a failed claim
    assert bases(log) == {"none"}
    assert fallen.dated.undated == fallen.dated.documents
    (piece,) = list_evidence(log, "d@1")
    assert (piece.outcome, piece.level, piece.existed_by) == ("failed", 0, None)
    assert again(log, pins={"keyring": tmp_path / "revoked.gpg"}).recorded == 0
    assert again(log, pins={"keyring": tmp_path / "other.gpg"}).recorded == 0

    risen = again(log, pins={"keyring": tmp_path / "release.gpg"})
    assert outcomes(risen) == [("openpgp_release", "checked")]
    assert (risen.recorded, bases(log)) == (2, {"predates"})
    assert [p.outcome for p in list_evidence(log, "d@1")] == ["checked"]


def test_each_file_of_a_folder_falls_and_rises(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(log, [stamped(tmp_path)])
    pins = {"tsa_root": STAMPS / "pinned-root.pem"}
    found = again(log, "d@stamped", pins=pins)
    assert (outcomes(found), found.recorded) == ([("rfc3161", "checked")], 0)
    assert found.findings[0].documents == 2
    assert "not before the cut-off 2022-11-30" in found.findings[0].why
    assert (found.dated.checked, found.before.checked) == ({5: 2}, {})
    with monkeypatch.context() as broken:
        broken.setattr(rfc3161, "check_token", _refused)
        fallen = again(log, "d@stamped", pins=pins)
    assert outcomes(fallen) == [("rfc3161", "failed")]
    assert (fallen.recorded, fallen.dated.undated) == (6, 2)  # the folder and two files
    assert again(log, "d@stamped", pins=pins).dated.checked == {5: 2}


def _refused(*_: object) -> None:
    raise VerificationError("the signature does not verify")


def test_a_wrong_pin_takes_no_good_claims_back(
    log: Log, tmp_path: Path, headwater: Callable[..., Ran]
) -> None:
    """Whoever gives the wrong root must not cost a dataset its labels."""
    folder = stamped(tmp_path)
    ingest(log, [folder])
    size, wrong = log.size, STAMPS / "other-root.pem"
    found = again(log, "d@stamped", pins={"tsa_root": wrong})
    assert outcomes(found) == [("rfc3161", OTHER_SIGNER)]
    assert "recorded as checked, not checked again" in found.findings[0].why
    assert (found.recorded, log.size, found.dated.checked) == (0, size, {5: 2})
    asked = ("--ledger", log.location, "dataset", "evidence", "verify", "d@stamped")
    ran = headwater(*asked, "--tsa-root", wrong, "--no-record")
    assert ran.code == 1
    assert "failed 0, not checked 0, signed by others than pinned 1" in ran.stdout
    assert "recorded   nothing new" in ran.stdout


def test_new_evidence_of_somebody_else_is_not_recorded(log: Log, tmp_path: Path) -> None:
    folder = stamped(tmp_path)
    described = (folder / "dataset.toml").read_text()
    describe(folder, version="stamped")
    ingest(log, [folder])
    size = log.size
    file = tmp_path / "wrong.toml"
    file.write_text(described.replace("pinned-root", "other-root"))
    found = again(log, "d@stamped", describe_with=file)
    assert outcomes(found) == [("rfc3161", OTHER_SIGNER)]
    assert (found.recorded, log.size) == (0, size)


def test_a_token_of_another_authority_is_one_error_at_ingest(log: Log, tmp_path: Path) -> None:
    folder = stamped(tmp_path)
    file = folder / "dataset.toml"
    file.write_text(file.read_text().replace("pinned-root", "other-root"))
    with pytest.raises(UntrustedSignerError, match="CN=pinned time stamps does not verify") as said:
        ingest(log, [folder])
    assert "tsa_root pins another authority" in str(said.value.hint)


def test_another_datasets_evidence_is_not_refuted_by_ours(
    log: Log, release: Path, tmp_path: Path
) -> None:
    """The archive holds a text that a stamped folder dates: its claim is not about the archive."""
    data = archive({"notes.txt": (STAMPS / "notes.txt").read_text()}, NEWEST)
    (release / "notes-1.tar.gz").write_bytes(data)
    (release / "index.json").write_text(index("notes-1.tar.gz", data, None))
    ingest(log, [release])
    ingest(log, [stamped(tmp_path)])
    found = again(log, pins={"tsa_root": STAMPS / "pinned-root.pem"})
    assert outcomes(found) == [("registry_release", "asserted"), ("rfc3161", "not checked")]
    assert "an input of another dataset" in found.findings[1].why
    assert (found.recorded, found.dated.checked) == (0, {5: 1})


def test_a_blob_of_a_repository_is_dated_by_the_release_it_lies_in(
    log: Log, release: Path, tmp_path: Path
) -> None:
    """An unsigned commit is worth E1; the same bytes in a dated archive make it E3."""
    repo = repository(tmp_path / "repo")
    repo.commit("2022-01-01", soup_txt=NOTES["kitchen/soup.txt"], own_txt="only here\n")
    file = describe(tmp_path, 'type = "git_tag"', name="g")
    ingest(log, [repo.path], describe_with=file, format="git")
    assert dated_documents(log.connection, "g@1").asserted == {1: 2}
    ingest(log, [release])
    dated = dated_documents(log.connection, "g@1")
    assert (dated.checked, dated.asserted) == ({3: 1}, {1: 1})
    assert bases(log, "g@1") == {"predates", "none"}


def test_a_signed_tag_rises_when_its_key_is_pinned(log: Log, tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    repo.commit("2022-01-01", a_txt="a\n")
    with gpg() as keys:
        keys.make("c@example.org", at("2020-01-01"))
        repo.git(
            "-c", "user.signingkey=c@example.org", "tag", "-s", "v1", "-m", "x", when="2022-02-01",
            GNUPGHOME=str(keys.home),
        )  # fmt: skip
        (tmp_path / "ring.gpg").write_bytes(keys.ring("c@example.org"))
    file = describe(tmp_path, 'type = "git_tag"\ntag = "v1"')
    options = ReadOptions(settings={"git.rev": "v1"})
    ingest(log, [repo.path], describe_with=file, format="git", options=options)
    repo.commit("2023-01-01", a_txt="later\n")  # the input is the tagged commit
    assert outcomes(again(log)) == [("git_tag", "asserted")]
    risen = again(log, pins={"keyring": tmp_path / "ring.gpg"})
    assert outcomes(risen) == [("git_tag", "checked")]
    assert (risen.findings[0].level, risen.recorded) == (2, 2)
    left = again(log)
    assert outcomes(left) == [("git_tag", "not checked")]
    assert "needs --allowed-signers FILE or --keyring FILE" in left.findings[0].why
    assert left.recorded == 0


def test_a_branch_that_moved_on_is_read_again_as_it_was(log: Log, tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    repo.commit("2022-01-01", a_txt="a\n")
    file = describe(tmp_path, 'type = "git_tag"')
    first = ingest(log, [repo.path], describe_with=file, format="git")
    assert ingest(log, [repo.path], describe_with=file, format="git").size == first.size
    repo.commit("2023-01-01", a_txt="later\n")
    found = again(log)
    assert (outcomes(found), found.findings[0].existed_by) == (
        [("git_tag", "asserted")], at("2022-01-01"),
    )  # fmt: skip
    (source,) = text_sources(log, "d@1")
    source.check()
    (table,) = source.tables()
    assert table.column("text").to_pylist() == ["a\n"]


def test_an_input_that_changed_on_disk(log: Log, release: Path) -> None:
    ingest(log, [release])
    with open(release / "notes-1.tar.gz", "ab") as file:
        file.write(b"x")
    found = again(log)
    assert outcomes(found) == [("registry_release", "failed")]
    assert "the input now has SHA-256" in found.findings[0].why
    assert found.recorded == 0  # what was said was said of other bytes
    assert bases(log) == {"predates"}


def test_an_input_that_moved_or_is_gone(log: Log, release: Path, tmp_path: Path) -> None:
    ingest(log, [release])
    release.rename(tmp_path / "elsewhere")
    found = again(log)
    assert outcomes(found) == [("registry_release", "not checked")]
    assert "no such file" in found.findings[0].why
    assert outcomes(again(log, roots=[tmp_path / "elsewhere"])) == [("registry_release", "checked")]


def test_an_input_without_evidence_that_is_gone_is_said(log: Log, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n")
    ingest(log, [tmp_path / "a.txt"], dataset="d@1")
    assert again(log).findings == ()
    (tmp_path / "a.txt").write_text("b\n")
    assert "now has SHA-256" in again(log).findings[0].why
    (tmp_path / "a.txt").unlink()
    assert outcomes(again(log)) == [("none", "not checked")]


def vault(log: Log, statement: str, *values: object) -> None:
    assert log.vault is not None
    connection = sqlite3.connect(log.vault.location)
    with connection:
        assert connection.execute(statement, values).rowcount == 1
    connection.close()


def test_a_proof_that_the_vault_withholds(log: Log, release: Path) -> None:
    ingest(log, [release])
    vault(log, "DELETE FROM attachment")
    found = again(log)
    assert outcomes(found) == [("registry_release", "not checked")]
    assert "not in the vault" in found.findings[0].why
    described = again(log, describe_with=release / "dataset.toml")
    assert outcomes(described) == [("registry_release", "checked")]


def test_a_proof_that_was_changed_refutes_the_vault_and_not_the_evidence(
    log: Log, release: Path
) -> None:
    ingest(log, [release])
    assert log.vault is not None
    (digest, raw), *_ = log.vault.attachments()
    vault(log, "UPDATE attachment SET bytes = ? WHERE digest = ?", raw + b" ", digest)
    size = log.size
    with pytest.raises(VerificationError, match="holds other bytes"):
        again(log)
    assert log.size == size
    vault(log, "UPDATE attachment SET bytes = ? WHERE digest = ?", raw, digest)


def test_a_description_brings_new_evidence_once(log: Log, release: Path) -> None:
    first = describe(release)
    ingest(log, [release])
    assert again(log).findings == ()
    described = describe(
        release, 'type = "registry_release"\nresponse = "index.json"',
        'type = "declared_date"\ndate = "2021"\nbecause = "I wrote it"',
    )  # fmt: skip
    assert first == described
    found = again(log, describe_with=described)
    assert outcomes(found) == [("registry_release", "checked"), ("declared_date", "asserted")]
    assert all(finding.entry is None and finding.changed for finding in found.findings)
    assert (found.recorded, bases(log)) == (2, {"predates"})
    twice = again(log, describe_with=described)
    assert (twice.recorded, outcomes(twice)) == (0, outcomes(found))
    assert outcomes(again(log)) == outcomes(found)


def test_tables_about_some_files_of_a_folder(log: Log, tmp_path: Path) -> None:
    """One reason and one date, said twice of different files: neither undoes the other."""
    folder = tmp_path / "folder"
    for name in ("a/1.txt", "a/2.txt", "b/3.txt", "c/4.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    said = 'type = "declared_date"\ndate = "2021"\nbecause = "I wrote it"\nfile = "{}"'
    tables = [said.format("a/*"), said.format("folder/b/*")]
    file = describe(tmp_path, *tables)
    ingest(log, [folder], describe_with=file)
    dated = dated_documents(log.connection, "d@1")
    assert (dated.asserted, dated.undated) == ({1: 3}, 1)
    assert [piece.documents for piece in list_evidence(log, "d@1")] == [3]
    assert again(log, describe_with=file).recorded == 0
    assert again(log, describe_with=describe(tmp_path, tables[0])).recorded == 0
    assert dated_documents(log.connection, "d@1").asserted == {1: 3}


def test_evidence_about_a_file_that_is_nowhere_is_a_slip(log: Log, release: Path) -> None:
    """A table about another input, which is there but not read now, is none."""
    said = 'type = "declared_date"\ndate = "2021"\nbecause = "x"\nfile = "{}"'
    (release / "later.txt").write_text("not now\n")
    describe(release, said.format("later.txt"))
    archived = [release / "notes-1.tar.gz"]
    assert ingest(log, archived).evidence == ()
    describe(release, said.format("notes-2.tar.gz"))
    with pytest.raises(InputError, match=r"about 'notes-2\.tar\.gz', which is no input"):
        ingest(log, archived)


def test_a_stamp_over_one_file_of_a_folder(log: Log, tmp_path: Path) -> None:
    folder = stamped(tmp_path)
    describe(
        folder,
        f'type = "rfc3161"\ntoken = "{STAMPS}/notes.tsr"\ntsa_root = "{STAMPS}/pinned-root.pem"',
    )
    ingest(log, [folder])
    dated = dated_documents(log.connection, "d@1")
    assert (dated.checked, dated.undated) == ({5: 1}, 1)
    found = again(log, pins={"tsa_root": STAMPS / "pinned-root.pem"})
    assert (outcomes(found), found.recorded) == ([("rfc3161", "checked")], 0)


def test_new_evidence_that_fails_is_recorded_as_failed(log: Log, release: Path) -> None:
    describe(release)
    ingest(log, [release])
    data = b"another archive"
    (release / "index.json").write_text(index("notes-1.tar.gz", data, "2022-08-03T12:00:00Z"))
    described = describe(release, 'type = "registry_release"\nresponse = "index.json"')
    found = again(log, describe_with=described)
    assert outcomes(found) == [("registry_release", "failed")]
    assert (found.recorded, found.dated.undated) == (1, found.dated.documents)
    assert again(log, describe_with=described).recorded == 0


def test_a_claim_of_somebody_else_is_not_ours_to_take_back(log: Log, release: Path) -> None:
    ingest(log, [release])
    (piece,) = list_evidence(log, "d@1")
    entry = log.entry(piece.entry)
    body = Evidence.model_validate(entry.body | {"proof": f"sha256:{sha256(b'{}').hexdigest()}"})
    record(
        log, [Claim("evidence", entry.subject, body)], actor="key:x+00000000", attachments=[b"{}"]
    )
    found = again(log)
    assert outcomes(found) == [("registry_release", "checked"), ("registry_release", "failed")]
    assert "another's, who alone can take them back" in found.findings[1].why
    assert found.recorded == 1


def test_a_type_nobody_here_checks(log: Log, release: Path) -> None:
    ingest(log, [release])
    (piece,) = list_evidence(log, "d@1")
    body = Evidence.model_validate(log.entry(piece.entry).body | {"type": "moon_phase"})
    record(log, [Claim("evidence", piece.input, body)])
    found = again(log)
    assert ("moon_phase", "not checked") in outcomes(found)
    assert found.recorded == 0


def test_a_checker_that_learned_better_replaces_what_it_said(
    log: Log, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(log, [release])
    monkeypatch.setattr(type(registry.EVIDENCE), "version", 99)
    found = again(log)
    assert (outcomes(found), found.recorded) == ([("registry_release", "checked")], 2)
    (piece,) = list_evidence(log, "d@1")
    assert (piece.checker, piece.issuer) == ("registry_release/99", "r.example.org")


def test_pins_that_alone_are_evidence_are_tried_where_none_is_yet(
    log: Log, release: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    describe(release)
    ingest(log, [release])
    rfc = checkers()["rfc3161"]
    monkeypatch.setattr(type(rfc), "alone", True, raising=False)
    (tmp_path / "x.pem").write_text("x")
    found = again(log, pins={"tsa_root": tmp_path / "x.pem"})
    assert outcomes(found) == [("rfc3161", "not checked")]
    assert "without token" in found.findings[0].why


def test_what_the_user_gets_wrong(log: Log, release: Path, tmp_path: Path) -> None:
    ingest(log, [release])
    with pytest.raises(UnknownNameError):
        again(log, "gone@1")
    with pytest.raises(InputError, match="was asked for"):
        again(log, describe_with=describe(tmp_path, name="other"))
    (tmp_path / "no-index").mkdir()
    with pytest.raises(InputError, match=r"no \.parquet file in it"):
        again(log, pins={"index": tmp_path / "no-index"})
    ingest(log, [stamped(tmp_path)])
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(MalformedError, match=r"bad\.pem"):
        again(log, "d@stamped", pins={"tsa_root": tmp_path / "bad.pem"})


def test_an_auditor_without_keys_looks_and_writes_nothing(
    log: Log, release: Path, headwater: Callable[..., Ran]
) -> None:
    """There is something new to record, and it is only said."""
    ingest(log, [release])
    described = describe(release, 'type = "declared_date"\ndate = "2021"\nbecause = "x"')
    size = log.size
    ran = headwater(
        "--ledger", log.location, "--json", "dataset", "evidence", "verify", "d@1",
        "--describe", described, "--no-record",
    )  # fmt: skip
    assert ran.code == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["asserted"], told["recorded"], log.size) == (1, 0, size)


def test_a_failed_check_ends_with_status_1(
    log: Log, release: Path, headwater: Callable[..., Ran]
) -> None:
    ingest(log, [release])
    (release / "notes-1.tar.gz").write_bytes(b"other")
    ran = headwater("--ledger", log.location, "dataset", "evidence", "verify", "d@1", "--no-record")
    assert ran.code == 1
    assert "failed 1" in ran.stdout


def test_progress_ends_at_the_whole(log: Log, release: Path) -> None:
    ingest(log, [release])
    heard: list[tuple[int, int, int]] = []
    again(log, progress=lambda *told: heard.append(told))
    size = (release / "notes-1.tar.gz").stat().st_size
    assert heard == [(size, size, 1)]
