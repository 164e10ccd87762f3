"""Time stamps on a seal (RFC 3161): asked for by the user, checked, and put beside the receipts.

A stamp is over the signed envelope, receipts/statement.dsse.json, and so over everything that the
seal holds. It proves that the seal has not changed since, never that its texts are older.

We call no server: `request_of` gives the query that somebody sends to an authority of their
choice, `add_stamp` takes the answer. Tokens lie under their own SHA-256.
"""

import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.errors import (
    InputError,
    MissingExtraError,
    RefusedError,
    UntrustedSignerError,
    VerificationError,
    printable,
)
from ledger.provenance.dsse import parse_envelope
from ledger.reserves.layout import RECEIPTS, STATEMENT, SUMS, TIMESTAMPS, format_sums, parse_sums
from ledger.reserves.opening.listing import read_bounded

__all__ = ["MAX_TOKEN", "Stamp", "add_stamp", "check_stamps", "request_of"]

MAX_TOKEN = 1 << 20  # bytes; a token with its chain has about six thousand
_MAX_SUMS = 1 << 20
_MAX_STATEMENT = 64 << 20
_SHA256 = bytes.fromhex("300d06096086480165030402010500")  # AlgorithmIdentifier { id-sha256, NULL }


@dataclass(frozen=True)
class Stamp:
    """A token over the seal. `at` is Unix seconds, the latest that the token admits.

    `pinned`: its signature was checked up to an authority that the user pinned. `at` and `issuer`
    are None where the token could not be read here, for want of an optional package.
    """

    digest: bytes
    at: int | None
    issuer: str | None
    pinned: bool


def request_of(folder: Path) -> bytes:
    """A TimeStampReq over the seal's statement, in DER, asking for the certificate.

    Raises VerificationError if there is no statement.
    """
    digest = sha256(_statement(folder)).digest()
    nonce = secrets.randbits(63) | 1 << 62  # positive, and of one length
    imprint = _der(0x30, _SHA256 + _der(0x04, digest))
    parts = (_der(0x02, b"\x01"), imprint, _der(0x02, nonce.to_bytes(8, "big")))
    return _der(0x30, b"".join(parts) + _der(0x01, b"\xff"))  # RFC 3161 §2.4.1


def _der(tag: int, value: bytes) -> bytes:
    return bytes([tag, len(value)]) + value  # nothing here is longer than 127 bytes


def add_stamp(folder: Path, token: bytes, roots: bytes) -> tuple[Stamp, bool]:
    """Check a token against the pinned `roots` (PEM), put it in; (the stamp, whether it is new).

    Raises VerificationError for a token over something else or by another authority, InputError
    for what is no token, MissingExtraError; RefusedError if the folder cannot be written.
    """
    from ledger.corpus.evidence.rfc3161 import check_token

    if len(token) > MAX_TOKEN:
        raise InputError(f"a token of {len(token)} bytes, expected at most {MAX_TOKEN}")
    found = check_token(token, sha256(_statement(folder)).digest(), roots)
    digest = sha256(token).digest()
    stamp = Stamp(digest, found.existed_by, found.issuer, True)
    place = folder / TIMESTAMPS
    tokens = dict(_tokens(place)) if (place / SUMS).exists() else {}
    new = digest not in tokens.values()
    tokens[f"{digest.hex()}.tsr"] = digest
    try:
        with _writable(folder / RECEIPTS), _writable(place):
            # a crash between the two leaves a token that is not listed: adding it again mends that
            _write(place / f"{digest.hex()}.tsr", token)
            _write(place / SUMS, format_sums(tokens))
    except OSError as error:
        reason = error.strerror or str(error)
        raise RefusedError(
            f"{printable(place)}: {reason.lower()}", hint="the seal's owner adds time stamps"
        ) from error
    return stamp, new


def check_stamps(folder: Path, statement: bytes, roots: bytes | None) -> list[Stamp]:
    """The stamps on a seal whose envelope is `statement`, oldest first.

    With `roots` each is checked up to them; one by another authority stays unpinned, unless all
    are. Raises VerificationError naming a token over something else, changed or not listed; with
    `roots`, UntrustedSignerError where they pin none of the stamps, MissingExtraError without the
    package for it.
    """
    place = folder / TIMESTAMPS
    if not place.exists():
        return []
    digest = sha256(statement).digest()
    stamps = []
    for name, expected in _tokens(place).items():
        where = printable(place / name)
        token = read_bounded(place / name, MAX_TOKEN)
        if sha256(token).digest() != expected or name != f"{expected.hex()}.tsr":
            raise VerificationError(f"{where}: digest {sha256(token).hexdigest()}, not its name")
        stamps.append(_check(token, digest, roots, where))
    if roots is not None and stamps and not any(stamp.pinned for stamp in stamps):
        who = ", ".join(sorted({printable(stamp.issuer or "nobody known") for stamp in stamps}))
        raise UntrustedSignerError(
            f"{printable(place)}: found stamps of {who}, expected one by the pinned authority"
        )
    return sorted(stamps, key=lambda stamp: (stamp.at or 0, stamp.digest))


def _check(token: bytes, digest: bytes, roots: bytes | None, where: str) -> Stamp:
    from ledger.corpus.evidence.rfc3161 import check_token, read_token

    name = sha256(token).digest()
    try:
        if roots is not None:
            with suppress(UntrustedSignerError):  # another authority's: present, not pinned here
                found = check_token(token, digest, roots)
                return Stamp(name, found.existed_by, found.issuer, True)
        found = read_token(token)
    except MissingExtraError:
        if roots is not None:
            raise
        return Stamp(name, None, None, False)
    except (InputError, VerificationError) as error:
        raise VerificationError(f"{where}: {error}", hint=error.hint) from error
    if (found.algorithm, found.imprint) != ("sha256", digest):
        raise VerificationError(
            f"{where}: a time stamp over {found.imprint.hex()}, this seal's statement is "
            f"{digest.hex()}"
        )
    return Stamp(name, found.existed_by, found.issuer, False)


def _tokens(place: Path) -> Mapping[str, bytes]:
    return parse_sums(read_bounded(place / SUMS, _MAX_SUMS), printable(place / SUMS))


def _statement(folder: Path) -> bytes:
    path = folder / STATEMENT
    data = read_bounded(path, _MAX_STATEMENT)
    parse_envelope(data, printable(path))
    return data


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """The folder may be written to within; made if it is not there. Then it is as it was."""
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)
    try:
        yield
    finally:
        folder.chmod(0o555)


def _write(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with fresh.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    fresh.replace(path)
