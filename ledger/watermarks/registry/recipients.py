"""Who can open an envelope: X25519 public keys as text, and this installation's own.

    hwr1 + base32, lowercase and unpadded, of: public key (32 bytes) ‖ checksum (4 bytes)

The checksum is the start of SHA-256("headwater/recipient/v1\\n" ‖ key): a mistyped recipient is
refused, not encrypted to. The private half lies in the config folder as `marks.x25519`, PKCS#8 PEM
with mode 0600, and never beside a database: the envelopes in a vault are of no use without it.
"""

import base64
import binascii
import os
import secrets
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.errors import InputError, KeyPermissionError, printable
from ledger.log.keys import KeyRing

__all__ = [
    "PREFIX",
    "MyRecipient",
    "format_recipient",
    "load_private",
    "my_recipient",
    "parse_recipient",
    "private_path",
    "secret_file",
]

PREFIX = "hwr1"
_TAG = b"headwater/recipient/v1\n"
_LENGTH = len(PREFIX) + 58  # 36 bytes in base32 without padding


@dataclass(frozen=True)
class MyRecipient:
    """This installation as a recipient. `created` if its key was made just now, at `path`."""

    recipient: str
    path: Path
    created: bool


def format_recipient(public: bytes) -> str:
    """The text of a 32-byte X25519 public key."""
    checked = public + sha256(_TAG + public).digest()[:4]
    return PREFIX + base64.b32encode(checked).decode().rstrip("=").lower()


def parse_recipient(text: str) -> bytes:
    """The public key of a recipient. Raises InputError for what is none, or is mistyped."""
    hint = "`watermark recipient` prints an installation's own, such as hwr1…"
    data = b""
    if isinstance(text, str) and len(text) == _LENGTH and text.startswith(PREFIX):
        try:
            data = base64.b32decode(text[len(PREFIX) :].upper() + "======")
        except (binascii.Error, ValueError):
            data = b""
    if len(data) != 36 or format_recipient(data[:32]) != text:
        raise InputError(f"{printable(text, 80)!r}, expected a recipient", hint=hint)
    return data[:32]


def private_path(keys: KeyRing) -> Path:
    """Where this installation's private key for envelopes lies, or would."""
    return keys.folder / "marks.x25519"


def my_recipient(keys: KeyRing) -> MyRecipient:
    """This installation's recipient, made now if there was none.

    Raises KeyPermissionError if others can read the private half, InputError if it is no key.
    """
    path = private_path(keys)
    created = not path.exists() and _create(path)
    private = load_private(keys)
    assert private is not None  # it was there, or has just been made
    return MyRecipient(format_recipient(private.public_key().public_bytes_raw()), path, created)


def load_private(keys: KeyRing) -> X25519PrivateKey | None:
    """The private half; None where this installation never made one. Raises as `my_recipient`."""
    path = private_path(keys)
    if not path.exists():
        return None
    secret_file(path)
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise InputError(f"{path}: not a PKCS#8 private key") from None
    if not isinstance(private, X25519PrivateKey):
        raise InputError(f"{path}: not an X25519 key")
    return private


def secret_file(path: Path) -> None:
    """Raises KeyPermissionError if others can read the file."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeyPermissionError(
            f"{printable(path)}: mode {mode:04o} lets others read a key, expected 0600",
            hint=f"chmod 600 {printable(path)}",
        )


def _create(path: Path) -> bool:
    """Make the key; False if another process was first. A name is linked only to a whole file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = X25519PrivateKey.from_private_bytes(secrets.token_bytes(32)).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    making = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(making, path)
    except FileExistsError:
        return False
    finally:
        making.unlink()
    return True
