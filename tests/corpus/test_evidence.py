"""A registry's answer: digest and date apart, and answers that lie."""

import json
from hashlib import sha256

import pytest

from ledger import claims
from ledger.corpus.evidence import Evidence, check, checkers, level
from ledger.errors import InputError, MalformedError, UnknownNameError, VerificationError
from tests.corpus.helpers import FIXTURES
from tests.fixtures.make import NOTES, archive

NEWEST = 1_659_520_800  # 2022-08-03
UPLOADED = "2022-08-04T10:00:00Z"
UPLOADED_AT = 1_659_607_200


@pytest.fixture
def release(tmp_path):
    path = tmp_path / "notes-1.tar.gz"
    path.write_bytes(archive(NOTES, NEWEST))
    return path


def look(release, answer, **settings):
    raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    (release.parent / "answer.json").write_bytes(raw)
    return check(
        "registry_release", release, {"response": "answer.json", **settings}, release.parent
    )


def simple(release, **fields):
    entry = {
        "filename": release.name,
        "hashes": {"sha256": sha256(release.read_bytes()).hexdigest()},
    }
    return {"files": [{"filename": "other.whl", "hashes": {}}, entry | fields]}


def project(release, **fields):
    entry = {
        "filename": release.name,
        "digests": {"sha256": sha256(release.read_bytes()).hexdigest()},
    }
    return {"releases": {"0": [], "1": [entry | fields]}}


def test_digest_and_upload_time_are_checked(release):
    answer = simple(release, **{"upload-time": UPLOADED})
    found = look(release, answer, issuer="registry.example.org")
    assert (found.outcome, found.existed_by) == ("checked", UPLOADED_AT)
    assert (found.binding, found.checker) == ("exact_bytes", "registry_release/1")
    assert found.issuer == "registry.example.org"
    assert found.response_digest == sha256(json.dumps(answer).encode()).digest()
    assert level(found.type, found.outcome) == 3


def test_the_older_answer_is_read_too(release):
    found = look(release, project(release, upload_time_iso_8601=UPLOADED))
    assert (found.outcome, found.existed_by) == ("checked", UPLOADED_AT)
    entry = project(release, upload_time_iso_8601=UPLOADED)["releases"]["1"]
    assert look(release, {"urls": entry}).outcome == "checked"


def test_an_upper_bound_is_rounded_up(release):
    found = look(release, simple(release, **{"upload-time": "2022-08-04T10:00:00.000001Z"}))
    assert found.existed_by == UPLOADED_AT + 1


def test_without_an_upload_time_the_date_is_asserted_and_said_to_be(release):
    for answer in (simple(release), project(release, upload_time_iso_8601=None)):
        found = look(release, answer)
        assert (found.outcome, found.existed_by) == ("asserted", NEWEST)
        assert "no upload time" in found.detail
        assert "asserted" in found.detail
        assert "2022-08-03" in found.detail
        assert level(found.type, found.outcome) == 1


def test_another_digest_does_not_verify(release):
    answer = simple(release, hashes={"sha256": "0" * 64})
    with pytest.raises(VerificationError, match="has SHA-256") as caught:
        look(release, answer)
    assert caught.value.exit_code == 1


def test_a_changed_archive_does_not_verify(release):
    answer = simple(release)
    release.write_bytes(archive(NOTES | {"new.txt": "x"}, NEWEST))
    with pytest.raises(VerificationError, match="has SHA-256"):
        look(release, answer)


@pytest.mark.parametrize("hashes", [{}, None, {"md5": "0"}, {"sha256": 7}, "x"])
def test_an_answer_without_a_digest_does_not_verify(hashes, release):
    with pytest.raises(VerificationError):
        look(release, simple(release, hashes=hashes))


def test_a_file_the_answer_does_not_list(release):
    with pytest.raises(VerificationError, match=r"lists no file 'notes-2\.tar\.gz'") as caught:
        look(release, simple(release), filename="notes-2.tar.gz")
    assert "filename" in caught.value.hint


def test_a_renamed_file_is_named_as_the_registry_does(release):
    answer = simple(release)
    renamed = release.rename(release.parent / "mine.tar.gz")
    assert look(renamed, answer, filename="notes-1.tar.gz").outcome == "asserted"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"files": {}}',
        b'{"files": [7]}',
        b'{"files": [{"filename": ["a"]}]}',
        b"[" * 100_000,
        b'{"files": [{"filename": "\\u202e", "upload-time": 3}]}',
    ],
)
def test_an_answer_that_is_none_is_malformed(answer, release):
    with pytest.raises(MalformedError) as caught:
        look(release, answer)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("time", ["yesterday", "2022-02-30T00:00:00Z", "\u202e\n"])
def test_an_upload_time_that_is_none_is_malformed(time, release):
    with pytest.raises(MalformedError, match="a date that is none"):
        look(release, simple(release, **{"upload-time": time}))


def test_settings_that_are_wrong(release):
    with pytest.raises(InputError, match="without response"):
        check("registry_release", release, {}, release.parent)
    with pytest.raises(InputError, match="no such file"):
        check("registry_release", release, {"response": "gone.json"}, release.parent)
    with pytest.raises(UnknownNameError, match="unknown setting"):
        look(release, simple(release), respone="x")


def test_a_type_nobody_checks(release):
    with pytest.raises(
        UnknownNameError, match="unknown type of evidence: registry_relase"
    ) as caught:
        check("registry_relase", release, {})
    assert "registry_release" in caught.value.hint


def test_a_single_file_asserts_no_date(tmp_path):
    path = tmp_path / "notes-1.whl"
    path.write_bytes(b"x")
    found = look(path, simple(path))
    assert (found.outcome, found.existed_by) == ("asserted", None)
    assert "nothing dates it" in found.detail


def test_a_member_without_a_sane_time_asserts_no_date(tmp_path):
    path = tmp_path / "notes-1.tar.gz"
    path.write_bytes(archive(NOTES, -5))
    assert look(path, simple(path)).existed_by is None


def test_levels():
    assert level("registry_release", "failed") == 0
    assert level("somebody_says", "checked") == 1
    assert level("somebody_says", "asserted") == 1
    never_checked = {name for name in checkers() if level(name, "checked") == 1}
    assert never_checked == {"declared_date"}


def test_what_is_found_fits_the_claim(release):
    found = look(release, simple(release, **{"upload-time": UPLOADED}), issuer="r.example.org")
    assert isinstance(found, Evidence)
    body = claims.Evidence(
        type=found.type,
        binding=found.binding,
        outcome=found.outcome,
        checker=found.checker,
        existed_by=found.existed_by,
        issuer=found.issuer,
        proof=f"sha256:{found.response_digest.hex()}",
    )
    assert body.plain()["existed_by"] == UPLOADED_AT


def test_the_fixture_is_checked():
    base = FIXTURES / "archive"
    found = check(
        "registry_release",
        base / "notes-1.tar.gz",
        {"response": "index.json", "issuer": "registry.example.org"},
        base,
    )
    assert (found.outcome, found.existed_by) == ("checked", 1_659_528_001)


def test_every_checker_is_whole(front):
    """What `dataset evidence verify` takes is what the checkers ask a person to bring."""
    from importlib import import_module

    found = checkers()
    command = import_module(f"{front}.commands._dataset_evidence").verify
    offered = {parameter.name for parameter in command.params}
    for name, checker in found.items():
        assert (checker.name, checker.version > 0) == (name, True)
        assert checker.proof_setting is None or checker.proof_setting not in checker.pins
        assert set(checker.pins) <= offered, name
    assert {"crawl_index", "declared_date", "git_tag", "openpgp_release", "rfc3161"} <= set(found)


def test_the_same_bytes_under_another_name(release):
    """Checking again from a stored answer knows no file name: the digest is what is compared."""
    answer = simple(release, **{"upload-time": UPLOADED})
    renamed = release.rename(release.parent / "mine.tar.gz")
    assert look(renamed, answer).existed_by == UPLOADED_AT
    renamed.write_bytes(renamed.read_bytes() + b"x")
    with pytest.raises(VerificationError, match="nor SHA-256"):
        look(renamed, answer)


def test_a_folder_is_in_no_registry(release):
    with pytest.raises(InputError, match="a folder, expected the archive"):
        look_at = {"response": "answer.json"}
        (release.parent / "answer.json").write_text("{}")
        check("registry_release", release.parent, look_at, release.parent)
