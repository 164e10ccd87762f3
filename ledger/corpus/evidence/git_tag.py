"""A signed git tag, or signed commit, that names the commit an input was read from.

The signature is checked against keys the user pins; the date is the tagger's or committer's own
(E2). Without a signature, or without pinned keys, the same date is merely asserted (E1). The
signature covers the commit's id, and through it every file: in most repositories a SHA-1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1, sha256
from pathlib import Path

from ledger.corpus.evidence import BY_NAME, Evidence, Reading, _openpgp, _sshsig, short
from ledger.corpus.evidence._proofs import check_settings, read_bounded
from ledger.corpus.readers import setting
from ledger.corpus.readers._repository import Repository, git_folder
from ledger.errors import InputError, MalformedError, VerificationError, printable

__all__ = ["EVIDENCE"]

_SETTINGS = ("allowed_signers", "keyring", "proof", "tag")
_LARGEST = 1 << 20  # bytes of a tag or a commit
_STARTS = (b"-----BEGIN PGP SIGNATURE-----", b"-----BEGIN SSH SIGNATURE-----")
_WHEN = re.compile(rb"^(?:tagger|committer) .*> (\d{1,12}) [+-]\d{4}$", re.MULTILINE)


@dataclass(frozen=True)
class _Signed:
    """A tag or commit taken apart: what was signed, by what, what commit it is of, and when."""

    what: str
    payload: bytes
    signature: bytes | None
    commit: str
    at: int


class _GitTag:
    name = "git_tag"
    version = 1
    proof_setting = "proof"
    pins = ("allowed_signers", "keyring")

    def check(
        self,
        path: Path,
        settings: Mapping[str, str],
        base: Path = Path(),
        reading: Reading = BY_NAME,
    ) -> Evidence:
        """Settings: `tag` (absent: the commit's own signature), `keyring` (OpenPGP public keys) or
        `allowed_signers` (SSH), both pinned.

        Raises VerificationError where the tag is of another commit or its signature does not
        hold, NotCheckedError without the program that checks it, InputError for another input.
        """
        check_settings(self.name, settings, _SETTINGS)
        if git_folder(path) is None or reading.reader not in (None, "git"):
            raise InputError(
                f"{printable(path)}: read as {reading.reader or 'files'}, {self.name} evidence is "
                "about a commit",
                hint="ingest with --format git",
            )
        with Repository(path) as repository:
            commit = repository.resolve(setting(reading.options, "git", "rev", "HEAD"))
            if "proof" in settings:
                raw = read_bounded(base / settings["proof"], "proof", _LARGEST)
            else:
                raw = _object(repository, commit, settings.get("tag"))
        found = _parsed(path, raw, len(commit))
        if found.commit != commit:
            raise VerificationError(
                f"{printable(path)}: {found.what} is of commit {found.commit}, "
                f"the input is commit {commit}",
                hint="git.rev names the commit that is read",
            )
        at, issuer, detail = _checked(path, found, settings, base)
        day = datetime.fromtimestamp(at, UTC).date()
        return Evidence(
            type=self.name,
            binding="exact_bytes",
            outcome="checked" if issuer is not None else "asserted",
            checker=f"{self.name}/{self.version}",
            detail=f"{found.what} of commit {commit[:12]}, {detail}; its date {day} is the "
            "signer's own word",
            existed_by=at,
            issuer=issuer,
            response_digest=sha256(raw).digest(),
            response=raw,
        )


def _object(repository: Repository, commit: str, tag: str | None) -> bytes:
    """The tag object, or the commit itself where the tag is a mere pointer to it."""
    if tag is None:
        return repository.read(commit, "commit")
    oid = repository.resolve_tag(tag)
    if oid is not None:
        return repository.read(oid, "tag")
    return repository.read(repository.resolve(f"refs/tags/{tag}"), "commit")


def _parsed(path: Path, raw: bytes, width: int) -> _Signed:
    """Raises MalformedError for bytes that are neither a tag of a commit nor a commit."""
    head = raw.partition(b"\n\n")[0]
    when = _WHEN.search(head)
    first, _, second = head.partition(b"\n")
    oid = first.rpartition(b" ")[2].decode("latin-1")
    if when is None or not re.fullmatch(rf"[0-9a-f]{{{width}}}", oid):
        raise MalformedError(path, None, "a tag or commit without its object or its date")
    at = int(when[1])
    if first.startswith(b"object "):
        if not second.startswith(b"type commit\n"):
            raise MalformedError(path, None, "a tag of something that is no commit")
        named = re.search(rb"^tag ([^\n]{1,200})$", head, re.MULTILINE)
        what = f"tag {printable(named[1].decode('utf-8', 'replace'), 80)}" if named else "a tag"
        cut = max((raw.rfind(b"\n" + start) + 1 for start in _STARTS), default=0)
        payload, signature = (raw[:cut], raw[cut:]) if cut else (raw, None)
        return _Signed(what, payload, signature, oid, at)
    if not first.startswith(b"tree "):
        raise MalformedError(path, None, "neither a tag nor a commit")
    hasher = sha1(usedforsecurity=False) if width == 40 else sha256()
    hasher.update(b"commit %d\0" % len(raw) + raw)
    payload, signature = _without_signature(raw)
    return _Signed("the commit itself", payload, signature, hasher.hexdigest(), at)


def _without_signature(raw: bytes) -> tuple[bytes, bytes | None]:
    """A commit less its gpgsig header, and that header's value: what git signs, and by what."""
    kept: list[bytes] = []
    signature: list[bytes] = []
    head, blank, rest = raw.partition(b"\n\n")
    inside = False
    for line in head.split(b"\n"):
        if line.startswith((b"gpgsig ", b"gpgsig-sha256 ")):
            signature.append(line.partition(b" ")[2])
            inside = True
        elif inside and line.startswith(b" "):
            signature.append(line[1:])
        else:
            inside = False
            kept.append(line)
    return b"\n".join(kept) + blank + rest, b"\n".join([*signature, b""]) if signature else None


def _checked(
    path: Path, found: _Signed, settings: Mapping[str, str], base: Path
) -> tuple[int, str | None, str]:
    """(date, who signed or None, in words). Raises VerificationError."""
    place = f"{path}: {found.what}"
    if found.signature is None:
        return found.at, None, "unsigned"
    if found.signature.startswith(_STARTS[1]):
        if "allowed_signers" not in settings:
            return found.at, None, "signed by an SSH key that was not checked"
        allowed = read_bounded(base / settings["allowed_signers"], "allowed_signers", _LARGEST)
        who = _sshsig.verify(place, found.payload, found.signature, allowed, found.at, "git")
        # a principal is mostly an e-mail address: no name of a person enters an entry or a seal
        return found.at, short(f"SSH {who.rpartition(', ')[2]}"), f"signed by {printable(who, 120)}"
    if "keyring" not in settings:
        return found.at, None, "signed by an OpenPGP key that was not checked"
    ring = _openpgp.keyring_of(
        settings["keyring"], read_bounded(base / settings["keyring"], "keyring")
    )
    signed = _openpgp.verify(place, found.payload, found.signature, ring)
    who = f"OpenPGP key {signed.fingerprint}"
    return max(found.at, signed.at), short(who), f"signed by pinned {who}"


EVIDENCE = _GitTag()
