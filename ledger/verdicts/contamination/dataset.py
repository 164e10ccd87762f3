"""The contamination of a dataset of the ledger, measured and recorded as one claim.

Documents are scored where the ledger found them, or taken from the sidecars that a scan left; the
decision is `estimate`'s.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.claims import Audit, ContaminationAudit
from ledger.corpus.neardup.side import Digests, find_digests
from ledger.engines import Workers
from ledger.errors import InputError, printable
from ledger.log.canonical import encode, subject_of
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.overlap import Reference, dataset_reference, sidecar_folder
from ledger.verdicts.calibration.find import Profile, day_of, find_profile
from ledger.verdicts.calibration.human import Dated, human_text
from ledger.verdicts.calibration.refuse import shown
from ledger.verdicts.contamination.estimate import (
    Contamination,
    Counts,
    estimate_contamination,
    ppm_down,
    ppm_up,
)
from ledger.verdicts.contamination.page import Context, drawn_words, page, plain
from ledger.verdicts.contamination.reviews import Decisions, recorded_decisions, reviews_of
from ledger.verdicts.contamination.sampling import Drawn, draw, strata_data
from ledger.verdicts.contamination.scores import sort_out
from ledger.verdicts.contamination.strata import NONE, divide, first_holders
from ledger.verdicts.outcomes import GATE_ESTIMATE, GATE_UPPER, PREVALENCE_WORDS
from ledger.verdicts.scanning.detectors import OURS, Detector, find_detector
from ledger.verdicts.scanning.gather import Scored

__all__ = ["Audited", "Settings", "audit_contamination"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

TO_REVIEW = 100
"""Sampled documents that are named for people to look at: the first of the keyed order."""

_OWN = 0.5  # of a source's documents that lie in the dataset, from which it is text of it


@dataclass(frozen=True)
class Settings:
    """How an estimate is made; everything here is digested with it.

    `sample` documents are drawn, all if None, in strata (`strata.STRATA`) by a key, the `seed`.
    `recorded`: take what people decided from the ledger's reviews, instead of `decisions`.
    """

    sample: int | None = None
    stratify: str = NONE
    seed: int = 0
    level: float = GATE_ESTIMATE
    upper_level: float = GATE_UPPER
    decisions: Decisions | None = None
    recorded: bool = False


@dataclass(frozen=True)
class Audited:
    """An estimate, and the entry that says so; `new` is False if it already stood.

    `to_review` are documents of the sample in the keyed order, a simple random draw: whoever
    decides on the first r of them has drawn each with the chance r of all that were sampled.
    """

    dataset: str
    root: bytes
    found: Contamination
    drawn: Drawn
    settings: Settings
    profile: Profile
    detector: Detector
    results: bytes
    to_review: tuple[str, ...]
    entry: int
    new: bool

    @property
    def calibration(self) -> str:
        """The profile's name and version, and the beginning of its claim."""
        return f"{self.profile.label} ({self.profile.claim_id[: len('sha256:') + 12]})"

    @property
    def context(self) -> Context:
        """For the page."""
        found, settings, body = self.found, self.settings, self.profile.body
        expires = f"counts until {day_of(body.expires_at)}"
        return Context(
            what=self.dataset,
            calibration=self.calibration,
            drawn=drawn_words(
                found.sampled,
                found.counts.measurable,
                settings.seed,
                settings.stratify,
                self.drawn.strata,
            ),
            rows=(
                ("calibration", f"{printable(self.profile.label)}, recorded "
                                f"{day_of(self.profile.at)}, {expires}"),
                ("detector", self.detector.label),
            ),
            dated_by="dates, some of which nobody checked"
            if any(one.asserted for one in body.human)
            else "checked evidence",
        )  # fmt: skip

    def lines(self) -> list[str]:
        """The page, and where it was recorded."""
        said = "recorded as" if self.new else "already recorded as"
        return [*page(self.found, self.context), "", f"{said} entry {self.entry:,}"]

    def data(self) -> dict[str, Any]:
        """As JSON values."""
        body = self.profile.body
        return {
            "dataset": self.dataset,
            "content_root": f"sha256:{self.root.hex()}",
            **plain(self.found),
            "seed": self.settings.seed,
            "stratify": self.settings.stratify,
            "strata": strata_data(self.drawn),
            "calibration": {
                "name": self.profile.label,
                "claim": self.profile.claim_id,
                "recorded": day_of(self.profile.at),
                "expires": day_of(body.expires_at),
            },
            "detector": self.detector.label,
            "weights": self.detector.weights,
            "results": f"sha256:{self.results.hex()}",
            "to_review": list(self.to_review),
            "entry": self.entry,
            "new": self.new,
        }


def audit_contamination(
    log: Log,
    dataset: str,
    settings: Settings | None = None,
    *,
    calibration: str | None = None,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> Audited:
    """Estimate which share of `name@version` is AI text, and record it.

    `calibration` names the profile of known human text, the newest that counts by default. Its
    dated documents that lie in the dataset are known to be older, and are not measured. The same
    again records nothing new. Raises UnknownNameError, GateError where no profile counts,
    InputError where an undated one shares documents with the dataset or too little can be measured,
    and what reading and recording raise. Limits that are exceeded raise nothing.
    """
    settings = settings or Settings()
    ours = dataset_reference(log, dataset, roots)
    profile = find_profile(log, calibration, at=log.clock())
    detector = _detector(log, profile)
    folder = sidecar_folder(log.location)
    scored = detector.score(log, ours, folder, workers=workers, progress=progress)
    known = _known(log, profile, scored.digests, dataset)
    parts = sort_out(scored, known, detector.trained_on(scored.digests))
    asked = np.flatnonzero(parts.measurable)
    division = divide(
        log, dataset, settings.stratify, lambda: first_holders(ours, scored.digests, folder)
    )
    drawn = draw(
        scored.digests[asked],
        settings.sample,
        settings.seed,
        None if division is None else division.codes[asked],
        () if division is None else division.names,
    )
    places = asked[drawn.places]
    if settings.recorded:
        decided = recorded_decisions(log, dataset, scored.digests[places])
        settings = replace(settings, decisions=decided)
    decisions = settings.decisions
    own, humans = _humans(profile, dataset, scored.digests)
    ai = profile.sample.synthetic
    found = estimate_contamination(
        Counts(len(scored), len(asked), parts.reasons, int(known.sum())),
        scored.scores[places],
        humans,
        ai.sample.scores[ai.words >= PREVALENCE_WORDS],
        own=own,
        weights=drawn.weights if len(places) else None,
        reviews=None if decisions is None else reviews_of(decisions, scored.digests[places]),
        seed=settings.seed,
        level=settings.level,
        upper_level=settings.upper_level,
    )
    results = scored.root
    body = _body(ours, found, profile, detector, settings, results)
    name, _, version = dataset.rpartition("@")
    (recorded,) = record(log, [Claim("audit", subject_of("dataset", name, version), body)])
    return Audited(
        dataset=dataset,
        root=ours.root,
        found=found,
        drawn=drawn,
        settings=settings,
        profile=profile,
        detector=detector,
        results=results,
        to_review=_named(scored, places[:TO_REVIEW]),
        entry=recorded.index,
        new=recorded.new,
    )


def _detector(log: Log, profile: Profile) -> Detector:
    """The one whose scores the profile holds."""
    body = profile.body
    return find_detector(
        log, None if body.source == OURS else f"{body.source}@{body.detector_version}"
    )


def _known(log: Log, profile: Profile, digests: Digests, dataset: str) -> Mask:
    """Documents that are older by date: those of the profile's dated sources, and of a slice of the
    dataset itself all that it was drawn from.

    Raises InputError where documents of an undated source are among them: they cannot be test and
    calibration.
    """
    dated, undated = np.zeros(len(digests), np.bool_), np.zeros(len(digests), np.bool_)
    sliced: set[Dated] = set()
    for one in profile.body.human:
        among = find_digests(digests, profile.members[one.source]) >= 0
        if one.before is None and one.reserve_root is None:
            undated |= among
            continue
        dated |= among
        if one.before is not None and _base(one.source) == dataset:
            sliced.add(Dated(one.before, asserted=bool(one.asserted)))
    for part in sliced:
        members = human_text(log, dataset, dated=part).reference.members or b""
        dated |= find_digests(digests, np.frombuffer(members, np.uint8).reshape(-1, 32)) >= 0
    shared = digests[undated & ~dated]
    if len(shared):
        raise InputError(
            f"{dataset}: found {len(shared):,} of its documents in calibration "
            f"{printable(profile.label)} too: {shown(shared)}; expected none",
            hint="headwater verdict calibrate --before DATE takes documents that are dated, "
            "or calibrate on other human text of the same kind",
        )
    return dated


def _base(source: str) -> str:
    """A source's name without its topic."""
    return source.partition("/")[0]


def _humans(
    profile: Profile, dataset: str, digests: Digests
) -> tuple[str | None, Mapping[str, Floats]]:
    """The source that is text of the dataset, if any, and the scores of each that is long enough.

    Topics of one source count as one where it is the dataset's own.
    """
    humans: dict[str, Floats] = {}
    mine: dict[str, dict[str, Floats]] = {}
    for source, part in profile.sample.human.items():
        scores = part.sample.scores[part.words >= PREVALENCE_WORDS]
        base = _base(source)
        inside = int((find_digests(part.digests, digests) >= 0).sum())
        if base == dataset or inside >= _OWN * max(len(part), 1):
            mine.setdefault(base, {})[source] = scores
        humans[source] = scores
    if not mine:
        return None, humans
    base, topics = max(mine.items(), key=lambda item: (sum(map(len, item[1].values())), item[0]))
    for source in topics:
        del humans[source]
    humans[base] = np.concatenate(list(topics.values()))
    return base, humans


def _named(scored: Scored, places: npt.NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(f"sha256:{row.tobytes().hex()}" for row in scored.digests[places])


def _body(
    ours: Reference,
    found: Contamination,
    profile: Profile,
    detector: Detector,
    settings: Settings,
    results: bytes,
) -> Audit:
    """What the log says: shares rounded so that the recorded one is not the smaller."""
    counts, estimate, mixture = found.counts, found.estimate, found.mixture
    said = ContaminationAudit(
        documents=counts.documents,
        measurable=counts.measurable,
        sampled=found.sampled,
        unmeasured=dict(counts.unmeasured),
        cut_milli=round(estimate.cut * 1000),
        flagged=estimate.flagged,
        human=estimate.m_human,
        human_above=estimate.human_above,
        ai=estimate.m_ai,
        ai_above=estimate.ai_above,
        estimate_ppm=found.estimate_ppm,
        low_ppm=ppm_down(estimate.low),
        high_ppm=ppm_up(estimate.high),
        bound_ppm=ppm_up(found.bound),
        level_ppm=ppm_up(found.level),
        upper_level_ppm=ppm_up(found.upper_level),
        gate="passed" if found.passed else "failed",
        mixture_ppm=ppm_up(mixture.point),
        mixture_low_ppm=ppm_down(mixture.low),
        mixture_high_ppm=ppm_up(mixture.high),
        reviewed=estimate.reviewed or None,
        known_human=counts.known or None,
        human_source=found.compared.source,
        own_source=True if found.compared.own else None,
    )
    return Audit(
        dataset=ours.name,
        content_root=f"sha256:{ours.root.hex()}",
        audit="contamination",
        method=estimate.method,
        detector=detector.name,
        detector_version=detector.version,
        calibration=profile.claim_id,
        parameters=_parameters(profile, settings),
        results=f"sha256:{results.hex()}",
        weights=detector.weights,
        contamination=said,
    )


def _parameters(profile: Profile, settings: Settings) -> str:
    decisions = settings.decisions
    parts = {
        "calibration": profile.claim_id,
        "level_ppm": ppm_up(settings.level),
        "upper_level_ppm": ppm_up(settings.upper_level),
        "sample": 0 if settings.sample is None else settings.sample,
        "seed": str(settings.seed),
        "stratify": settings.stratify,
        "words": PREVALENCE_WORDS,
        "decisions": "" if decisions is None else decisions.digest,
    }
    return f"sha256:{sha256(encode(parts)).hexdigest()}"
