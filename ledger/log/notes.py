"""C2SP signed notes: text, a blank line, signature lines. Ed25519 and its cosignature.

ECDSA P-256 keys (type 0x02) have the same spelling; they sign bundles of reserves, never a note.

    example.com/log
    600
    WyMkmHIxP4Mx+WsBFQhryfwTo+99EeVoGs7Hzl1+B2Y=

    — example.com/log Az3grl…

A verifier key (vkey) is `name+<hash8>+base64(type ‖ public key)`; hash8 is the key ID in hex.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import ledger.log.p256 as p256
from ledger.errors import BadSignatureError, InputError, UntrustedSignerError

__all__ = [
    "ECDSA_P256",
    "ED25519",
    "Note",
    "NoteSignature",
    "Signer",
    "Verifier",
    "decode_base64",
    "format_note",
    "open_note",
    "parse_note",
    "parse_vkey",
    "sign_note",
]

ED25519 = 0x01
ECDSA_P256 = 0x02  # the public key is a SubjectPublicKeyInfo in DER
COSIGNATURE = 0x04  # timestamped Ed25519, C2SP tlog-cosignature
MAX_SIGNATURES = 64
_DASH = "\N{EM DASH} "
_NAME = re.compile(r"[^\s+]+")


def decode_base64(text: str) -> bytes:
    """Standard padded base64 in its one canonical spelling. Raises ValueError."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 is not canonical")
    return data


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    # SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]; for ECDSA of the key alone. C2SP signed-note
    if algorithm == ECDSA_P256:
        return sha256(public).digest()[:4]
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:4]


@dataclass(frozen=True)
class Verifier:
    """A public key with a name. Equality is equality of name, type and key."""

    name: str
    public: bytes
    algorithm: int = ED25519

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, self.algorithm, self.public)

    @property
    def label(self) -> str:
        """`name+hash8`: how the key is called where the whole key would not fit."""
        return f"{self.name}+{self.key_id.hex()}"

    @property
    def vkey(self) -> str:
        blob = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.label}+{blob}"

    @property
    def pem(self) -> bytes:
        """The public key as `openssl` reads it: SubjectPublicKeyInfo in PEM."""
        key: Ed25519PublicKey | EllipticCurvePublicKey
        if self.algorithm == ECDSA_P256:
            key = p256.load_spki(self.public)
        else:
            key = Ed25519PublicKey.from_public_bytes(self.public)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def verifies(self, message: bytes, signature: bytes) -> bool:
        if self.algorithm == ECDSA_P256:
            return p256.verifies(self.public, message, signature)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, repr=False)
class Signer:
    """A private key with a name. Its repr shows no secret."""

    name: str
    private: Ed25519PrivateKey | EllipticCurvePrivateKey

    @property
    def verifier(self) -> Verifier:
        if isinstance(self.private, EllipticCurvePrivateKey):
            return Verifier(self.name, p256.spki_of(self.private), ECDSA_P256)
        return Verifier(self.name, self.private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.private, EllipticCurvePrivateKey):
            return p256.sign(self.private, message)
        return self.private.sign(message)

    def __repr__(self) -> str:
        return f"Signer({self.verifier.label})"


def parse_vkey(text: str) -> Verifier:
    """A verifier key. Raises InputError unless it is spelled in its one canonical way."""
    try:
        name, _, blob = text.strip().split("+", 2)
        data = decode_base64(blob)
        verifier = Verifier(name, data[1:], data[0])
        good = verifier.vkey == text.strip() and _NAME.fullmatch(name) and _is_key(verifier)
    except (ValueError, IndexError, binascii.Error):
        good = None
    if not good:
        raise InputError(
            f"{text.strip()[:100]!r} is not a verifier key",
            hint="a vkey looks like example.org/log+0123abcd+AbC…=; `key show` prints one",
        )
    return verifier


def _is_key(verifier: Verifier) -> bool:
    """Whether type and public key go together. Raises ValueError for what is no P-256 key."""
    if verifier.algorithm == ECDSA_P256:
        p256.load_spki(verifier.public)
        return True
    return verifier.algorithm in (ED25519, COSIGNATURE) and len(verifier.public) == 32


@dataclass(frozen=True)
class NoteSignature:
    """One signature line, taken apart."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    """`text` ends in a newline and is what the signatures are over."""

    text: str
    signatures: tuple[NoteSignature, ...]


def parse_note(data: str) -> Note:
    """Split a note at its last blank line. Raises BadSignatureError if it is not one."""
    wrong = BadSignatureError("not a signed note")
    text, blank, tail = data.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or any(ord(c) < 0x20 and c != "\n" for c in data):
        raise wrong
    signatures = []
    for line in tail[:-1].split("\n"):
        name, space, blob = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space or _NAME.fullmatch(name) is None:
            raise wrong
        try:
            value = decode_base64(blob)
        except (ValueError, binascii.Error):
            raise wrong from None
        if len(value) < 5:
            raise wrong
        signatures.append(NoteSignature(name, value[:4], value[4:]))
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise wrong
    return Note(text + "\n", tuple(signatures))


def format_note(note: Note) -> str:
    """The note as it is written to disk."""
    lines = (
        f"{_DASH}{s.name} {base64.b64encode(s.key_id + s.signature).decode()}\n"
        for s in note.signatures
    )
    return note.text + "\n" + "".join(lines)


def sign_note(text: str, *signers: Signer) -> str:
    """`text` (which ends in a newline) as a signed note, one line a signer."""
    if not text.endswith("\n"):
        raise ValueError("a note's text ends in a newline")
    return format_note(
        Note(
            text,
            tuple(NoteSignature(s.name, s.verifier.key_id, s.sign(text.encode())) for s in signers),
        )
    )


def open_note(data: str, trusted: Sequence[Verifier]) -> tuple[str, list[Verifier]]:
    """(text, the trusted keys that signed it); unknown signatures are ignored, as the spec demands.

    Raises BadSignatureError if a trusted key's line does not verify, UntrustedSignerError if no
    trusted key signed.
    """
    note = parse_note(data)
    known = {(v.name, v.key_id): v for v in trusted if v.algorithm == ED25519}
    signers: list[Verifier] = []
    for signature in note.signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        if not verifier.verifies(note.text.encode(), signature.signature):
            raise BadSignatureError(f"signature of {verifier.label} does not verify")
        if verifier not in signers:
            signers.append(verifier)
    if not signers:
        names = ", ".join(f"{s.name}+{s.key_id.hex()}" for s in note.signatures)
        raise UntrustedSignerError(f"signed by {names}, which is not trusted here")
    return note.text, signers
