"""SSH signatures (SSHSIG, PROTOCOL.sshsig of OpenSSH): made by `ssh-keygen -Y sign`, checked here.

The signature that a claim carries is the base64 of the binary form, without the armour:

    "SSHSIG" u32 1, then five strings: public key, namespace, reserved, hash, signature

over "SSHSIG" and the strings namespace, reserved, hash, H(message). A string is a u32 length,
big-endian, and its bytes. Ed25519 keys only; the namespace is `headwater`. An author with an SSH
key has the name `ssh/` and 16 hex digits of SHA-256 of the public key's binary form: no comment,
which is often an e-mail address.
"""

import base64
import binascii
import shutil
import subprocess
from dataclasses import dataclass
from hashlib import sha256, sha512
from pathlib import Path

from ledger.errors import InputError, RefusedError, printable
from ledger.log.notes import ED25519, Verifier

__all__ = ["NAMESPACE", "SshKey", "opens", "parse_public", "ssh_key", "strip_armour"]

NAMESPACE = "headwater"
_MAGIC = b"SSHSIG"
_KIND = b"ssh-ed25519"
_HASHES = {b"sha256": sha256, b"sha512": sha512}
_LARGEST = 16_384  # bytes of a key file or a signature
_SECONDS = 120  # a person may have to type a passphrase or touch a token


@dataclass(frozen=True)
class SshKey:
    """An SSH key to sign with: `file` is what `ssh-keygen -f` takes, a private key or a public one
    whose private half the agent has.
    """

    file: Path
    verifier: Verifier

    def sign(self, message: bytes) -> bytes:
        """The binary signature. Raises RefusedError."""
        command = [_program(), "-Y", "sign", "-n", NAMESPACE, "-f", str(self.file)]
        try:
            ran = subprocess.run(
                command, input=message, capture_output=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise RefusedError(
                f"{printable(self.file)}: ssh-keygen took over {_SECONDS} seconds"
            ) from error
        if ran.returncode:
            lines = ran.stderr.decode("utf-8", "replace").strip().splitlines()
            raise RefusedError(
                f"{printable(self.file)}: ssh-keygen did not sign: "
                f"{printable(lines[-1] if lines else 'no reason given')}",
                hint="ssh-add the key, or name another with --sign",
            )
        signature = strip_armour(ran.stdout)
        if not opens(self.verifier, message, signature):
            raise RefusedError(f"{printable(self.file)}: ssh-keygen signed with another key")
        return signature


def ssh_key(file: Path) -> SshKey:
    """The key in a file of `ssh-keygen`, private or public. Raises InputError or RefusedError."""
    public = file if file.suffix == ".pub" else file.with_name(file.name + ".pub")
    if not public.exists():
        ran = subprocess.run(
            [_program(), "-y", "-P", "", "-f", str(file)],
            capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS, check=False,
        )  # fmt: skip
        if ran.returncode:
            raise InputError(
                f"{printable(file)}: no SSH key that can be read, and no {printable(public.name)}",
                hint=f"ssh-keygen -y -f {printable(file)} > {printable(public)}",
            )
        line = ran.stdout.decode("utf-8", "replace")
    else:
        with public.open("rb") as opened:
            line = opened.read(_LARGEST).decode("utf-8", "replace")
    return SshKey(file, parse_public(line, public))


def parse_public(line: str, where: object = "SSH key") -> Verifier:
    """The key of a line such as `ssh-ed25519 AAAA… ada@host`. Raises InputError."""
    kind, _, rest = line.strip().partition(" ")
    try:
        if kind != _KIND.decode():
            raise ValueError(f"type {printable(kind, 40)}, expected {_KIND.decode()}")
        blob = base64.b64decode(rest.split(maxsplit=1)[0], validate=True)
        return _author(blob)
    except (ValueError, IndexError, binascii.Error) as error:
        raise InputError(
            f"{printable(where)}: not an Ed25519 SSH key: {printable(error)}",
            hint="ssh-keygen -t ed25519 makes one",
        ) from error


def strip_armour(text: bytes) -> bytes:
    """The binary form of an armoured signature. Raises InputError."""
    lines = text.strip().splitlines()
    try:
        if lines[0] != b"-----BEGIN SSH SIGNATURE-----" or lines[-1] != (
            b"-----END SSH SIGNATURE-----"
        ):
            raise ValueError("no armour")
        return base64.b64decode(b"".join(lines[1:-1]), validate=True)
    except (ValueError, IndexError, binascii.Error) as error:
        raise InputError(f"not an SSH signature: {printable(error)}") from error


def opens(verifier: Verifier, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (binary) is over `message`, in our namespace, by that Ed25519 key."""
    if verifier.algorithm != ED25519 or len(signature) > _LARGEST:
        return False
    try:
        if not signature.startswith(_MAGIC + b"\0\0\0\1"):
            return False
        key, namespace, reserved, digest, signed = _strings(signature[len(_MAGIC) + 4 :], 5)
        kind, raw = _strings(signed, 2)
        holder = _author(key)
    except ValueError:
        return False
    if digest not in _HASHES or namespace != NAMESPACE.encode() or kind != _KIND:
        return False
    if holder.public != verifier.public or len(raw) != 64:
        return False
    parts = (namespace, reserved, digest, _HASHES[digest](message).digest())
    return verifier.verifies(_MAGIC + b"".join(_string(part) for part in parts), raw)


def _author(blob: bytes) -> Verifier:
    kind, public = _strings(blob, 2)
    if kind != _KIND or len(public) != 32:
        raise ValueError(f"type {printable(kind.decode('latin-1'), 40)}, expected ssh-ed25519")
    return Verifier(f"ssh/{sha256(blob).hexdigest()[:16]}", public)


def _strings(data: bytes, count: int) -> list[bytes]:
    """Exactly `count` strings, and nothing after them. Raises ValueError."""
    found, at = [], 0
    for _ in range(count):
        size = int.from_bytes(data[at : at + 4], "big")
        at += 4
        if at > len(data) or size > len(data) - at:
            raise ValueError("a string is longer than what holds it")
        found.append(data[at : at + size])
        at += size
    if at != len(data):
        raise ValueError("bytes after the last string")
    return found


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _program() -> str:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise RefusedError(
            "ssh-keygen is not installed, so no SSH key can sign",
            hint="install openssh, or headwater key generate NAME --use claim",
        )
    return program
