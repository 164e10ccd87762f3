"""Vendors' results into the ledger: one claim a document, with the vendor as its source.

A result is ranked nowhere, so its outcome is `uncertain` whatever the vendor called it: its word
stands beside it. A calibration of the vendor's detector makes verdicts of results.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import floor, log
from pathlib import Path
from typing import Any

import numpy as np

from ledger.claims import Verdict
from ledger.errors import InputError, MalformedError, printable
from ledger.log.canonical import parse_digest
from ledger.log.log import MAX_BATCH, Log
from ledger.log.record import Claim, record
from ledger.verdicts.imported.forms import Form, Result, find_form
from ledger.verdicts.imported.records import read_records
from ledger.verdicts.outcomes import UNCERTAIN
from ledger.verdicts.scanning.detectors import OURS

__all__ = ["Imported", "import_results"]

_LEAST = 1e-7  # a share this near to 0 or 1 is no nearer: vendors print rounded numbers
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_COLUMNS = ("score", "sha256", "stated", "text", "version")


@dataclass(frozen=True)
class Imported:
    """`results` were read; of them `unknown` are of documents that this ledger has not, `silent`
    said nothing and `repeated` came again for the same document, which the last one counts for.
    `claims` stand now, `fresh` of them for the first time, from `detectors`.
    """

    vendor: str
    results: int
    unknown: int
    silent: int
    repeated: int
    claims: int
    fresh: int
    detectors: tuple[str, ...]


def import_results(
    log: Log,
    files: Sequence[Path],
    form: str,
    *,
    vendor: str | None = None,
    version: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Imported:
    """Record the results in some files, each of a document that `sha256` or `text` names.

    `version` is the detector's where a record does not say. Nothing is recorded where a record is
    malformed. Raises InputError, UnknownNameError for the form, MalformedError naming the line.
    """
    parser = find_form(form)
    source = vendor or parser.vendor
    if source is None:
        raise InputError(
            f"form {form}: found no vendor, expected its name", hint="--vendor NAME says whose"
        )
    if source == OURS:
        raise InputError(
            f"vendor {OURS}: these would pass for results of our own detector, expected another",
            hint="--vendor NAME says whose they are",
        )
    names = dict(columns or {})
    for name in names:
        if name not in _COLUMNS:
            raise InputError(
                f"column {printable(name)}: unknown, expected one of {', '.join(_COLUMNS)}",
                hint="such as --column score=ai_probability",
            )
    read = _Reading(parser, source, version, names)
    for path in files:
        read.file(path)
    known = _known(log, [*read.bodies])
    claims = [
        Claim("verdict", subject, body)
        for subject, body in sorted(read.bodies.items())
        if subject in known
    ]
    fresh = 0
    for start in range(0, len(claims), MAX_BATCH):
        done = record(log, claims[start : start + MAX_BATCH])
        fresh += sum(item.new for item in done)
    detectors = {
        f"{claim.body.detector} {claim.body.version}"
        for claim in claims
        if isinstance(claim.body, Verdict)
    }
    return Imported(
        vendor=source,
        results=read.results,
        unknown=len(read.bodies) - len(claims),
        silent=read.silent,
        repeated=read.repeated,
        claims=len(claims),
        fresh=fresh,
        detectors=tuple(sorted(detectors)),
    )


class _Reading:
    """Results by document, as files are read."""

    def __init__(
        self, form: Form, source: str, version: str | None, columns: Mapping[str, str]
    ) -> None:
        self._form, self._source, self._version = form, source, version
        self._columns = columns
        self.bodies: dict[str, Verdict] = {}
        self.results = self.silent = self.repeated = 0

    def file(self, path: Path) -> None:
        data, records = read_records(path)
        digest = f"sha256:{sha256(data).hexdigest()}"
        for line, said in records:
            self.results += 1
            try:
                subject = self._subject(said)
                inner = said.get("response", said)
                if not isinstance(inner, dict):
                    raise ValueError("response: expected an object")
                result = self._form.parse(inner, self._columns)
                if result is None:
                    self.silent += 1
                    continue
                self.repeated += subject in self.bodies
                self.bodies[subject] = self._body(result, digest)
            except KeyError as error:
                missing = printable(str(error.args[0]), 60)
                raise MalformedError(
                    path, line, f"found no {missing}",
                    hint=f"--form {self._form.name} expects it; --form columns takes any name",
                ) from error  # fmt: skip
            except ValueError as error:
                raise MalformedError(path, line, printable(str(error), 300)) from error

    def _subject(self, said: Mapping[str, Any]) -> str:
        digest = said.get(self._columns.get("sha256", "sha256"))
        if isinstance(digest, str) and digest:
            found = _DIGEST.fullmatch(digest)
            if found is None:
                raise ValueError(f"sha256: found {printable(digest, 80)}, expected 64 hex digits")
            return f"sha256:{found[1]}"
        text = said.get(self._columns.get("text", "text"))
        if not isinstance(text, str):
            raise ValueError("found neither sha256 nor text, expected one that names the document")
        try:
            return f"sha256:{sha256(text.encode()).hexdigest()}"
        except UnicodeEncodeError as error:
            raise ValueError("text: found half a surrogate pair, expected text") from error

    def _body(self, result: Result, file: str) -> Verdict:
        share = min(max(result.share, _LEAST), 1 - _LEAST)
        version = result.version or self._version
        if version is None:
            raise ValueError("found no version of the detector; --version V names it")
        return Verdict(
            source=self._source,
            detector=result.detector,
            version=version,
            outcome=UNCERTAIN,
            score_milli=floor(1000 * log(share / (1 - share))),
            stated=result.stated,
            file=file,
        )


def _known(log: Log, subjects: Sequence[str]) -> set[str]:
    """Those of the subjects that the ledger has a document for."""
    if not subjects:
        return set()
    digests = np.frombuffer(b"".join(map(parse_digest, subjects)), np.uint8).reshape(-1, 32)
    query, index = log.find_all(digests)
    return {
        subjects[place]
        for place, entry in zip(query.tolist(), index.tolist(), strict=True)
        if log.entry(entry).kind == "origin"
    }
