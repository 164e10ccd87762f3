"""The two corpora: releases that were fetched, or texts that installed packages brought along."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path

from ledger.corpus.releases import Fetched, Release
from ledger.errors import InputError, printable

__all__ = ["Corpus", "described", "installed"]


@dataclass(frozen=True)
class Corpus:
    """One dataset to be: its input, and the dataset.toml that describes it."""

    input: Path
    description: Path


def described(folder: Path, release: Release, fetched: Fetched) -> Corpus:
    """A fetched release as a dataset of its documentation."""
    issuer = f"issuer = {json.dumps(fetched.host)}\n" if fetched.host else ""
    description = folder / f"{release.project}-docs-{release.version}.toml"
    description.write_text(
        f'name = "{release.project}-docs"\n'
        f'version = "{release.version}"\n'
        'license = "BSD-3-Clause"\n'
        'channel = "public_dataset"\n'
        'include = ["*/docs/**/*.txt"]\n\n'
        f'[[evidence]]\ntype = "registry_release"\nresponse = "{fetched.page.name}"\n{issuer}'
    )
    return Corpus(folder / release.file, description)


# --- texts that are here already

_LICENCE = re.compile(r"licen[cs]e|copying|notice", re.IGNORECASE)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def installed(folder: Path) -> list[Corpus]:
    """Licence files and long descriptions of installed packages, as two folders of text."""
    corpora = []
    for name, texts in (("licences", _licences), ("descriptions", _descriptions)):
        place = folder / name
        place.mkdir(parents=True)
        found = 0
        for package in distributions():
            for file, text in texts(package):
                safe = _UNSAFE.sub("_", f"{package.metadata['Name']}-{package.version}-{file}")
                found += _written(place / safe[:200], text)
        if not found:
            raise InputError(
                f"{printable(place)}: found no {name} of installed packages",
                hint="connect to a network, or ingest a folder of your own",
            )
        description = folder / f"installed-{name}.toml"
        description.write_text(
            f'name = "installed-{name}"\nversion = "1"\nchannel = "other"\n\n[[evidence]]\n'
            f'type = "declared_date"\ndate = "{datetime.now(UTC).date()}"\n'
            'because = "found on this machine that day; how old it is was not asked"\n'
        )
        corpora.append(Corpus(place, description))
    return corpora


def _written(path: Path, text: str) -> bool:
    try:
        data = text.encode()
    except UnicodeEncodeError:  # metadata that was not UTF-8 in the first place is no text here
        return False
    if data.strip():
        path.write_bytes(data)
    return bool(data.strip())


def _licences(package: Distribution) -> Iterator[tuple[str, str]]:
    for file in package.files or ():
        if ".dist-info" in file.parts[0] and _LICENCE.search(file.name):
            try:
                yield f"{'-'.join(file.parts[1:])}.txt", file.read_text()
            except (OSError, UnicodeDecodeError):  # gone, or in some other encoding: no text here
                continue


def _descriptions(package: Distribution) -> Iterator[tuple[str, str]]:
    text = package.metadata.get_payload()  # type: ignore[attr-defined]  # it is an email.message
    if isinstance(text, str):
        yield "description.md", text
