"""P-256 keys: for seals alone, in one spelling, and never mistaken for the keys of notes."""

import base64
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from ledger.errors import InputError, KeyPermissionError, UntrustedSignerError
from ledger.log import p256
from ledger.log.keys import KeyRing
from ledger.log.notes import ECDSA_P256, Signer, Verifier, open_note, parse_vkey, sign_note
from ledger.provenance.signing import attested
from tests.conftest import Ran
from tests.log.making import LOG_NAME, entry
from tests.log.making import signer as ed25519

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KEY = Signer("example.org/seal", p256.generate())
MESSAGE = b"what is signed"


def test_sign_and_verify() -> None:
    signature = KEY.sign(MESSAGE)
    assert KEY.verifier.verifies(MESSAGE, signature)
    assert not KEY.verifier.verifies(MESSAGE + b".", signature)
    assert not Signer("x", p256.generate()).verifier.verifies(MESSAGE, signature)


def test_the_twin_of_a_signature_does_not_count() -> None:
    r, s = decode_dss_signature(KEY.sign(MESSAGE))
    twin = encode_dss_signature(r, ORDER - s)
    load_pem_public_key(KEY.verifier.pem).verify(  # type: ignore[union-attr,call-arg]
        twin, MESSAGE, p256.ECDSA(p256.SHA256())
    )  # others accept it
    assert not KEY.verifier.verifies(MESSAGE, twin)


@pytest.mark.parametrize("at", range(72))
def test_no_flipped_signature_verifies(at: int) -> None:
    signature = bytearray(KEY.sign(MESSAGE))
    for bit in range(8):
        flipped = bytearray(signature)
        flipped[at % len(flipped)] ^= 1 << bit
        assert not KEY.verifier.verifies(MESSAGE, bytes(flipped))


def test_a_vkey_is_named_by_its_spki() -> None:
    verifier = KEY.verifier
    spki = load_pem_public_key(verifier.pem).public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    blob = base64.b64encode(b"\x02" + spki).decode()
    assert verifier.vkey == f"example.org/seal+{sha256(spki).hexdigest()[:8]}+{blob}"
    assert parse_vkey(verifier.vkey) == verifier
    assert verifier.algorithm == ECDSA_P256


def off_curve() -> bytes:
    spki = bytearray(KEY.verifier.public)
    spki[-1] ^= 1
    return bytes(spki)


def compressed() -> bytes:
    point = KEY.private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)  # type: ignore[arg-type,unused-ignore]
    return KEY.verifier.public[:26] + point


NOT_KEYS = {
    "empty": b"",
    "ed25519_bytes": bytes(32),
    "off_curve": off_curve(),
    "compressed_point": compressed(),
    "other_curve": generate_private_key(SECP384R1())
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "trailing_byte": KEY.verifier.public + b"\0",
    "hybrid_point": KEY.verifier.public[:26] + b"\x06" + KEY.verifier.public[27:],
}


@pytest.mark.parametrize("name", NOT_KEYS)
def test_what_is_no_p256_vkey(name: str) -> None:
    with pytest.raises(InputError, match="is not a verifier key"):
        parse_vkey(Verifier("example.org/seal", NOT_KEYS[name], ECDSA_P256).vkey)


def test_a_seal_key_signs_no_note() -> None:
    note = sign_note("a text\n", KEY)
    with pytest.raises(UntrustedSignerError):
        open_note(note, [KEY.verifier])


def test_a_seal_key_attests_no_claim_as_ed25519() -> None:
    subject, body = "sha256:" + "0" * 64, {"assistance": "A0"}
    signed = entry("authorship", subject, body, by=[KEY])
    assert not attested(9, signed, {KEY.verifier.label: (1, KEY.verifier)})


def test_the_ring_makes_finds_and_loads_a_seal_key(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    made = ring.generate("example.org/seal", "seal")
    assert made.verifier.algorithm == ECDSA_P256
    assert stat.S_IMODE(ring.path(made).stat().st_mode) == 0o600
    assert ring.path(made).read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert ring.verifiers("seal") == [made.verifier]
    signer = ring.signer("seal", "example.org/seal", [made.verifier.vkey])
    assert made.verifier.verifies(MESSAGE, signer.sign(MESSAGE))
    ring.path(made).chmod(0o640)
    with pytest.raises(KeyPermissionError, match="0640"):
        ring.signer("seal", "example.org/seal")


def test_a_key_of_another_kind_is_neither_loaded_nor_trusted(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    seal, log = ring.generate("a", "seal"), ring.generate("b", "log")
    ring.path(seal).write_bytes(ring.path(log).read_bytes())
    with pytest.raises(InputError, match="not a P-256 key"):
        ring.signer("seal", "a")
    other = generate_private_key(SECP384R1())
    ring.path(seal).write_bytes(
        other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    with pytest.raises(InputError, match="not a P-256 key"):
        ring.signer("seal", "a")
    with pytest.raises(InputError, match=r"a P-256 key for use log, expected an Ed25519"):
        ring.trust(KEY.verifier.vkey, "log")
    with pytest.raises(InputError, match=r"an Ed25519 key for use seal, expected a P-256"):
        ring.trust(ed25519(LOG_NAME).verifier.vkey, "seal")
    assert ring.trust(KEY.verifier.vkey, "seal").verifier == KEY.verifier


def test_seal_keys_by_command(headwater: Callable[..., Ran]) -> None:
    made = headwater("key", "generate", "example.org/seal", "--use", "seal")
    assert made.code == 0
    assert "PRIVATE" not in made.stdout
    vkey = next(line for line in made.stdout.splitlines() if line.startswith("vkey")).split()[1]
    assert parse_vkey(vkey).algorithm == ECDSA_P256
    assert "seal" in headwater("key", "list").stdout
    assert vkey in headwater("key", "show", "example.org/seal").stdout
    refused = headwater("key", "trust", KEY.verifier.vkey)
    assert refused.code == 3
    assert "a P-256 key for use log" in refused.stderr
    assert headwater("key", "trust", KEY.verifier.vkey, "--use", "seal").code == 0
