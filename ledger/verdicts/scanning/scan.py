"""A dataset × a calibrated detector: scored, ranked in known human text, decided, recorded.

map → combine → decide. What was asked of how many documents, and what came of it, is one entry; a
document that is found like AI samples gets a claim, whatever any policy makes of it. The texts are
read where the ledger found them; their scores lie in sidecars beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from ledger.claims import Scan, Verdict
from ledger.corpus.dating import record_in_batches
from ledger.corpus.neardup.side import Digests, distinct, find_digests
from ledger.engines import Workers
from ledger.errors import InputError, printable
from ledger.log.canonical import encode, subject_of
from ledger.log.log import Log
from ledger.log.record import Claim
from ledger.provenance.classified import FDR_PPM
from ledger.provenance.overlap import dataset_reference, sidecar_folder
from ledger.verdicts.calibration.find import Profile
from ledger.verdicts.calibration.human import topics_of
from ledger.verdicts.calibration.refuse import shown
from ledger.verdicts.core.model import Model, shipped
from ledger.verdicts.outcomes import ALPHA_AI, ALPHA_HUMAN, LEAST_SOURCE, LIKE_AI, MIN_WORDS
from ledger.verdicts.scanning.decide import Decisions, decide, source_of
from ledger.verdicts.scanning.detectors import Claimed, Core, Detector
from ledger.verdicts.scanning.gather import Scored
from ledger.verdicts.scanning.mapping import SCAN, VERSION

__all__ = ["Found", "Scanned", "detector_of", "scan_dataset"]

Progress = Callable[[str, int, int, int], None]
"""Hears (what is being done, jobs done, jobs in all, documents so far)."""


@dataclass(frozen=True)
class Found:
    """A document that is like AI samples, with the figures of its claim."""

    document: str
    score_milli: int
    words: int
    p_human_ppm: int
    p_ai_ppm: int
    q_ppm: int

    @property
    def kept(self) -> bool:
        """Whether it is found among all documents of the run, too."""
        return self.q_ppm <= FDR_PPM


@dataclass(frozen=True)
class Scanned:
    """A run, and the entry that says so; `new` is False if it already stood.

    `outcomes` has every distinct document once; `tested` were ranked, `kept` of those found hold
    at the level of false discoveries. `own_source`: the calibration holds enough text of the
    dataset itself to rank in. `known` counts the documents that stand in the calibration and are
    from elsewhere, `known_shown` names the first few. `claims` were made, `fresh` of them for the
    first time.
    """

    dataset: str
    root: bytes
    results: bytes
    documents: int
    tested: int
    outcomes: Mapping[str, int]
    kept: int
    found: tuple[Found, ...]
    detector: str
    profile: Profile
    own_source: bool
    known: int
    known_shown: str
    claims: int
    fresh: int
    entry: int
    new: bool


def detector_of(profile: Profile, model: Model | None = None) -> Detector:
    """The detector whose scores a calibration ranks; `model` are weights other than the shipped.

    Which weights they are was asked when the profile was found.
    """
    body = profile.body
    if body.weights is None:
        return Claimed(body.source, body.detector, body.detector_version)
    return Core(shipped() if model is None else model)


def scan_dataset(
    log: Log,
    dataset: str,
    profile: Profile,
    *,
    model: Model | None = None,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Progress | None = None,
) -> Scanned:
    """Ask a calibrated detector about every document of `name@version`, and record what came of it.

    The same scan again records nothing new. Raises InputError where documents of the dataset stand
    in the calibration and nothing but a word says that people wrote them; UnknownNameError and
    DocumentMismatchError as reading the texts does; what recording raises.
    """
    detector = detector_of(profile, model)
    ours = dataset_reference(log, dataset, roots)
    scored = detector.score(
        log,
        ours,
        sidecar_folder(log.location),
        workers=workers,
        progress=None if progress is None else partial(progress, "asking the classifier"),
    )
    elsewhere = _refuse_undated(profile, dataset, scored)
    sources = _sources(log, dataset, profile, scored)
    human = profile.calibration.human
    own = [human[source] for source in sorted(set(sources)) if source in human]
    decisions = decide(
        scored,
        profile.calibration,
        sources,
        in_calibration=find_digests(scored.digests, profile.documents) >= 0,
        in_training=detector.trained_on(scored.digests),
    )
    found = tuple(_found(scored, decisions))
    body = Scan(
        dataset=dataset,
        content_root=f"sha256:{ours.root.hex()}",
        scan=SCAN,
        version=f"{detector.name} {detector.version}"[:200],
        parameters=_parameters(detector, profile),
        results=f"sha256:{scored.root.hex()}",
        documents=len(scored),
        tokens=0,
        alpha_milli=_neg_log10_milli(ALPHA_AI),
        fdr_milli=_neg_log10_milli(FDR_PPM / 1e6),
        outcomes=decisions.counts,
        marks=[],
        unicode={},
        weights=detector.weights,
        calibration=profile.claim_id,
    )
    claims = [_claim(item, detector, profile) for item in found]
    name, _, version = dataset.rpartition("@")
    claims.append(Claim("scan", subject_of("dataset", name, version), body))
    recorded = record_in_batches(log, claims, ())  # the run's own entry when its claims are there
    return Scanned(
        dataset=dataset,
        root=ours.root,
        results=scored.root,
        documents=len(scored),
        tested=int(decisions.tested.sum()),
        outcomes=decisions.counts,
        kept=decisions.kept,
        found=found,
        detector=detector.label,
        profile=profile,
        own_source=any(len(known.scores) >= LEAST_SOURCE for known in own),
        known=len(elsewhere),
        known_shown=shown(elsewhere),
        claims=len(found),
        fresh=sum(item.new for item in recorded[:-1]),
        entry=recorded[-1].index,
        new=recorded[-1].new,
    )


def _refuse_undated(profile: Profile, dataset: str, scored: Scored) -> Digests:
    """The dataset's documents that stand in the calibration and are from elsewhere.

    Raises InputError for such as nothing dates: one of the two words about them is wrong.
    """
    others = [np.zeros((0, 32), np.uint8)]
    for source in profile.body.human:
        both = profile.members[source.source]
        both = both[find_digests(both, scored.digests) >= 0]
        if not len(both):
            continue
        if source.before is None and source.reserve_root is None:
            raise InputError(
                f"{dataset}: {len(both):,} documents stand in calibration "
                f"{printable(profile.label)}, too, as {printable(source.source)}: {shown(both)}; "
                "expected other documents than those to be tested",
                hint="calibrate with --before DATE, or on a sealed reserve: what a date shows to "
                "be older than the detectors' samples is left out, and counted",
            )
        if source.source.partition("/")[0] != dataset:
            others.append(both)
    return distinct(np.concatenate(others))


def _sources(log: Log, dataset: str, profile: Profile, scored: Scored) -> list[str]:
    """The source that each document is ranked in, by its name."""
    known = list(profile.calibration.human)
    if not any(name.startswith(f"{dataset}/") for name in known):
        return [dataset] * len(scored)
    topics = topics_of(log, scored.digests, dataset)
    return [source_of(dataset, topic, known) for topic in topics]


def _found(scored: Scored, decisions: Decisions) -> list[Found]:
    """The documents like AI samples, by digest."""
    return [
        Found(
            document=f"sha256:{scored.digests[row].tobytes().hex()}",
            score_milli=int(scored.milli[row]),
            words=int(scored.words[row]),
            p_human_ppm=int(decisions.p_human_ppm[row]),
            p_ai_ppm=int(decisions.p_ai_ppm[row]),
            q_ppm=int(decisions.q_ppm[row]),
        )
        for row in decisions.like_ai.tolist()
    ]


def _claim(found: Found, detector: Detector, profile: Profile) -> Claim:
    body = Verdict(
        source=detector.source,
        detector=detector.name,
        version=detector.version,
        outcome=LIKE_AI,
        score_milli=found.score_milli,
        weights=detector.weights,
        profile=profile.subject,
        calibration=profile.claim_id,
        words=found.words,
        p_human_ppm=found.p_human_ppm,
        p_ai_ppm=found.p_ai_ppm,
        q_ppm=found.q_ppm,
    )
    return Claim("verdict", found.document, body)


def _parameters(detector: Detector, profile: Profile) -> str:
    """Digest of what, beside the documents, determined the outcome."""
    settings = {
        "alpha_ai_milli": _neg_log10_milli(ALPHA_AI),
        "alpha_human_milli": _neg_log10_milli(ALPHA_HUMAN),
        "calibration": profile.claim_id,
        "detector": [detector.source, detector.name, detector.version],
        "fdr_ppm": FDR_PPM,
        "least_words": MIN_WORDS,
        "scan": f"{SCAN} {VERSION}",
        "weights": detector.weights or "",
    }
    return f"sha256:{sha256(encode(settings)).hexdigest()}"


def _neg_log10_milli(level: float) -> int:
    return round(-1000 * float(np.log10(level)))
