"""SSH signatures: made by ssh-keygen, checked here byte by byte, and attesting like any other."""

import base64
import shutil
import subprocess
from dataclasses import replace
from hashlib import sha256, sha512
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError, RefusedError
from ledger.log.notes import Verifier
from ledger.provenance.named import NamedKey
from ledger.provenance.signing import attested, sign_claim
from ledger.provenance.sshsig import SshKey, opens, parse_public, ssh_key, strip_armour
from tests.log.making import Ledger, assert_whole, authorship, digest, dump, key, new_ledger, signer

ADA = signer("ada.example/claims")  # its Ed25519 key signs as ssh-keygen would
MESSAGE = b"what is said"


def string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


WIRE = string(b"ssh-ed25519") + string(ADA.verifier.public)


def signature(
    message: bytes = MESSAGE, *, namespace: bytes = b"headwater", how: bytes = b"sha512",
    wire: bytes = WIRE, kind: bytes = b"ssh-ed25519", version: int = 1, more: bytes = b"",
    over: bytes | None = None,
) -> bytes:  # fmt: skip
    """An SSHSIG as PROTOCOL.sshsig lays it out, of our own making."""
    hashed = {b"sha256": sha256, b"sha512": sha512}.get(how, sha512)(message).digest()
    parts = string(namespace) + string(b"") + string(how)
    signed = ADA.sign(over if over is not None else b"SSHSIG" + parts + string(hashed))
    return (
        b"SSHSIG" + version.to_bytes(4, "big") + string(wire) + parts
        + string(string(kind) + string(signed)) + more
    )  # fmt: skip


@pytest.mark.parametrize("how", [b"sha256", b"sha512"])
def test_a_signature_opens(how: bytes) -> None:
    assert opens(ADA.verifier, MESSAGE, signature(how=how))


FOREIGN = {
    "another_message": signature(b"what was not said"),
    "another_namespace": signature(namespace=b"git"),
    "another_hash": signature(how=b"sha1"),
    "another_version": signature(version=2),
    "another_kind": signature(kind=b"ssh-rsa"),
    "another_key": signature(wire=string(b"ssh-ed25519") + string(b"\1" * 32)),
    "no_key": signature(wire=b""),
    "key_too_long": signature(wire=WIRE + b"\0"),
    "more_after_it": signature(more=b"\0"),
    "plain_ed25519": signature(over=MESSAGE),
    "cut": signature()[:-1],
    "empty": b"",
    "magic": b"SSHSIG",
    "long": signature() + b"\0" * 20_000,
    "length_past_the_end": signature()[:10] + b"\xff\xff\xff\xff" + signature()[14:],
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_does_not_open(name: str) -> None:
    assert not opens(ADA.verifier, MESSAGE, FOREIGN[name])


@given(st.integers(0, len(signature()) - 1), st.integers(1, 255))
def test_no_changed_byte_opens(place: int, change: int) -> None:
    data = bytearray(signature())
    data[place] ^= change
    assert not opens(ADA.verifier, MESSAGE, bytes(data))


def test_a_public_key_has_a_name_without_its_comment() -> None:
    line = f"ssh-ed25519 {base64.b64encode(WIRE).decode()} ada@example.org"
    verifier = parse_public(line)
    assert verifier == Verifier(f"ssh/{sha256(WIRE).hexdigest()[:16]}", ADA.verifier.public)
    assert "ada@" not in verifier.vkey


@pytest.mark.parametrize(
    "line",
    [
        "", "ssh-ed25519", "ssh-ed25519 !", "ssh-rsa AAAA x",
        f"ssh-ed25519 {base64.b64encode(WIRE[:-1]).decode()}",
        f"ssh-ed25519 {base64.b64encode(string(b'ssh-rsa') + string(b'x' * 32)).decode()}",
    ],
)  # fmt: skip
def test_lines_that_are_no_key(line: str) -> None:
    with pytest.raises(InputError, match="not an Ed25519 SSH key"):
        parse_public(line)


def test_what_is_no_armour() -> None:
    for text in (b"", b"x", b"-----BEGIN SSH SIGNATURE-----\n!\n-----END SSH SIGNATURE-----"):
        with pytest.raises(InputError, match="not an SSH signature"):
            strip_armour(text)


needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not here")


@pytest.fixture
def ssh(tmp_path: Path) -> Path:
    file = tmp_path / "id"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada@host", "-f", str(file)],
        check=True,
    )
    return file


@needs_ssh
def test_what_ssh_keygen_signs_opens_and_what_we_make_it_verifies(
    ssh: Path, tmp_path: Path
) -> None:
    found = ssh_key(ssh)
    assert found.verifier == ssh_key(Path(f"{ssh}.pub")).verifier
    made = found.sign(MESSAGE)
    assert opens(found.verifier, MESSAGE, made)
    assert not opens(found.verifier, MESSAGE + b".", made)
    armoured = tmp_path / "sig"
    armoured.write_bytes(
        b"-----BEGIN SSH SIGNATURE-----\n"
        + base64.b64encode(signature())
        + b"\n-----END SSH SIGNATURE-----\n"
    )
    ran = subprocess.run(
        ["ssh-keygen", "-Y", "check-novalidate", "-n", "headwater", "-s", str(armoured)],
        input=MESSAGE, capture_output=True, check=False,
    )  # fmt: skip
    assert ran.stdout.startswith(b"Good "), ran.stderr


@needs_ssh
def test_a_private_key_alone_is_enough(ssh: Path) -> None:
    public = parse_public(Path(f"{ssh}.pub").read_text())
    Path(f"{ssh}.pub").unlink()
    assert ssh_key(ssh).verifier == public


@needs_ssh
def test_what_cannot_sign(ssh: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no key")
    with pytest.raises(InputError, match="no SSH key that can be read"):
        ssh_key(tmp_path / "text")
    stranger = SshKey(tmp_path / "gone", ssh_key(ssh).verifier)
    with pytest.raises(RefusedError, match="did not sign"):
        stranger.sign(MESSAGE)
    other = SshKey(ssh, ADA.verifier)
    with pytest.raises(RefusedError, match="with another key"):
        other.sign(MESSAGE)


@needs_ssh
def test_an_ssh_signature_attests(ssh: Path, tmp_path: Path) -> None:
    ledger: Ledger = new_ledger(tmp_path / "ledger")
    author = ssh_key(ssh)
    claim = authorship(digest("d"), "A0")
    signed = replace(claim, sigs=(sign_claim(author, "authorship", claim.subject, claim.body),))
    assert signed.sigs[0]["type"] == "sshsig"
    named = {author.verifier.label: NamedKey((1, author.verifier))}
    assert attested(2, signed, named)
    assert not attested(1, signed, named)
    for changed in ("ed25519", "ecdsa-p256"):
        assert not attested(2, replace(signed, sigs=({**signed.sigs[0], "type": changed},)), named)
    plain = key(ADA)
    body = {"name": author.verifier.name, "use": "claim", "vkey": author.verifier.vkey}
    ledger.append([replace(plain, body=body), signed])
    (row,) = dump(ledger, ["profile"])["profile"]
    assert row[2] == 4
    assert_whole(ledger)
