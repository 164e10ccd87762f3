"""Pinned source archives, fetched with pip, and the index page that lists them.

pip's own session asks: its index, proxies, certificates and credentials, whatever the person has
set up. Its resolver does not, because it runs the build script of every source archive it meets.
What arrives counts only if it has the pinned SHA-256.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from ledger.corpus.evidence._page import links
from ledger.corpus.hashing import hash_file
from ledger.errors import VerificationError, printable

__all__ = ["Fetched", "NotFetchedError", "Release", "fetch_releases"]

_SECONDS = 300  # for one job
_HOST = "index.host"  # who answered, beside the page


class Release(NamedTuple):
    """A source archive that is fetched: its name in the index, and the bytes it must have."""

    project: str
    version: str
    file: str
    sha256: str


class Fetched(NamedTuple):
    """The stored index page, `index.json` or `index.html`, and the host that answered."""

    page: Path
    host: str | None


class NotFetchedError(Exception):
    """No archives from here. The message says why, for a person; the caller goes on without."""


# pip's options, configuration and session, without its resolver. One job a run, as JSON.
_PIP_JOB = """
import json, sys
from pip._internal.commands.download import DownloadCommand

class Get(DownloadCommand):
    def run(self, options, args):
        job = json.loads(args[0])
        session = self.get_default_session(options)
        wanted = job.get("get", [])
        if "project" in job:
            indexes = [] if options.no_index else [options.index_url, *options.extra_index_urls]
            pages = [index.rstrip("/") + "/" + job["project"] + "/" for index in indexes if index]
            wanted = [[page, job["file"] + "." + str(n)] for n, page in enumerate(pages)]
        found = []
        for url, file in wanted:
            try:
                with session.get(url, headers=job["headers"], stream=True) as answer:
                    answer.raise_for_status()
                    with open(file, "wb") as target:
                        for chunk in answer.iter_content(65536):
                            target.write(chunk)
                    kind = answer.headers.get("content-type", "")
                    found.append({"file": file, "url": answer.url, "type": kind})
            except Exception as error:
                said = str(error)  # some of pip's own errors say nothing but their repr
                found.append({"error": type(error).__name__ if said[:1] in ("", "<") else said})
        with open(job["result"], "w") as target:
            json.dump(found, target)
        return 0

sys.exit(Get("download", "").main(sys.argv[1:]))
"""
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"


def _installed(package: str) -> bool:
    """Whether a distribution is there; to look for its module would wake an import hook."""
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def _pip(folder: Path, job: dict[str, Any]) -> list[dict[str, str]]:
    """Have pip's session do a job. Raises NotFetchedError where there is no pip or it cannot."""
    if not _installed("pip"):
        raise NotFetchedError("pip is not installed beside headwater")
    result = folder / "pip.json"
    job = {**job, "result": str(result.absolute())}
    options = ("--quiet", "--retries", "1", "--timeout", "15", "--disable-pip-version-check")
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _PIP_JOB, *options, json.dumps(job)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotFetchedError(f"pip had no answer in {_SECONDS} s") from None
    if done.returncode or not result.exists():
        last = done.stderr.strip().rpartition("\n")[2]
        raise NotFetchedError(f"pip could not be used: {printable(last or done.returncode)}")
    found: list[dict[str, str]] = json.loads(result.read_text())
    result.unlink()
    return found


def fetch_releases(
    folder: Path, releases: Sequence[Release], say: Callable[[str], None] = lambda _: None
) -> Fetched:
    """Put all `releases` and the index page that lists them into `folder`, which exists.

    What an earlier call left there is checked again and not fetched again. Raises NotFetchedError
    where they cannot be had from here, VerificationError where bytes are not the pinned ones.
    """
    stored = [folder / name for name in ("index.json", "index.html") if (folder / name).exists()]
    archives = [folder / release.file for release in releases]
    if stored and all(archive.exists() for archive in archives):
        say(f"using the archives in {folder}")
        _check_pins(releases, archives)
        return Fetched(stored[0], (folder / _HOST).read_text() or None)
    say("asking the package index that pip is set up for")
    page, base, offers = _page(folder, releases)
    parts = [archive.with_name(f"{archive.name}.part").absolute() for archive in archives]
    say(f"fetching {', '.join(release.file for release in releases)}")
    job = {
        "get": [
            [urljoin(base, offers[release.file]), str(part)]
            for release, part in zip(releases, parts, strict=True)
        ],
        # as pip asks for archives: one that is packed again on the way has another digest
        "headers": {"Accept-Encoding": "identity"},
    }
    for answer in _pip(folder, job):
        if "error" in answer:
            raise NotFetchedError(f"the package index failed: {printable(answer['error'], 120)}")
    _check_pins(releases, parts)
    host = urlsplit(base).hostname
    (folder / _HOST).write_text(host or "")
    for part, archive in zip(parts, archives, strict=True):
        part.replace(archive)
    return Fetched(page, host)


def _check_pins(releases: Sequence[Release], files: Sequence[Path]) -> None:
    for release, file in zip(releases, files, strict=True):
        found = hash_file(file)[0].hex()
        if found != release.sha256:
            raise VerificationError(
                f"{printable(file)}: SHA-256 {found}, expected {release.sha256}",
                hint=f"not the {release.file} that this program was written for; delete it",
            )


def _page(folder: Path, releases: Sequence[Release]) -> tuple[Path, str, dict[str, str]]:
    """(the stored index page, its URL, file -> link) of the first index that lists all releases."""
    job = {
        "project": releases[0].project,
        "file": str((folder / "page").absolute()),
        "headers": {"Accept": _ACCEPT},
    }
    answers = _pip(folder, job)
    reasons: list[str] = []
    chosen: tuple[Path, str, dict[str, str]] | None = None
    for answer in answers:
        if "error" in answer:
            reasons.append(f"no answer from the package index: {printable(answer['error'], 120)}")
            continue
        file = Path(answer["file"])
        kind = "json" if "json" in answer["type"] else "html"
        offers = {
            name: link
            for name, digest, link in _listed(file.read_bytes(), kind)
            if any((name, digest) == (r.file, r.sha256) for r in releases)
        }
        if chosen is None and len(offers) == len(releases):
            chosen = file.replace(folder / f"index.{kind}"), answer["url"], offers
            continue
        reasons.append(f"the package index does not list {releases[0].project} as pinned here")
        file.unlink()
    if chosen is None:
        raise NotFetchedError(reasons[0] if reasons else "pip is set up without a package index")
    return chosen


def _listed(page: bytes, kind: str) -> Iterator[tuple[str, str, str]]:
    """(file name, SHA-256 in hex, link) of what an index page lists."""
    if kind == "html":
        yield from links(page.decode(errors="replace"))
        return
    try:
        for entry in json.loads(page)["files"]:
            yield str(entry["filename"]), str(entry["hashes"].get("sha256")), str(entry["url"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotFetchedError(f"the index's answer cannot be read: {printable(error)}") from error
