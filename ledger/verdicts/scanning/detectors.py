"""Who gives the scores: our own detector, or a vendor whose results were recorded as claims.

Both are ranked in the same way, so whoever calibrates or decides asks a `Detector` and does not
know which it is.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from ledger.corpus.neardup.side import Digests, find_digests
from ledger.engines import Workers
from ledger.errors import InputError, UnknownNameError, printable
from ledger.log.canonical import Entry, parse_digest
from ledger.log.log import Log
from ledger.log.record import live
from ledger.provenance.overlap import Reference
from ledger.verdicts.calibration.sample import Part
from ledger.verdicts.core.model import Model, shipped
from ledger.verdicts.outcomes import INSUFFICIENT, MIN_WORDS
from ledger.verdicts.scanning.gather import NO_RESULT, Mask, Phase, Scored, gather_scores
from ledger.verdicts.scanning.mapping import milli

__all__ = ["OURS", "Claimed", "Core", "Detector", "find_detector", "vendors"]

OURS = "headwater"
"""The `source` of our own detector's verdicts and calibrations."""


class Detector(Protocol):
    """A source of scores, higher for what is more like AI text.

    `weights` is None where it is not ours; `label` names it in a sentence.
    """

    @property
    def source(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def weights(self) -> str | None: ...
    @property
    def label(self) -> str: ...

    def score(
        self,
        log: Log,
        reference: Reference,
        folder: Path,
        *,
        workers: Workers = None,
        progress: Phase | None = None,
    ) -> Scored:
        """The documents of a set, each with a score or the reason why there is none."""
        ...

    def synthetic(self) -> Part | None:
        """AI documents that it brings along, scored as if it had never seen them."""
        ...

    def trained_on(self, digests: Digests) -> Mask:
        """Which documents it was made from: what it says of those is no test."""
        ...


@dataclass(frozen=True)
class Core:
    """Our own detector with one set of weights."""

    model: Model

    source = OURS

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def version(self) -> str:
        return self.model.version

    @property
    def weights(self) -> str | None:
        return self.model.digest

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"

    def score(
        self,
        log: Log,
        reference: Reference,
        folder: Path,
        *,
        workers: Workers = None,
        progress: Phase | None = None,
    ) -> Scored:
        """Raises as gather_scores."""
        return gather_scores(reference, self.model, folder, workers=workers, progress=progress)

    def synthetic(self) -> Part | None:
        """The training rows of AI text that are long enough, scored out of fold."""
        rows = self.model.training
        chosen = (rows.label == 1) & (rows.words >= MIN_WORDS)
        return Part(rows.sha256[chosen], milli(rows.score[chosen]), rows.words[chosen])

    def trained_on(self, digests: Digests) -> Mask:
        return np.asarray(find_digests(digests, self.model.training.sha256) >= 0, np.bool_)


@dataclass(frozen=True)
class Claimed:
    """A vendor's detector, whose results stand in the ledger.

    What can be measured of a text is decided as for our own detector, so that lengths are counted
    alike whoever scores.
    """

    source: str
    name: str
    version: str
    weights = None

    @property
    def label(self) -> str:
        return f"{printable(self.name)} {printable(self.version)} of {printable(self.source)}"

    def score(
        self,
        log: Log,
        reference: Reference,
        folder: Path,
        *,
        workers: Workers = None,
        progress: Phase | None = None,
    ) -> Scored:
        """The newest live result of each document. Raises as gather_scores."""
        found = gather_scores(reference, shipped(), folder, workers=workers, progress=progress)
        said = {
            parse_digest(entry.subject): int(entry.body["score_milli"])
            for _, entry in _results(log)
            if _triple(entry) == (self.source, self.name, self.version)
            and entry.body["outcome"] != INSUFFICIENT
        }
        milli, why = np.zeros(len(found), np.int64), found.why.copy()
        for row in np.flatnonzero(found.measurable).tolist():
            score = said.get(found.digests[row].tobytes())
            if score is None:
                why[row] = NO_RESULT
            else:
                milli[row] = score
        return replace(found, milli=milli, why=why)

    def synthetic(self) -> Part | None:
        return None

    def trained_on(self, digests: Digests) -> Mask:
        return np.zeros(len(digests), np.bool_)


def vendors(log: Log) -> list[Claimed]:
    """Every vendor's detector of which the ledger holds a result, by name."""
    return sorted((Claimed(*triple) for triple in {_triple(entry) for _, entry in _results(log)}),
                  key=lambda found: (found.source, found.name, found.version))  # fmt: skip


def find_detector(log: Log, name: str | None = None, model: Model | None = None) -> Detector:
    """Our detector, or the vendor's that SOURCE or SOURCE@VERSION names.

    Raises UnknownNameError for one that said nothing here, InputError where several versions did.
    """
    if name is None or name == OURS:
        return Core(shipped() if model is None else model)
    known = vendors(log)
    source, _, version = name.partition("@")
    found = [one for one in known if one.source == source and version in ("", one.version)]
    if not found:
        raise UnknownNameError(
            "detector", name, {OURS, *(one.source for one in known)},
            hint=None if known else "headwater verdict import FILE records a vendor's results",
        )  # fmt: skip
    if len(found) > 1:
        versions = ", ".join(printable(f"{one.name} {one.version}") for one in found)
        raise InputError(
            f"detector {printable(name)}: found results of {versions}, expected those of one",
            hint="--detector SOURCE@VERSION names one; they are calibrated one by one",
        )
    return found[0]


def _results(log: Log) -> list[tuple[int, Entry]]:
    """Vendors' results that nobody took back, in the order of the log.

    What was ranked in a calibration is a verdict made of a result, and no result itself.
    """
    rows = log.connection.execute(
        "SELECT idx FROM entry WHERE kind <> 'origin' AND kind IN ('verdict', 'withdrawal') "
        "ORDER BY idx"
    ).fetchall()
    entries = ((int(index), log.entry(index)) for (index,) in rows)
    kept = live([(index, entry) for index, entry in entries if _counts(entry)])
    return [(index, entry) for index, entry in kept if entry.kind == "verdict"]


def _counts(entry: Entry) -> bool:
    if entry.kind == "withdrawal":
        return True
    return entry.body["source"] != OURS and "calibration" not in entry.body


def _triple(entry: Entry) -> tuple[str, str, str]:
    body = entry.body
    return str(body["source"]), str(body["detector"]), str(body["version"])
