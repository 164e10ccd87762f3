"""Keys at rest: a mark's key in an envelope that named recipients can open.

    {"cipher":"chacha20-poly1305","ciphertext":"<base64>",
     "format":"headwater watermark envelope v1","nonce":"<base64>",
     "recipients":[{"name":"regulator","recipient":"hwr1…","wrapped":"<base64>"},…],
     "subject":"sha256:…"}

in canonical JSON. The plaintext is canonical {"blinding":"<64 hex digits>","key":{…}}, encrypted
once with a random content key; the associated data are the canonical envelope's cipher, format,
recipients without `wrapped`, and subject. HPKE wraps the content key for each recipient, with the
same bytes as `info`: an envelope cannot be moved to another mark, nor a recipient renamed.

The claim commits: SHA-256("headwater/mark-key/v1\\n" ‖ blinding ‖ canonical key). Without the
32 bytes of blinding a key from a small space could be found by trying.

Envelopes lie in the vault as attachments; what opens them lies in the config folder. Key material
is in no repr, message or exception of this file.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, NoReturn

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import encode, parse_digest
from ledger.log.keys import KeyRing
from ledger.log.log import Log
from ledger.log.notes import decode_base64
from ledger.watermarks.registry.hpke import unwrap, wrap
from ledger.watermarks.registry.recipients import (
    format_recipient,
    load_private,
    my_recipient,
    parse_recipient,
)
from ledger.watermarks.registry.vectors import BLINDING

__all__ = [
    "MAX_ENVELOPE_BYTES",
    "Envelope",
    "KeyMaterial",
    "commitment_of",
    "make_material",
    "material_in",
    "open_envelope",
    "parse_envelope",
    "seal_envelope",
    "stored_envelopes",
    "stored_material",
]

FORMAT = "headwater watermark envelope v1"
CIPHER = "chacha20-poly1305"
MAX_ENVELOPE_BYTES = 1 << 17
_MOST_RECIPIENTS = 64
_COMMITMENT_TAG: Final = b"headwater/mark-key/v1\n"
_START = b'{"cipher":"' + CIPHER.encode() + b'","ciphertext":"'  # canonical JSON sorts its keys


@dataclass(frozen=True, repr=False, eq=False)
class KeyMaterial:
    """A mark's canonical key, and the blinding of its commitment. Neither shows nor pickles it."""

    key: Mapping[str, str]
    blinding: bytes

    def __repr__(self) -> str:
        return "KeyMaterial(withheld)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("key material is not pickled")


@dataclass(frozen=True)
class Envelope:
    """A parsed envelope. `recipients` are (name, recipient, wrapped content key)."""

    subject: str
    recipients: tuple[tuple[str, str, bytes], ...]
    nonce: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)
    data: bytes = field(repr=False)


def make_material(key: Mapping[str, str]) -> KeyMaterial:
    """A canonical key with a fresh blinding."""
    return KeyMaterial(dict(key), secrets.token_bytes(BLINDING))


def commitment_of(material: KeyMaterial) -> str:
    """What a claim says of a key that it does not show."""
    text = _COMMITMENT_TAG + material.blinding + encode(dict(material.key))
    return "sha256:" + sha256(text).hexdigest()


def seal_envelope(
    subject: str, material: KeyMaterial, recipients: Mapping[str, str], keys: KeyRing
) -> Envelope:
    """Encrypt to this installation (under the name "self") and to `recipients`, name -> hwr1….

    Raises InputError for a recipient that is none or a name that is taken.
    """
    everybody = {"self": my_recipient(keys).recipient}
    for name, recipient in sorted(recipients.items()):
        if name == "self" or not 1 <= len(name) <= 100 or not name.isprintable():
            raise InputError(
                f"recipient {printable(name, 60)!r}, expected a name", hint='"self" is taken'
            )
        parse_recipient(recipient)
        everybody[name] = recipient
    if len(everybody) > _MOST_RECIPIENTS:
        raise InputError(f"{len(everybody)} recipients, expected at most {_MOST_RECIPIENTS}")
    bound = _bound(subject, list(everybody.items()))
    content, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
    plain = encode({"blinding": material.blinding.hex(), "key": dict(material.key)})
    ciphertext = ChaCha20Poly1305(content).encrypt(nonce, plain, bound)
    try:
        wrapped = tuple(
            (name, recipient, wrap(content, parse_recipient(recipient), bound))
            for name, recipient in everybody.items()
        )
    except ValueError:
        raise InputError("a recipient with a key that nothing can be encrypted to") from None
    return _envelope(subject, wrapped, nonce, ciphertext)


def parse_envelope(data: bytes, where: str) -> Envelope:
    """The envelope in a file. Raises VerificationError for what is not one in canonical form."""
    if len(data) > MAX_ENVELOPE_BYTES:
        raise VerificationError(
            f"{where}: {len(data):,} bytes, expected at most {MAX_ENVELOPE_BYTES:,}"
        )
    try:
        document = orjson.loads(data)
        if document["format"] != FORMAT or document["cipher"] != CIPHER:
            raise ValueError("another format or cipher")
        parse_digest(document["subject"])
        wrapped = tuple(
            (str(item["name"]), str(item["recipient"]), decode_base64(item["wrapped"]))
            for item in document["recipients"]
        )
        for _, recipient, _ in wrapped:
            parse_recipient(recipient)
        made = _envelope(
            document["subject"],
            wrapped,
            decode_base64(document["nonce"]),
            decode_base64(document["ciphertext"]),
        )
    except (InputError, ValueError, KeyError, TypeError, binascii.Error):
        raise VerificationError(
            f"{where}: not an envelope of format {FORMAT!r}",
            hint="headwater watermark share writes one; it says to whom the key is encrypted",
        ) from None
    if made.data != data or not 1 <= len(wrapped) <= _MOST_RECIPIENTS or len(made.nonce) != 12:
        raise VerificationError(f"{where}: not an envelope in its one canonical spelling")
    return made


def open_envelope(envelope: Envelope, keys: KeyRing, where: str = "envelope") -> KeyMaterial | None:
    """The key, None if this installation is no recipient.

    Raises VerificationError if it is one and the envelope was changed or damaged.
    """
    private = load_private(keys)
    if private is None:
        return None
    mine = format_recipient(private.public_key().public_bytes_raw())
    bound = _bound(envelope.subject, [(name, who) for name, who, _ in envelope.recipients])
    for _, recipient, wrapped in envelope.recipients:
        if recipient != mine:
            continue
        try:
            content = unwrap(wrapped, private, bound)
            plain = ChaCha20Poly1305(content).decrypt(envelope.nonce, envelope.ciphertext, bound)
            document = orjson.loads(plain)
            material = KeyMaterial(document["key"], bytes.fromhex(document["blinding"]))
        except (InvalidTag, ValueError, KeyError, TypeError):
            raise VerificationError(f"{where}: changed or damaged, it does not open") from None
        if len(material.blinding) != BLINDING or not _texts(material.key):
            raise VerificationError(f"{where}: holds something else than a key") from None
        return material
    return None


def material_in(
    envelope: Envelope, subject: str, commitment: str, keys: KeyRing, where: str = "envelope"
) -> KeyMaterial | None:
    """The key in an envelope that somebody gave; None if this installation is no recipient.

    Raises VerificationError if it is another mark's, is damaged, or holds another key than the
    claim commits to.
    """
    if envelope.subject != subject:
        raise VerificationError(f"{where}: made for another mark than this one")
    material = open_envelope(envelope, keys, where)
    if material is not None and commitment_of(material) != commitment:
        raise VerificationError(f"{where}: holds another key than the claim commits to")
    return material


def stored_material(
    envelopes: Sequence[Envelope], subject: str, commitment: str, keys: KeyRing
) -> KeyMaterial | None:
    """The first key among envelopes of a vault that this installation can open and that fits."""
    for envelope in envelopes:
        try:
            material = material_in(envelope, subject, commitment, keys, "vault")
        except VerificationError:
            continue  # damaged, or an earlier state's key
        if material is not None:
            return material
    return None


def stored_envelopes(log: Log) -> dict[str, list[Envelope]]:
    """Every envelope in the log's vault, by the mark it was made for."""
    found: dict[str, list[Envelope]] = {}
    stored = () if log.vault is None else log.vault.beginning_with(_START, MAX_ENVELOPE_BYTES)
    for data in stored:
        try:
            envelope = parse_envelope(data, "vault")
        except VerificationError:
            continue  # an attachment that only begins like one
        found.setdefault(envelope.subject, []).append(envelope)
    return found


def _bound(subject: str, recipients: Sequence[tuple[str, str]]) -> bytes:
    return encode(
        {
            "cipher": CIPHER,
            "format": FORMAT,
            "recipients": [{"name": name, "recipient": who} for name, who in recipients],
            "subject": subject,
        }
    )


def _envelope(
    subject: str, wrapped: tuple[tuple[str, str, bytes], ...], nonce: bytes, ciphertext: bytes
) -> Envelope:
    data = encode(
        {
            "cipher": CIPHER,
            "ciphertext": _base64(ciphertext),
            "format": FORMAT,
            "nonce": _base64(nonce),
            "recipients": [
                {"name": name, "recipient": who, "wrapped": _base64(key)}
                for name, who, key in wrapped
            ],
            "subject": subject,
        }
    )
    return Envelope(subject, wrapped, nonce, ciphertext, data)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
