"""A package registry's stored index page, the HTML kind, lists this archive's digest.

Such a page (PEP 503) has a link a file and its digest in the link, and no time anywhere. So the
digest is checked and the date never is: the newest member of the archive asserts it. Where the
registry also answers in JSON, registry_release.py can check the date too.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from ledger.corpus.evidence import Evidence
from ledger.corpus.hashing import hash_file
from ledger.corpus.readers import ReadOptions
from ledger.corpus.readers._tar import members
from ledger.errors import (
    InputError,
    MalformedError,
    UnknownNameError,
    VerificationError,
    printable,
)

__all__ = ["EVIDENCE", "links"]

_LARGEST = 64 << 20  # bytes of a stored page
_SETTINGS = ("filename", "issuer", "page")


class _Links(HTMLParser):
    """The `href` of every anchor, in the order of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def links(page: str) -> Iterator[tuple[str, str, str]]:
    """(file name, SHA-256 in hex or "", href) of every link on an index page, in its order."""
    parser = _Links()
    parser.feed(page)
    parser.close()
    for href in parser.found:
        try:
            split = urlsplit(href)
        except ValueError:  # a link no program could follow lists no file
            continue
        digests = parse_qs(split.fragment).get("sha256", [""])
        yield unquote(split.path).rpartition("/")[2], digests[0].lower(), href


class _RegistryPage:
    name = "registry_page"
    version = 1

    def check(self, path: Path, settings: Mapping[str, str], base: Path = Path()) -> Evidence:
        """Settings: `page` (file of the stored page), `filename` (the name the registry has for
        the input, when it was renamed) and `issuer` (who answered).

        Raises VerificationError where the page lists another digest for the name, or not the
        name; InputError and MalformedError for settings or a page that cannot be read.
        """
        for key in settings:
            if key not in _SETTINGS:
                raise UnknownNameError(f"setting of {self.name} evidence", key, _SETTINGS)
        if "page" not in settings:
            raise InputError(
                f"{self.name} evidence without page, expected the registry's stored index page",
                hint='page = "index.html" in the [[evidence]] table',
            )
        stored = base / settings["page"]
        raw = _bounded(stored)
        name = settings.get("filename", path.name)
        digest = hash_file(path)[0].hex()
        listed = [found for file, found, _ in links(raw.decode(errors="replace")) if file == name]
        if not listed:
            raise VerificationError(
                f"{printable(stored)} lists no file {printable(name)!r}",
                hint='filename = "…" names it as the registry does',
            )
        if digest not in listed:
            raise VerificationError(
                f"{printable(path)} has SHA-256 {digest}, but {printable(stored)} lists "
                f"{printable(listed[0], 80) or 'no SHA-256'} for {printable(name)!r}"
            )
        newest = _newest(path)
        said = "nothing dates it"
        if newest is not None:
            day = datetime.fromtimestamp(newest, UTC).date()
            said = f"its date is asserted: the newest archive member is of {day}"
        return Evidence(
            type=self.name,
            binding="exact_bytes",
            outcome="asserted",
            checker=f"{self.name}/{self.version}",
            detail=f"digest of {printable(name, 100)} checked; an index page in HTML has no "
            f"upload time, so {said}",
            existed_by=newest,
            issuer=settings.get("issuer"),
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
            hint="page names the registry's stored index page, relative to dataset.toml",
        ) from error
    if len(raw) > _LARGEST:
        raise MalformedError(path, None, f"over {_LARGEST} bytes, expected an index page")
    return raw


def _newest(path: Path) -> int | None:
    """The newest modification time of any member, Unix seconds; None if it is no dated archive."""
    if not path.name.lower().endswith((".tar", ".tar.gz", ".tgz")):
        return None
    times = [member.modified for member in members(path, ReadOptions())]
    if any(time is None for time in times):
        return None
    return max((time for time in times if time), default=None)


EVIDENCE = _RegistryPage()
