"""A release whose checksums a distributor signed with OpenPGP, by a key that the user pinned.

Two chains are followed: a Debian archive's (InRelease, or Release and its signature → Packages →
the package), and a signed list of checksums (clear-signed, or with a detached signature).

This is E3 and not E2 because the ring is a release key's that the user chose: the publisher of
many files dates them together, in public, and mirrors keep them. Still the time is the signer's
own clock. An archive signed again later (Debian signs InRelease with every update) proves only
the later date.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path

from ledger.corpus.evidence import BY_NAME, Evidence, NotCheckedError, Reading, short
from ledger.corpus.evidence._container import member_digests, unpacked
from ledger.corpus.evidence._listing import listed
from ledger.corpus.evidence._openpgp import Signed, keyring_of, verify
from ledger.corpus.evidence._proofs import check_settings, pack, read_bounded, unpack
from ledger.corpus.evidence._subject import Found, Subject
from ledger.errors import InputError, MalformedError, VerificationError, printable

__all__ = ["EVIDENCE"]

_SETTINGS = ("checksums", "container", "keyring", "packages", "proof", "release", "signature")
_FILES = ("checksums", "release", "signature", "packages", "container")
_PACKAGES = 512 << 20  # unpacked bytes of a Packages file
_ENTRY = re.compile(rb"^SHA256:[ \t]*([0-9a-f]{64})[ \t]*$", re.MULTILINE)
_FIELD = re.compile(rb"^(Package|Version):[ \t]*([^\r\n]{1,200})", re.MULTILINE)
_RELEASE_LINE = re.compile(rb"^[ \t]+([0-9a-f]{64})[ \t]+([0-9]+)[ \t]+(\S{1,500})[ \t]*\r?$")
_DATE = re.compile(rb"^Date:[ \t]*([^\r\n]{1,100})", re.MULTILINE)


class _OpenpgpRelease:
    name = "openpgp_release"
    version = 1
    proof_setting = "proof"
    pins = ("keyring",)

    def check(
        self,
        path: Path,
        settings: Mapping[str, str],
        base: Path = Path(),
        reading: Reading = BY_NAME,
    ) -> Evidence:
        """Settings: `keyring` (public keys, pinned); `release` and `packages`, or `checksums`;
        `signature` where it is detached; `container` where the input lies in the listed file.

        Raises NotCheckedError without keyring or gpgv, VerificationError for a signature or a
        digest that does not hold, InputError and MalformedError for files that cannot be read.
        """
        check_settings(self.name, settings, _SETTINGS)
        place, proof = _proof(self.name, settings, base)
        if "keyring" not in settings:
            raise NotCheckedError(
                f"{self.name} evidence without a pinned keyring: anyone can sign",
                hint='keyring = "release-keys.gpg" in the [[evidence]] table, or --keyring FILE',
            )
        ring = keyring_of(settings["keyring"], read_bounded(base / settings["keyring"], "keyring"))
        if "release" in proof:
            known, existed_by, signed, chain = _archive(place, proof, ring)
        else:
            signed = verify(place, proof["checksums"], proof.get("signature"), ring)
            known, existed_by, chain = listed(signed.text), signed.at, "signed checksums"
        subject = Subject(path, reading)
        found, binding = _found(subject, known, settings, base, proof, place)
        date, documents = found.dates(existed_by)
        day = datetime.fromtimestamp(existed_by, UTC).date()
        name = next((known[d] for d in found.digests if known.get(d)), "")
        stored = pack({name: proof[name] for name in _FILES if name in proof})
        return Evidence(
            type=self.name,
            binding="container_member" if binding else "exact_bytes",
            outcome="checked",
            checker=f"{self.name}/{self.version}",
            detail=f"SHA-256{f' of {printable(name, 80)}' if name else ''}{found.words} "
            f"followed through {chain} to a signature of {day} by pinned key "
            f"{signed.fingerprint}; that day is the signer's own word",
            existed_by=date,
            issuer=short(f"OpenPGP key {signed.fingerprint}"),
            response_digest=sha256(stored).digest(),
            response=stored,
            documents=documents,
        )


def _proof(type: str, settings: Mapping[str, str], base: Path) -> tuple[Path, dict[str, bytes]]:
    """Where the signed text lies, and every file the settings name or the stored proof holds."""
    if "proof" in settings:
        place = base / settings["proof"]
        return place, unpack(place, read_bounded(place, "proof"), _FILES)
    first = "release" if "release" in settings else "checksums"
    if first not in settings or (first == "release") != ("packages" in settings):
        raise InputError(
            f"{type} evidence with {', '.join(sorted(settings)) or 'nothing'}, "
            "expected release and packages, or checksums",
            hint='release = "InRelease" and packages = "Packages.xz", or checksums = "SHA256SUMS"',
        )
    names = [name for name in (first, "signature", "packages") if name in settings]
    return base / settings[first], {n: read_bounded(base / settings[n], n) for n in names}


def _found(
    subject: Subject,
    known: Mapping[bytes, str],
    settings: Mapping[str, str],
    base: Path,
    proof: dict[str, bytes],
    place: Path,
) -> tuple[Found, bool]:
    """What of the subject is listed, itself or in a listed container; whether the latter."""
    if "container" not in settings:
        if digest := proof.get("container"):
            raise NotCheckedError(
                f"checking again needs the container {printable(digest.decode('latin-1'), 80)}",
                hint="--describe dataset.toml names it",
            )
        return subject.among(known, place), False
    container = base / settings["container"]
    outer = Subject(container, BY_NAME)
    outer.among(known, place)
    if proof.setdefault("container", b"sha256:" + outer.digest.hex().encode()) != (
        b"sha256:" + outer.digest.hex().encode()
    ):
        raise VerificationError(f"{printable(container)}: not the container that was recorded")
    return subject.among(member_digests(container, subject.reading.options), container), True


def _archive(
    place: Path, proof: Mapping[str, bytes], ring: bytes
) -> tuple[Mapping[bytes, str], int, Signed, str]:
    """A Debian archive: (SHA-256 → package of all it lists, date, signature, chain in words)."""
    signed = verify(place, proof["release"], proof.get("signature"), ring)
    if "packages" not in proof:
        raise MalformedError(place, None, "a proof without its Packages file")
    raw = proof["packages"]
    text = unpacked(place, raw, _PACKAGES)
    release = _release(signed.text)
    index = release.get(sha256(raw).digest()) or release.get(sha256(text).digest())
    if index is None:
        raise VerificationError(
            f"{printable(place)} does not list SHA-256 {sha256(raw).hexdigest()}, "
            "that of the Packages file",
            hint="both files have to be of the same day",
        )
    existed_by = max(signed.at, _date(place, signed.text))
    known = {bytes.fromhex(e[1].decode()): e.start() for e in _ENTRY.finditer(text)}
    return _Names(text, known), existed_by, signed, f"{printable(index, 80)} and InRelease"


class _Names(Mapping[bytes, str]):
    """Digest → "package version", looked up only for what is asked."""

    def __init__(self, text: bytes, places: Mapping[bytes, int]) -> None:
        self._text, self._places = text, places

    def __getitem__(self, digest: bytes) -> str:
        at = self._places[digest]
        start = self._text.rfind(b"\n\n", 0, at) + 1
        fields = dict(_FIELD.findall(self._text[start:at]))
        return b" ".join(
            fields[name] for name in (b"Package", b"Version") if name in fields
        ).decode("utf-8", "replace")

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _release(text: bytes) -> dict[bytes, str]:
    """SHA-256 → path of the SHA256 section of a Release file."""
    found: dict[bytes, str] = {}
    inside = False
    for line in text.split(b"\n"):
        if not line.startswith((b" ", b"\t")):
            inside = line.strip() == b"SHA256:"
        elif inside and (match := _RELEASE_LINE.match(line)):
            found[bytes.fromhex(match[1].decode())] = match[3].decode("utf-8", "replace")
    return found


def _date(place: Path, text: bytes) -> int:
    """The Release file's own date, Unix seconds. Raises MalformedError."""
    match = _DATE.search(text)
    try:
        if match is None:
            raise ValueError
        moment = parsedate_to_datetime(match[1].decode("ascii"))
    except (ValueError, IndexError) as error:
        raise MalformedError(place, None, "no Date field, expected a Release file") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


EVIDENCE = _OpenpgpRelease()
