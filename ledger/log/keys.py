"""Key files and trust, in the config folder ($HEADWATER_CONFIG), never beside the database.

keys/<label>.<use>.pem     PKCS#8, mode 0600; the label is `name+hash8` with `/` as `_`
keys/<label>.<use>.vkey    its public half
trusted                    one `use vkey` a line
"""

import os
import secrets
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.claims.key import KeyUse
from ledger.errors import InputError, KeyPermissionError, RefusedError, UnknownNameError
from ledger.log import p256
from ledger.log.notes import ECDSA_P256, Signer, Verifier, parse_vkey

__all__ = ["USES", "KeyRing", "PublicKey", "config_folder"]

USES: tuple[str, ...] = get_args(KeyUse)


def config_folder() -> Path:
    """$HEADWATER_CONFIG, or the user's config folder."""
    chosen = os.environ.get("HEADWATER_CONFIG")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "headwater"


@dataclass(frozen=True)
class PublicKey:
    """`own` keys have their private half here. One key, one use."""

    verifier: Verifier
    use: str
    own: bool


class KeyRing:
    """The keys of one config folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or config_folder()

    def generate(self, name: str, use: str) -> PublicKey:
        """A new key for one use: P-256 for `seal`, Ed25519 for any other.

        Raises InputError for a name no vkey can hold.
        """
        if use not in USES:
            raise UnknownNameError("key use", use, USES)
        if not name or "+" in name or not name.isprintable() or any(c.isspace() for c in name):
            raise InputError(
                f"{name!r} is not a key name", hint="no spaces and no +, such as example.org/log"
            )
        signer = Signer(name, _new_private(use))
        keys = self.folder / "keys"
        keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = signer.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = self._path(signer.verifier, use)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        path.with_suffix(".vkey").write_text(signer.verifier.vkey + "\n")
        return PublicKey(signer.verifier, use, True)

    def path(self, key: PublicKey) -> Path:
        """Where the private half of an own key lies."""
        return self._path(key.verifier, key.use)

    def _path(self, verifier: Verifier, use: str) -> Path:
        return self.folder / "keys" / f"{verifier.label.replace('/', '_')}.{use}.pem"

    def own(self) -> list[PublicKey]:
        found = []
        for path in sorted((self.folder / "keys").glob("*.vkey")):
            use = path.stem.rpartition(".")[2]
            if use in USES:
                found.append(PublicKey(parse_vkey(path.read_text()), use, True))
        return found

    def trusted(self) -> list[PublicKey]:
        """Own keys, then those named by `key trust`."""
        return [*self.own(), *self._trust_file()]

    def verifiers(self, use: str) -> list[Verifier]:
        """Trusted public keys of one use."""
        return [key.verifier for key in self.trusted() if key.use == use]

    def trust(self, vkey: str, use: str) -> PublicKey:
        """Trust a public key for one use. Raises InputError."""
        if use not in USES:
            raise UnknownNameError("key use", use, USES)
        key = PublicKey(parse_vkey(vkey), use, False)
        if (key.verifier.algorithm == ECDSA_P256) != (use == "seal"):
            found, expected = ("a P-256", "an Ed25519")[:: -1 if use == "seal" else 1]
            raise InputError(
                f"{found} key for use {use}, expected {expected} one",
                hint="a key of use seal is P-256, of any other use Ed25519",
            )
        if not any(k.verifier == key.verifier and k.use == use for k in self.trusted()):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with (self.folder / "trusted").open("a") as file:
                file.write(f"{use} {key.verifier.vkey}\n")
        return key

    def find(self, name: str) -> PublicKey:
        """A key by vkey, label or name. Raises UnknownNameError, or InputError if several match."""
        keys = self.trusted()
        found = [k for k in keys if name in (k.verifier.vkey, k.verifier.label, k.verifier.name)]
        if not found:
            raise UnknownNameError("key", name, {k.verifier.label for k in keys})
        if len(found) > 1:
            labels = ", ".join(k.verifier.label for k in found)
            raise InputError(f"{name} names {len(found)} keys: {labels}", hint="give the label")
        return found[0]

    def signer(self, use: str, name: str, vkeys: Collection[str] = ()) -> Signer:
        """The own private key for (use, name); `vkeys` narrows it to those the log knows.

        Raises RefusedError if there is none, KeyPermissionError if others can read it.
        """
        allowed = set(vkeys)
        for key in reversed(self.own()):
            if (key.use, key.verifier.name) == (use, name) and (
                not allowed or key.verifier.vkey in allowed
            ):
                return Signer(name, self._load(self.path(key), use))
        raise RefusedError(
            f"no {use} key named {name} in {self.folder / 'keys'}",
            hint="copy the key's .pem and .vkey there, or set HEADWATER_CONFIG to its folder",
        )

    def _load(self, path: Path, use: str) -> Ed25519PrivateKey | EllipticCurvePrivateKey:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise KeyPermissionError(
                f"{path}: mode {mode:04o} lets others read a private key, expected 0600",
                hint=f"chmod 600 {path}",
            )
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}: not a PKCS#8 private key") from error
        if use == "seal":
            if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
                raise InputError(f"{path}: not a P-256 key")
        elif not isinstance(key, Ed25519PrivateKey):
            raise InputError(f"{path}: not an Ed25519 key")
        return key

    def _trust_file(self) -> list[PublicKey]:
        path = self.folder / "trusted"
        if not path.exists():
            return []
        keys = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            use, _, vkey = line.strip().partition(" ")
            if not use or use.startswith("#"):
                continue
            if use not in USES:
                raise InputError(f"{path}:{number}: {use!r} is not a key use")
            keys.append(PublicKey(parse_vkey(vkey), use, False))
        return keys


def _new_private(use: str) -> Ed25519PrivateKey | EllipticCurvePrivateKey:
    if use == "seal":
        return p256.generate()
    return Ed25519PrivateKey.from_private_bytes(secrets.token_bytes(32))
