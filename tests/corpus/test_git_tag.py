"""Signed tags and commits: whose, of which commit, and when."""

import subprocess

import pytest

from ledger.corpus.evidence import Reading, check, level
from ledger.corpus.readers import ReadOptions
from ledger.errors import InputError, MalformedError, UntrustedSignerError, VerificationError
from tests.corpus.signing import at, gpg, need, repository

WHEN = "2021-05-01"


@pytest.fixture(scope="module")
def keys():
    with gpg() as ring:
        ring.make("c@example.org", at("2020-01-01"))
        ring.make("stranger@example.org", at("2020-01-01"))
        yield ring


@pytest.fixture(scope="module")
def repo(tmp_path_factory, keys):
    need("ssh-keygen")
    made = repository(tmp_path_factory.mktemp("git") / "repo")
    base = made.path.parent
    for name in ("ssh", "other"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(base / name)],
            check=True,
        )
    public = (base / "ssh.pub").read_text()
    (base / "allowed").write_text(f"c@example.org {public}")
    (base / "early").write_text(f'c@example.org valid-before="20210401" {public}')
    (base / "foreign").write_text(f"c@example.org {(base / 'other.pub').read_text()}")
    (base / "ring.gpg").write_bytes(keys.ring("c@example.org"))
    (base / "foreign.gpg").write_bytes(keys.ring("stranger@example.org"))
    made.commit("2021-01-01", notes_txt="one\n")
    made.git("tag", "-a", "plain", "-m", "unsigned", when=WHEN)
    made.git("tag", "pointer")
    home = {"GNUPGHOME": str(keys.home)}
    made.git(
        "-c", "user.signingkey=c@example.org", "tag", "-s", "pgp", "-m", "x", when=WHEN, **home
    )
    ssh = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={base / 'ssh.pub'}")
    made.git(*ssh, "tag", "-s", "ssh", "-m", "x", when=WHEN)
    made.git(*ssh, "commit", "-S", "--allow-empty", "-m", "signed", when="2021-06-01")
    made.git("tag", "signed-commit")
    return made


def look(repo, rev="plain", **settings):
    reading = Reading("git", ReadOptions(settings={"git.rev": rev}))
    return check("git_tag", repo.path, settings, repo.path.parent, reading)


def test_a_tag_signed_by_a_pinned_openpgp_key(repo):
    found = look(repo, "pgp", tag="pgp", keyring="ring.gpg")
    assert found.outcome == "checked"
    assert level(found.type, found.outcome) == 2  # the signer can backdate
    assert found.existed_by >= at(WHEN)  # git dates the tag, gpg the signature
    assert found.issuer.startswith("OpenPGP key ")
    assert "signer's own word" in found.detail


def test_a_tag_signed_by_an_allowed_ssh_key(repo):
    found = look(repo, "ssh", tag="ssh", allowed_signers="allowed")
    assert (found.outcome, found.existed_by) == ("checked", at(WHEN))
    # the log cannot forget: the signer's address stays out of it
    assert found.issuer.startswith("SSH key SHA256:")


def test_the_commit_itself_may_be_signed(repo):
    found = look(repo, "signed-commit", allowed_signers="allowed")
    assert (found.outcome, found.existed_by) == ("checked", at("2021-06-01"))
    assert look(repo, "signed-commit", tag="signed-commit", allowed_signers="allowed") == found


@pytest.mark.parametrize("settings", [{"tag": "plain"}, {"tag": "pointer"}, {}])
def test_an_unsigned_date_is_asserted(settings, repo):
    found = look(repo, "plain", **settings)
    assert (found.outcome, level(found.type, found.outcome)) == ("asserted", 1)
    assert found.existed_by == at(WHEN if settings.get("tag") == "plain" else "2021-01-01")


@pytest.mark.parametrize("tag", ["pgp", "ssh"])
def test_a_signature_without_pinned_keys_is_not_believed(tag, repo):
    found = look(repo, tag, tag=tag)
    assert found.outcome == "asserted"
    assert "not checked" in found.detail


def test_keys_that_are_not_the_signers(repo):
    with pytest.raises(UntrustedSignerError, match="keyring does not hold"):
        look(repo, "pgp", tag="pgp", keyring="foreign.gpg")
    with pytest.raises(UntrustedSignerError, match="no allowed signer has"):
        look(repo, "ssh", tag="ssh", allowed_signers="foreign")


def test_a_signer_no_longer_allowed_at_the_tags_date(repo):
    with pytest.raises(VerificationError, match="or had on 20210501"):
        look(repo, "ssh", tag="ssh", allowed_signers="early")


def test_a_tag_of_another_commit(repo):
    with pytest.raises(VerificationError, match="is of commit"):
        look(repo, "signed-commit", tag="pgp", keyring="ring.gpg")


@pytest.mark.parametrize("tag", ["pgp", "ssh"])
def test_a_tag_moved_to_another_commit(tag, repo):
    """A changed tag object no longer carries its signature."""
    pins = {"keyring": "ring.gpg", "allowed_signers": "allowed"}
    found = look(repo, tag, tag=tag, **pins)
    proof = repo.path.parent / "proof"
    proof.write_bytes(found.response)
    assert look(repo, tag, proof="proof", **pins) == found
    here = repo.git("rev-parse", "plain^{commit}").encode()
    there = repo.git("rev-parse", "signed-commit").encode()
    proof.write_bytes(found.response.replace(here, there))
    with pytest.raises(VerificationError, match="bad"):
        look(repo, "signed-commit", proof="proof", **pins)
    later = found.response.replace(b"> 16", b"> 15", 1)
    assert later != found.response
    proof.write_bytes(later)
    with pytest.raises(VerificationError, match="bad"):
        look(repo, tag, proof="proof", **pins)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"object x\n",
        b"tree 0\n",
        b"object " + b"0" * 40 + b"\ntype tree\ntagger a <b> 1 +0000\n",
    ],
)
def test_bytes_that_are_no_tag(raw, repo):
    (repo.path.parent / "bad").write_bytes(raw)
    with pytest.raises(MalformedError):
        look(repo, "plain", proof="bad")


def test_what_is_no_repository(tmp_path, repo):
    with pytest.raises(InputError, match="about a commit"):
        check("git_tag", tmp_path, {}, tmp_path)
    with pytest.raises(InputError, match="read as folder"):
        check("git_tag", repo.path, {}, repo.path, Reading("folder"))
    with pytest.raises(InputError, match="git has no refs/tags/gone"):
        look(repo, "plain", tag="gone")
