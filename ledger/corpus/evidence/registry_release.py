"""A package registry's stored answer lists this archive's digest, perhaps with an upload time.

Three answers are read: the JSON simple index (PEP 691, upload times by PEP 700), the older
project document (`releases` or `urls`), and the HTML simple index (PEP 503), which has no times.
Digest and date are apart: the digest is always checked; the date is checked only where the answer
has one. Otherwise the newest member of the archive asserts it, and the detail says so. A mirror's
upload time may be the mirror's own.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from ledger.corpus.evidence import BY_NAME, Evidence, Reading
from ledger.corpus.evidence._page import links
from ledger.corpus.evidence._proofs import check_settings, read_bounded
from ledger.corpus.evidence._subject import Subject
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._dates import one_date
from ledger.corpus.readers._tar import members
from ledger.errors import InputError, MalformedError, VerificationError, printable

__all__ = ["EVIDENCE"]

_FRACTION = re.compile(r"\.[0-9]*[1-9]")
_SETTINGS = ("filename", "issuer", "response")


@dataclass(frozen=True)
class _File:
    """One file an answer lists."""

    name: str
    sha256: str
    uploaded: str | None


class _RegistryRelease:
    name = "registry_release"
    version = 1
    proof_setting = "response"
    pins = ()

    def check(
        self,
        path: Path,
        settings: Mapping[str, str],
        base: Path = Path(),
        reading: Reading = BY_NAME,
    ) -> Evidence:
        """Settings: `response` (file of the stored answer), `filename` (the name the registry has
        for the input, when it was renamed) and `issuer` (who answered). Without `filename` any
        listed file of the input's digest will do: the digest is what is compared.

        Raises VerificationError where the answer lists another digest for the name, or not the
        name; InputError and MalformedError for settings or an answer that cannot be read.
        """
        check_settings(self.name, settings, _SETTINGS)
        if "response" not in settings:
            raise InputError(
                f"{self.name} evidence without response, expected the registry's stored answer",
                hint='response = "index.json" in the [[evidence]] table',
            )
        if path.is_dir():
            raise InputError(
                f"{printable(path)}: a folder, expected the archive as the registry has it"
            )
        stored = base / settings["response"]
        raw = read_bounded(stored, "response")
        files = list(_files(stored, raw))
        file = _same(path, stored, files, Subject(path, reading).digest.hex(), settings)
        return self._dated(path, stored, raw, file, settings.get("issuer"))

    def _dated(
        self, path: Path, stored: Path, raw: bytes, file: _File, issuer: str | None
    ) -> Evidence:
        shown = printable(file.name, 100)
        if file.uploaded is not None:
            moment = one_date(file.uploaded)
            if moment is None:
                found = printable(file.uploaded, 40)
                raise MalformedError(stored, None, f"upload time {found!r}: a date that is none")
            moment += bool(_FRACTION.search(file.uploaded))  # an upper bound is rounded up
            detail = f"digest and upload time of {shown} checked against the stored answer"
        else:
            moment = _newest(path)
            detail = f"digest of {shown} checked; the stored answer has no upload time, so "
            if moment is None:
                detail += "nothing dates it"
            else:
                day = datetime.fromtimestamp(moment, UTC).date()
                detail += f"its date is asserted: the newest archive member is of {day}"
        return Evidence(
            type=self.name,
            binding="exact_bytes",
            outcome="checked" if file.uploaded is not None else "asserted",
            checker=f"{self.name}/{self.version}",
            detail=detail,
            existed_by=moment,
            issuer=issuer,
            response_digest=sha256(raw).digest(),
            response=raw,
        )


def _same(
    path: Path, stored: Path, files: list[_File], digest: str, settings: Mapping[str, str]
) -> _File:
    """The listed file with the input's digest. Raises VerificationError."""
    name = settings.get("filename", path.name)
    named = [file for file in files if file.name == name]
    candidates = named if "filename" in settings else [*named, *files]
    same = next((file for file in candidates if file.sha256 == digest), None)
    if same is not None:
        return same
    if not named:
        raise VerificationError(
            f"{printable(stored)} lists no file {printable(name)!r}, nor SHA-256 {digest}",
            hint='filename = "…" names it as the registry does',
        )
    raise VerificationError(
        f"{printable(path)} has SHA-256 {digest}, but {printable(stored)} lists "
        f"{printable(named[0].sha256, 80)} for {printable(name)!r}"
    )


def _files(path: Path, raw: bytes) -> Iterator[_File]:
    if raw.lstrip()[:1] == b"<":
        found = links(raw.decode(errors="replace"))
        page = [_File(name, digest, None) for name, digest, _ in found]
        if not page:
            raise _odd(path)
        yield from page
        return
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedError(path, error.lineno, f"not JSON: {printable(error.msg, 80)}") from None
    if not isinstance(answer, dict):
        raise _odd(path)
    if isinstance(answer.get("files"), list):
        for entry in answer["files"]:
            yield _listed(path, entry, "hashes", "upload-time")
    elif isinstance(answer.get("releases"), dict) or isinstance(answer.get("urls"), list):
        releases = answer.get("releases") or {}
        lists = [*releases.values(), answer.get("urls") or []]
        for entries in lists:
            for entry in entries if isinstance(entries, list) else ():
                yield _listed(path, entry, "digests", "upload_time_iso_8601")
    else:
        raise _odd(path)


def _odd(path: Path) -> MalformedError:
    return MalformedError(
        path, None, "no files, releases, urls or links, expected a registry's answer"
    )


def _listed(path: Path, entry: Any, hashes: str, time: str) -> _File:
    entry = entry if isinstance(entry, dict) else {}
    digests = entry.get(hashes)
    found = digests.get("sha256") if isinstance(digests, dict) else None
    name, uploaded = entry.get("filename"), entry.get(time)
    if not isinstance(name, str) or not isinstance(uploaded, str | None):
        shown = printable(json.dumps(entry, ensure_ascii=True), 80)
        raise MalformedError(path, None, f"{shown}, expected a file's name, digests and time")
    return _File(name, found.lower() if isinstance(found, str) else "", uploaded or None)


def _newest(path: Path) -> int | None:
    """The newest modification time of any member, Unix seconds; None if it is no dated archive."""
    if not path.name.lower().endswith((".tar", ".tar.gz", ".tgz")):
        return None
    newest = 0
    for member in members(path, ReadOptions()):
        if member.modified is None:
            return None
        newest = max(newest, member.modified)
    return newest or None


EVIDENCE = _RegistryRelease()
