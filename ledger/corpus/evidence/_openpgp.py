"""OpenPGP signatures by keys that the user pinned, checked by gpgv. No keyring of ours is read.

What counts: at least one good signature by a key of the ring, over SHA-256 or better, by a key
that was neither revoked nor expired when it signed; and no bad one. Only what gpgv says was signed
is handed on, because a clear-signed file may hold more than that.
"""

import base64
import binascii
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger.corpus.evidence import NotCheckedError
from ledger.errors import MalformedError, UntrustedSignerError, VerificationError, printable

__all__ = ["Signed", "keyring_of", "verify"]

_CLEAR = b"-----BEGIN PGP SIGNED MESSAGE-----"
_ARMOUR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]*: [^\r\n]*\r?\n)*\r?\n"
    rb"([A-Za-z0-9+/=\s]+?)(?:\r?\n=[A-Za-z0-9+/]{4})?\s*-----END PGP PUBLIC KEY BLOCK-----"
)
_HASHES = {"8": "SHA-256", "9": "SHA-384", "10": "SHA-512", "11": "SHA-224", "1": "MD5",
           "2": "SHA-1", "3": "RIPEMD-160", "12": "SHA3-256", "14": "SHA3-512"}  # fmt: skip
_STRONG = {"8", "9", "10", "12", "14"}
_SECONDS = 120


@dataclass(frozen=True)
class Signed:
    """What was signed, by whom (primary key fingerprint) and when (Unix seconds, the signer's)."""

    text: bytes
    fingerprint: str
    at: int


@dataclass
class _Signature:
    """What gpgv's status lines say of one signature."""

    words: dict[str, list[str]] = field(default_factory=dict)


def verify(place: object, data: bytes, signature: bytes | None, keyring: bytes) -> Signed:
    """Check `data`, clear-signed or with a detached `signature`; `place` is for messages.

    Raises NotCheckedError without gpgv, UntrustedSignerError for a signature by no key of the ring
    (which says nothing about the data), VerificationError for one that does not hold,
    MalformedError for data that carries none.
    """
    program = shutil.which("gpgv")
    if program is None:
        raise NotCheckedError(
            "gpgv is not installed, so OpenPGP signatures cannot be checked",
            hint="apt install gpgv, or leave this evidence out",
        )
    if signature is None and not data.startswith(_CLEAR):
        raise MalformedError(
            place,
            1,
            "no clear-signed text, expected -----BEGIN PGP SIGNED MESSAGE-----",
            hint='signature = "…" names a detached signature',
        )
    with TemporaryDirectory(prefix="headwater-gpgv-") as name:
        folder = Path(name)
        ring, signed, out = folder / "ring.gpg", folder / "data", folder / "out"
        ring.write_bytes(keyring)
        signed.write_bytes(data)
        command = [program, "--homedir", name, "--keyring", str(ring), "--status-fd", "1"]
        if signature is None:
            command += ["--output", str(out), "--", str(signed)]
        else:
            (folder / "signature").write_bytes(signature)
            command += ["--", str(folder / "signature"), str(signed)]
        try:
            ran = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                env={"LC_ALL": "C", "GNUPGHOME": name},
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise VerificationError(
                f"{printable(place)}: gpgv took over {_SECONDS} seconds"
            ) from error
        status = ran.stdout.decode("utf-8", "replace")
        found = _best(place, status)
        text = data if signature is not None else out.read_bytes() if out.exists() else b""
    return Signed(text, found[0], found[1])


def _best(place: object, status: str) -> tuple[str, int]:
    """(fingerprint, time) of the latest signature that counts. Raises VerificationError."""
    signatures: list[_Signature] = []
    texts = 0
    for line in status.splitlines():
        if not line.startswith("[GNUPG:] "):
            continue
        word, *rest = line.split(" ")[1:]
        texts += word == "PLAINTEXT"
        if word == "NEWSIG":
            signatures.append(_Signature())
        elif signatures:
            signatures[-1].words[word] = rest
    shown = printable(place)
    if texts > 1:
        raise VerificationError(f"{shown}: {texts} signed texts in one file, expected one")
    good: list[tuple[int, str]] = []
    reasons: list[str] = []
    for found in signatures:
        reason = _fault(found.words)
        if reason is None:
            valid = found.words["VALIDSIG"]
            good.append((int(valid[2]), valid[9] if len(valid) > 9 else valid[0]))
        else:
            reasons.append(reason)
            if "BADSIG" in found.words:
                raise VerificationError(f"{shown}: {reason}")
    if not good:
        foreign = any("NO_PUBKEY" in found.words for found in signatures)
        raise (UntrustedSignerError if foreign else VerificationError)(
            f"{shown}: {'; '.join(dict.fromkeys(reasons)) or 'no OpenPGP signature'}",
            hint="keyring names the public keys of whoever signs these releases",
        )
    at, fingerprint = max(good)
    return fingerprint, at


def _fault(words: dict[str, list[str]]) -> str | None:
    """Why a signature does not count, or None."""
    if "BADSIG" in words:
        return f"bad signature by key {printable(words['BADSIG'][0], 40)}: the text was changed"
    if "NO_PUBKEY" in words:
        key = printable(words["NO_PUBKEY"][0], 40)
        return f"signed by key {key}, which the keyring does not hold"
    if "REVKEYSIG" in words:
        return f"signed by key {printable(words['REVKEYSIG'][0], 40)}, which was revoked"
    if "EXPSIG" in words:
        return "the signature itself has expired"
    valid = words.get("VALIDSIG")
    if valid is None or len(valid) < 8:
        return "a signature gpgv could not check"
    if valid[7] not in _STRONG:
        name = _HASHES.get(valid[7], f"hash {printable(valid[7], 10)}")
        return f"signed over {name}, expected SHA-256 or better"
    if "EXPKEYSIG" in words and not int(valid[2]) <= _expiry(words):
        return f"signed by key {printable(words['EXPKEYSIG'][0], 40)} after it expired"
    if not {"GOODSIG", "EXPKEYSIG"} & set(words):
        return "a signature gpgv did not call good"
    return None


def _expiry(words: dict[str, list[str]]) -> int:
    """When the key expired, Unix seconds; 0 where gpgv does not say."""
    stated = words.get("KEYEXPIRED", ["0"])[0]
    return int(stated) if stated.isdecimal() else 0


def keyring_of(place: object, raw: bytes) -> bytes:
    """A keyring as gpgv reads it: an armoured one decoded. Raises MalformedError."""
    if not raw.lstrip().startswith(b"-----BEGIN"):
        return raw
    blocks = _ARMOUR.findall(raw)
    if not blocks:
        raise MalformedError(place, None, "an armoured key that is cut short, expected public keys")
    try:
        return b"".join(
            base64.b64decode(b"".join(block.split()), validate=True) for block in blocks
        )
    except binascii.Error as error:
        raise MalformedError(place, None, f"an armoured key: {printable(error, 80)}") from error
