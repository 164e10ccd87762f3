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

from ledger.corpus.evidence import Evidence
from ledger.corpus.evidence._page import links
from ledger.corpus.hashing import hash_file
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._dates import one_date
from ledger.corpus.readers._tar import members
from ledger.errors import (
    InputError,
    MalformedError,
    UnknownNameError,
    VerificationError,
    printable,
)

__all__ = ["EVIDENCE"]

_LARGEST = 256 << 20  # bytes of a stored answer
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

    def check(self, path: Path, settings: Mapping[str, str], base: Path = Path()) -> Evidence:
        """Settings: `response` (file of the stored answer), `filename` (the name the registry has
        for the input, when it was renamed) and `issuer` (who answered).

        Raises VerificationError where the answer lists another digest for the name, or not the
        name; InputError and MalformedError for settings or an answer that cannot be read.
        """
        for key in settings:
            if key not in _SETTINGS:
                raise UnknownNameError(f"setting of {self.name} evidence", key, _SETTINGS)
        if "response" not in settings:
            raise InputError(
                f"{self.name} evidence without response, expected the registry's stored answer",
                hint='response = "index.json" in the [[evidence]] table',
            )
        stored = base / settings["response"]
        raw = _bounded(stored)
        name = settings.get("filename", path.name)
        digest = hash_file(path)[0].hex()
        listed = [file for file in _files(stored, raw) if file.name == name]
        if not listed:
            raise VerificationError(
                f"{printable(stored)} lists no file {printable(name)!r}",
                hint='filename = "…" names it as the registry does',
            )
        same = next((file for file in listed if file.sha256 == digest), None)
        if same is None:
            raise VerificationError(
                f"{printable(path)} has SHA-256 {digest}, but {printable(stored)} lists "
                f"{printable(listed[0].sha256, 80)} for {printable(name)!r}"
            )
        return self._dated(path, stored, raw, same, settings.get("issuer"))

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


def _bounded(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(
            f"{printable(path)}: {(error.strerror or str(error)).lower()}",
            hint="response names the registry's stored answer, relative to dataset.toml",
        ) from error
    if len(raw) > _LARGEST:
        raise MalformedError(path, None, f"over {_LARGEST} bytes, expected a registry's answer")
    return raw


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
