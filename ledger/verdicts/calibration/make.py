"""Calibration profiles made: known human text, scored, its sample kept, its sources recorded.

What is kept of a source is the documents of least digest, so that it depends on neither order,
files nor workers. The claim says what the sample is of, and until when it counts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from ledger.claims import CalibratedSource, VerdictCalibration
from ledger.corpus.neardup.side import Digests
from ledger.engines import Workers
from ledger.errors import InputError
from ledger.log.canonical import subject_of
from ledger.log.content_root import content_root
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.policy import DEFAULT_CUTOFF
from ledger.provenance.scans import entries_of_kind
from ledger.verdicts.batches.bands_file import make_bands
from ledger.verdicts.batches.reading import member_texts
from ledger.verdicts.batches.tokens import Tokenizer, load_tokenizer
from ledger.verdicts.calibration.find import profiles
from ledger.verdicts.calibration.human import (
    Chosen,
    Dated,
    ai_text,
    human_text,
    only,
    topics_of,
)
from ledger.verdicts.calibration.refuse import check_parts, check_request, refuse_documents
from ledger.verdicts.calibration.sample import Part, SampleFile, format_sample
from ledger.verdicts.outcomes import ALPHA_HUMAN, LEAST_SOURCE, MIN_WORDS
from ledger.verdicts.scanning.detectors import Core, Detector, find_detector
from ledger.verdicts.scanning.gather import Phase, Scored
from ledger.verdicts.signals.words import WORDS
from ledger.verdicts.statistics.conformal import least_documents

__all__ = ["AT_MOST", "VALID_DAYS", "Calibrated", "SourceMade", "calibrate"]

AT_MOST = 5_000
"""Documents kept of a source: more would sharpen a p-value that one in a hundred decides little."""

VALID_DAYS = 365
"""What people write, and what models do, changes; a calibration says until when it is trusted."""

_MAX_SOURCES = 40
_DAY = 86_400

Progress = Callable[[str, int, int, int], None]
"""Hears (what is being done, jobs done, jobs in all, documents so far)."""


@dataclass(frozen=True)
class SourceMade:
    """What became of one set of human text.

    Of `documents`, `left_out` were not taken (reason: count; see human.reason_words) and
    `unmeasured` have no score; `kept` are in the sample, by the name of their source. `above_cut`
    of those score above the detector's own cut of one in a hundred; None for a vendor's.
    """

    name: str
    documents: int
    left_out: Mapping[str, int]
    unmeasured: Mapping[str, int]
    kept: Mapping[str, int]
    above_cut: int | None
    before: str | None
    asserted: bool
    suspected: int

    @property
    def sampled(self) -> int:
        return sum(self.kept.values())

    @property
    def late(self) -> str:
        """What a slice's cut-off leaves open; empty for one before the public had such tools."""
        if self.before is None or self.before <= DEFAULT_CUTOFF.isoformat():
            return ""
        return f"later than {DEFAULT_CUTOFF.isoformat()}: AI text may be among it"


@dataclass(frozen=True)
class Calibrated:
    """A profile, and the entry that says so; `new` is False if it already stood."""

    body: VerdictCalibration
    sources: tuple[SourceMade, ...]
    entry: int
    claim_id: str
    new: bool

    @property
    def smallest(self) -> int:
        """Documents of the smallest source."""
        return min(source.documents for source in self.body.human)


def calibrate(
    log: Log,
    name: str,
    human: Sequence[str],
    *,
    dated: Dated | None = None,
    by_topic: bool = False,
    synthetic: str | None = None,
    detector: str | Detector | None = None,
    valid_days: int = VALID_DAYS,
    at_most: int = AT_MOST,
    tokenizer: Path | None = None,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Progress | None = None,
) -> Calibrated:
    """Score human text and record it as the profile `name`.

    `human` are datasets, `reserve:NAME` or folders of seals, each a source; `dated` takes slices
    of the datasets; `by_topic` makes a source of every topic that has LEAST_SOURCE documents.
    `synthetic` is a dataset of AI text, else the detector's own. `detector` is ours, or names a
    vendor whose results the ledger holds. `tokenizer` is a tokenizer.json for the bands of batches,
    words@1 if None. The same calibration again records nothing new.

    Raises InputError for too few documents, for documents that are also AI text or trained the
    detector, and for a name that is none; what finding, reading and recording raise.
    """
    check_request(name, human, valid_days, at_most)
    asked = find_detector(log, detector) if isinstance(detector, str | None) else detector
    maker = _Maker(log, asked, load_tokenizer(tokenizer), workers, progress)
    ai = None
    if synthetic is not None:
        ai = maker.score(ai_text(log, synthetic, roots))
        refuse_documents(ai, None, asked, synthetic)
    made: dict[str, tuple[Part, Chosen]] = {}
    sources = []
    for named in human:
        chosen = human_text(log, named, dated=dated, roots=roots)
        scored = maker.score(chosen)
        refuse_documents(scored, ai, asked, chosen.reference.name)
        parts = dict(maker.parts(chosen, scored, by_topic, at_most))
        check_parts(parts, made, {**chosen.left_out, **scored.reasons()})
        made |= {source: (part, chosen) for source, part in parts.items()}
        sources.append(_source(chosen, scored, parts, asked))
    if len(made) > _MAX_SOURCES:
        raise InputError(f"found {len(made)} sources, expected at most {_MAX_SOURCES}")
    sample = SampleFile({key: part for key, (part, _) in made.items()}, _ai(ai, asked, at_most))
    return maker.record(name, sample, made, tuple(sources), synthetic, valid_days)


@dataclass(frozen=True)
class _Maker:
    """One calibration's settings."""

    log: Log
    detector: Detector
    tokenizer: Tokenizer
    workers: Workers
    progress: Progress | None

    def score(self, chosen: Chosen) -> Scored:
        phase: Phase | None = None
        if self.progress is not None:
            phase = partial(self.progress, f"scoring {chosen.reference.name}")
        return self.detector.score(
            self.log, chosen.reference, chosen.folder, workers=self.workers, progress=phase
        )

    def parts(
        self, chosen: Chosen, scored: Scored, by_topic: bool, at_most: int
    ) -> Iterator[tuple[str, Part]]:
        """The sources that a set of human text gives, each with its documents of least digest."""
        usable = scored.take(scored.measurable)
        name = chosen.reference.name
        if not by_topic:
            yield name, _part(usable, at_most)
            return
        dataset = None if chosen.reserve_root is not None else name
        topics = np.array([topic or "" for topic in topics_of(self.log, usable.digests, dataset)])
        rest = np.ones(len(usable), np.bool_)
        for topic in np.unique(topics[topics != ""]).tolist():
            rows = topics == topic
            if rows.sum() >= LEAST_SOURCE:
                rest &= ~rows
                yield f"{name}/{topic}", _part(usable.take(rows), at_most)
        if rest.sum() >= LEAST_SOURCE or rest.all():
            yield name, _part(usable.take(rest), at_most)

    def bands(self, made: Mapping[str, tuple[Part, Chosen]]) -> bytes:
        """The measures of whole windows of each source's text, for batches to be held against."""
        if self.progress is not None:
            self.progress("measuring windows", 0, len(made), 0)
        texts = {
            source: member_texts(only(chosen.reference, part.digests))
            for source, (part, chosen) in made.items()
        }
        return make_bands(texts, self.tokenizer)

    def record(
        self,
        name: str,
        sample: SampleFile,
        made: Mapping[str, tuple[Part, Chosen]],
        sources: tuple[SourceMade, ...],
        synthetic: str | None,
        valid_days: int,
    ) -> Calibrated:
        data, bands = format_sample(sample), self.bands(made)
        now = self.log.clock()
        body = VerdictCalibration(
            name=name,
            version=self._next_version(name),
            source=self.detector.source,
            detector=self.detector.name,
            detector_version=self.detector.version,
            weights=self.detector.weights,
            sample=f"sha256:{sha256(data).hexdigest()}",
            human=[_claimed(key, *made[key]) for key in sorted(made)],
            synthetic=len(sample.synthetic),
            synthetic_root=None if synthetic is None else _root(sample.synthetic.digests),
            bands=f"sha256:{sha256(bands).hexdigest()}",
            tokenizer=None if self.tokenizer.identity == WORDS else self.tokenizer.identity,
            expires_at=now + valid_days * _DAY,
        )
        for standing in profiles(self.log)[::-1]:
            if standing.body.name == name:  # the newest of this name
                days = -(-(standing.body.expires_at - standing.at) // _DAY)
                same = _said(standing.body) == _said(body) and days == valid_days
                if same and not standing.expired(now):
                    return Calibrated(
                        standing.body, sources, standing.index, standing.claim_id, False
                    )
                break
        subject = subject_of("verdict_calibration", name, body.version)
        claim = Claim("verdict_calibration", subject, body)
        (done,) = record(self.log, [claim], attachments=[data, bands])
        return Calibrated(body, sources, done.index, done.claim_id, done.new)

    def _next_version(self, name: str) -> str:
        """One more than the greatest that a calibration of this name ever had."""
        said = [entry.body for _, entry in entries_of_kind(self.log, "verdict_calibration")]
        taken = [str(body["version"]) for body in said if body["name"] == name]
        return str(1 + max((int(version) for version in taken if version.isdecimal()), default=0))


def _ai(scored: Scored | None, detector: Detector, at_most: int) -> Part:
    part = detector.synthetic() if scored is None else _part(
        scored.take(scored.measurable), at_most
    )  # fmt: skip
    if part is None:
        raise InputError(
            f"{detector.label}: no AI text to compare with, expected a dataset of it",
            hint="--synthetic NAME@VERSION names documents that models wrote",
        )
    if len(part) < least_documents(ALPHA_HUMAN):
        raise InputError(
            f"found {len(part):,} AI documents of {MIN_WORDS} words of prose or more, expected at "
            f"least {least_documents(ALPHA_HUMAN)} for {100 * ALPHA_HUMAN:g} %"
        )
    return part


def _part(scored: Scored, at_most: int) -> Part:
    """The documents of least digest: they come sorted."""
    few = scored.take(np.arange(min(len(scored), at_most)))
    return Part(few.digests, few.milli, few.words)


def _source(
    chosen: Chosen, scored: Scored, parts: Mapping[str, Part], detector: Detector
) -> SourceMade:
    above = None
    if isinstance(detector, Core):
        cut = detector.model.cut_1pct
        above = sum(int((part.milli / 1000 > cut).sum()) for part in parts.values())
    return SourceMade(
        name=chosen.reference.name,
        documents=len(scored) + sum(chosen.left_out.values()),
        left_out=chosen.left_out,
        unmeasured=scored.reasons(),
        kept={source: len(part) for source, part in parts.items()},
        above_cut=above,
        before=None if chosen.before is None else chosen.before.isoformat(),
        asserted=chosen.asserted,
        suspected=chosen.suspected,
    )


def _claimed(source: str, part: Part, chosen: Chosen) -> CalibratedSource:
    reserve = chosen.reserve_root
    return CalibratedSource(
        source=source,
        documents=len(part),
        content_root=_root(part.digests),
        reserve_root=None if reserve is None else f"sha256:{reserve.hex()}",
        before=None if chosen.before is None else chosen.before.isoformat(),
        asserted=True if chosen.asserted else None,
    )


def _root(digests: Digests) -> str:
    return f"sha256:{content_root(row.tobytes() for row in digests).hex()}"


def _said(body: VerdictCalibration) -> dict[str, object]:
    """What a calibration says beside its number and its end."""
    return {key: value for key, value in body.plain().items()
            if key not in ("version", "expires_at")}  # fmt: skip
