"""A time-stamp authority signed this digest at a time (RFC 3161), and the user trusts that one.

Verifying is rfc3161-client's and needs no network. The certificates have to be valid at the time of
the stamp, not today. A stamp proves the date it was made and nothing earlier.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import new, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.utils import CryptographyDeprecationWarning

from ledger.corpus.evidence import BY_NAME, Evidence, NotCheckedError, Reading, short
from ledger.corpus.evidence._der import with_sorted_certificates
from ledger.corpus.evidence._listing import listed
from ledger.corpus.evidence._proofs import check_settings, pack, read_bounded, unpack
from ledger.corpus.evidence._subject import Found, Subject
from ledger.errors import (
    InputError,
    MalformedError,
    MissingExtraError,
    UntrustedSignerError,
    VerificationError,
    printable,
)

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

__all__ = ["EVIDENCE", "Stamp", "check_token", "read_token"]

_ALGORITHMS = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_WEAK = {"1.2.840.113549.2.5": "MD5", "1.3.14.3.2.26": "SHA-1"}
_GRANTED = bytes.fromhex("3003020100")  # PKIStatusInfo of a token that came without its response
_ODD = (
    ValueError, LookupError, x509.InvalidVersion, x509.DuplicateExtension, UnsupportedAlgorithm,
    CryptographyDeprecationWarning,
)  # fmt: skip
_FOREIGN = (
    "unable to get local issuer certificate",
    "unable to get issuer certificate",
    "self-signed certificate",
    "self signed certificate",
    "self-signed certificate in certificate chain",
    "self signed certificate in certificate chain",
)  # OpenSSL's words, of its 3 and 1.1, for a chain that ends at another root than the given
_LARGEST = 1 << 20  # bytes of a token or of the pinned roots
_FILES = ("token.tsr", "over")


@dataclass(frozen=True)
class Stamp:
    """What a token says. `at` is genTime; `existed_by` adds its stated accuracy, rounded up.

    `root` is the SHA-256 of the pinned certificate it was verified by, "" before that.
    """

    algorithm: str
    imprint: bytes
    at: int
    existed_by: int
    serial: int
    issuer: str
    root: str = ""


class _Rfc3161:
    name = "rfc3161"
    version = 1
    proof_setting = "token"
    pins = ("tsa_root",)

    def check(
        self,
        path: Path,
        settings: Mapping[str, str],
        base: Path = Path(),
        reading: Reading = BY_NAME,
    ) -> Evidence:
        """Settings: `token` (the authority's answer), `tsa_root` (PEM of the pinned root) and
        `over` (a list of SHA-256 digests, such as SHA256SUMS, that was stamped instead of the
        input and names it or its files).

        Raises NotCheckedError without a pinned root, VerificationError for a token of another
        authority or over other bytes, MalformedError for one that is none.
        """
        check_settings(self.name, settings, ("over", "token", "tsa_root"))
        if "token" not in settings:
            raise InputError(
                f"{self.name} evidence without token, expected a time-stamp token",
                hint='token = "release.tsr" in the [[evidence]] table',
            )
        if "tsa_root" not in settings:
            raise NotCheckedError(
                f"{self.name} evidence without a pinned root: anyone can make a token",
                hint='tsa_root = "tsa.pem" in the [[evidence]] table, or --tsa-root FILE',
            )
        place = base / settings["token"]
        pinned = base / settings["tsa_root"]
        roots = read_bounded(pinned, "tsa_root", _LARGEST)
        _certificates(roots, pinned)
        proof = unpack(place, read_bounded(place, "token"), _FILES)
        if "over" in settings:
            proof["over"] = read_bounded(base / settings["over"], "over")
        token = proof.get("token.tsr", b"")
        subject = Subject(path, reading)
        if over := proof.get("over"):
            stamp = check_token(token, _hash(over, token), roots)
            found = subject.among(listed(over), settings.get("over", place))
            what = "a list that names it was stamped" + found.words
        else:
            stamp, found = _itself(token, subject, roots)
            what = "its SHA-256 was stamped" + found.words
        existed_by, documents = found.dates(stamp.existed_by)
        stored = pack({name: proof[name] for name in _FILES if name in proof})
        day = datetime.fromtimestamp(stamp.at, UTC).date()
        return Evidence(
            type=self.name,
            binding="exact_bytes",
            outcome="checked",
            checker=f"{self.name}/{self.version}",
            detail=f"{what} by {printable(stamp.issuer, 100)}, whose root is pinned; "
            f"a stamp proves only its own date, {day}",
            existed_by=existed_by,
            issuer=short(f"{stamp.issuer[:100]}, root sha256:{stamp.root}"),
            response_digest=sha256(stored).digest(),
            response=stored,
            documents=documents,
        )


def _itself(token: bytes, subject: Subject, roots: bytes) -> tuple[Stamp, Found]:
    """The stamp over the input as a whole, or over one of a folder's files."""
    said = read_token(token)
    if subject.is_folder and said.imprint in subject.files:
        return check_token(token, said.imprint, roots), subject.among([said.imprint], "the token")
    return check_token(token, subject.hashed(said.algorithm), roots), subject.all


def _hash(data: bytes, token: bytes) -> bytes:
    return new(read_token(token).algorithm, data).digest()


def read_token(token: bytes) -> Stamp:
    """What a TimeStampResp, or a bare token, says; nothing is verified.

    Raises MalformedError for bytes that are none, VerificationError for one over a broken hash,
    MissingExtraError.
    """
    response = _decoded(token)
    try:
        with _strict():
            signer = next(iter(response.signed_data.signer_infos))
            name = _signer_name(response, signer) or signer.issuer.rfc4514_string()
        info = response.tst_info
        imprint = info.message_imprint
        oid = imprint.hash_algorithm.dotted_string
        generated, accuracy = info.gen_time, info.accuracy
        serial = info.serial_number
        used = {found.dotted_string for found in response.signed_data.digest_algorithms}
        message = bytes(imprint.message)
    except (*_ODD, OverflowError, StopIteration, TypeError) as error:
        raise MalformedError(
            "time-stamp token", None, f"not a token: {printable(error, 80)}"
        ) from error
    for weak in ({oid} | used) & set(_WEAK):
        raise VerificationError(
            f"a time-stamp token over {_WEAK[weak]}, expected SHA-256, SHA-384 or SHA-512",
            hint="anyone can make other bytes of the same SHA-1 today",
        )
    if oid not in _ALGORITHMS:
        raise VerificationError(
            f"a time-stamp token over hash {printable(oid, 60)}, "
            "expected SHA-256, SHA-384 or SHA-512"
        )
    at = int(generated.timestamp())
    latest = at + (1 if generated.microsecond else 0)
    if accuracy is not None:
        latest += (accuracy.seconds or 0) + (1 if accuracy.millis or accuracy.micros else 0)
    return Stamp(_ALGORITHMS[oid], message, at, latest, int(serial), short(name))


def check_token(token: bytes, digest: bytes, roots: bytes) -> Stamp:
    """The stamp, verified: over `digest` (of its own hash), by an authority below `roots` (PEM).

    Raises UntrustedSignerError for another authority, VerificationError for other bytes, a
    signature that does not verify or a certificate not valid at the time of the stamp;
    MalformedError; MissingExtraError.
    """
    stamp = read_token(token)
    if stamp.imprint != digest:
        raise VerificationError(
            f"the time-stamp token is over {stamp.algorithm} {stamp.imprint.hex()[:200]}, "
            f"expected {digest.hex()}"
        )
    pinned = _certificates(roots)
    failures: list[str] = []
    for trusted in [[root] for root in pinned] + ([pinned] if len(pinned) > 1 else []):
        failure = _failure(token, digest, trusted)
        if failure is None:
            return replace(stamp, root=trusted[0].fingerprint(SHA256()).hex())
        failures.append(_reason(str(failure)))
    own = [reason for reason in failures if reason not in _FOREIGN]  # below a pinned root, and bad
    raise (VerificationError if own else UntrustedSignerError)(
        f"the time-stamp token of {printable(stamp.issuer, 100)} does not verify: "
        + (own or failures or ["nothing is pinned"])[0],
        hint="tsa_root pins another authority, or the token was changed",
    )


def _failure(token: bytes, digest: bytes, trusted: list[x509.Certificate]) -> Exception | None:
    from rfc3161_client import VerificationError as Unverified
    from rfc3161_client import VerifierBuilder

    try:
        with _strict():
            VerifierBuilder(roots=trusted).build().verify(_decoded(token), digest)
    except (Unverified, *_ODD) as error:
        return error
    return None


@contextmanager
def _strict() -> Iterator[None]:
    """A certificate that its parser only warns about is refused."""
    with catch_warnings():
        simplefilter("error", CryptographyDeprecationWarning)
        yield


def _certificates(pem: bytes, place: object = "tsa_root") -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise MalformedError(
            place, None, f"not PEM certificates: {printable(error, 80)}"
        ) from error


def _decoded(token: bytes) -> "TimeStampResponse":
    try:
        from rfc3161_client import decode_timestamp_response
    except ImportError as error:
        raise MissingExtraError("rfc3161-client", "timestamp") from error
    if len(token) > _LARGEST:
        raise MalformedError("time-stamp token", None, f"{len(token)} bytes, expected a token")
    reasons = []
    for candidate in (token, _wrapped(token)):
        try:
            return decode_timestamp_response(with_sorted_certificates(candidate))
        except ValueError as error:
            reasons.append(printable(error, 120))
    raise MalformedError("time-stamp token", None, f"not a token: {reasons[0]}")


def _wrapped(token: bytes) -> bytes:
    """A bare token as the response it would have come in."""
    inner = _GRANTED + token
    if len(inner) < 0x80:
        return b"\x30" + bytes([len(inner)]) + inner
    size = len(inner).to_bytes((len(inner).bit_length() + 7) // 8, "big")
    return b"\x30" + bytes([0x80 | len(size)]) + size + inner


def _signer_name(response: "TimeStampResponse", signer: Any) -> str | None:
    """The authority's own name: the certificate in the token that the signer names."""
    for der in sorted(response.signed_data.certificates):
        certificate = x509.load_der_x509_certificate(der)
        same = certificate.serial_number == signer.serial_number
        if same and certificate.issuer == signer.issuer:
            return certificate.subject.rfc4514_string()
    return None


def _reason(text: str) -> str:
    """The few words of an OpenSSL error stack that a person can use."""
    _, found, rest = text.partition("Verify error: ")
    return printable(rest.partition('"')[0] if found else text, 160).lower()


EVIDENCE = _Rfc3161()
