"""The decision: scores in, a share with its interval and what it means for a limit out.

Pure: reads no file, no ledger, no clock. Whoever has scores can ask: an audit of a dataset or of a
folder, a manifest before it is signed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError, printable
from ledger.verdicts.contamination.needed import Needed, documents_needed
from ledger.verdicts.outcomes import GATE_ESTIMATE, GATE_UPPER, LEAST_SOURCE, PREVALENCE_WORDS
from ledger.verdicts.statistics.mixture import histogram_mixture
from ledger.verdicts.statistics.prevalence import Estimate, Reviews, cut_of, rogan_gladen

__all__ = ["LEVEL", "Compared", "Contamination", "Counts", "estimate_contamination"]

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
"""Of every interval."""

_PPM = 1_000_000
_NOTHING_HINT = "collect longer texts, or measure another set"


@dataclass(frozen=True)
class Counts:
    """What a set of distinct documents consists of.

    `measurable` are English prose of PREVALENCE_WORDS words or more; `unmeasured` counts the others
    by reason. `known` existed before anything that could have written them, by evidence or by
    their date, and are neither.
    """

    documents: int
    measurable: int
    unmeasured: Mapping[str, int] = field(default_factory=dict)
    known: int = 0

    def __post_init__(self) -> None:
        parts = self.measurable + sum(self.unmeasured.values()) + self.known
        if parts != self.documents:
            raise ValueError(f"{parts} documents in parts, {self.documents} in all")


@dataclass(frozen=True)
class Compared:
    """Which known human text the estimate rests on.

    `source` is its name. `own` says that it is text of what was measured: only then does the
    interval hold what the error of the comparison is. `considered` counts the sources, of which
    this is the one whose text looks most like AI samples.
    """

    source: str
    own: bool
    considered: int = 1


@dataclass(frozen=True)
class Contamination:
    """A share of AI text with its interval, beside the limits it was held against.

    Shares are 0 to 1. `estimate` is by the default method; its ends are those of all known sources
    together where no human text of what was measured is known. `mixture` is a second estimate by
    another method, never gated on. `level` and `upper_level` bound estimate and upper end.
    `needed` says what would decide, where the interval alone failed.
    """

    counts: Counts
    compared: Compared
    estimate: Estimate
    mixture: Estimate
    level: float
    upper_level: float
    needed: Needed | None = None

    @property
    def sampled(self) -> int:
        """Documents that were measured."""
        return self.estimate.n

    @property
    def bound(self) -> float:
        """The upper end if all that could not be measured were AI text.

        What is known to have existed before counts as none.
        """
        counts = self.counts
        unmeasured = sum(counts.unmeasured.values())
        share = (self.estimate.high * counts.measurable + unmeasured) / counts.documents
        return min(share, 1.0)

    @property
    def estimate_ppm(self) -> int:
        """In parts per million, rounded up: what is claimed is the larger share."""
        return ppm_up(self.estimate.point)

    @property
    def passed(self) -> bool:
        """Whether neither limit is exceeded, by the numbers as they are recorded."""
        return not self.exceeded

    @property
    def exceeded(self) -> tuple[str, ...]:
        """Which limits are exceeded, of `estimate` and `upper_end`."""
        parts = (
            ("estimate", self.estimate_ppm > ppm_up(self.level)),
            ("upper_end", ppm_up(self.estimate.high) > ppm_up(self.upper_level)),
        )
        return tuple(name for name, over in parts if over)


def ppm_up(share: float) -> int:
    """A share in parts per million, rounded up; a rounding of the last digits is not one."""
    return min(int(np.ceil(round(share * _PPM, 6))), _PPM)


def ppm_down(share: float) -> int:
    """A share in parts per million, rounded down."""
    return max(int(np.floor(round(share * _PPM, 6))), 0)


def estimate_contamination(
    counts: Counts,
    scores: Floats,
    humans: Mapping[str, Floats],
    ai_scores: Floats,
    *,
    own: str | None = None,
    weights: Floats | None = None,
    reviews: Reviews | None = None,
    seed: int = 0,
    level: float = GATE_ESTIMATE,
    upper_level: float = GATE_UPPER,
) -> Contamination:
    """Which share of `counts.measurable` documents is AI text, from the scores of n drawn ones.

    `humans` are scores of known human documents by source, `own` the source that is text of what is
    measured; where it has fewer than LEAST_SOURCE, the source whose text looks most like AI samples
    stands for it, and the interval spans those of all sources that have as many (all of them pooled
    if none has). `weights` (n) say how many documents each drawn one stands for. Nothing depends on
    the order of documents or sources. Rogan and Gladen (1978) with the variance of all three
    proportions, and a histogram mixture beside it. Raises InputError for no scores, too few human
    or AI ones, and limits that are none.
    """
    for what, limit in (("level", level), ("upper level", upper_level)):
        if not 0 <= limit <= 1:
            raise InputError(f"{what}: found {limit * 100:g} %, expected 0 to 100 %")
    if not len(scores):
        raise InputError(_nothing(counts), hint=_NOTHING_HINT if counts.unmeasured else None)
    if not len(ai_scores):
        raise InputError(
            f"found no AI sample of {PREVALENCE_WORDS} words or more, expected at least 1"
        )
    scores, weights, reviews = _ordered(scores, weights, reviews)
    ai_scores = np.sort(ai_scores)
    chosen, compared = _compared(humans, own)
    found = {
        name: rogan_gladen(scores, human, ai_scores, level=LEVEL, weights=weights, reviews=reviews)
        for name, human in chosen.items()
    }
    estimate = replace(
        found[compared.source],
        low=min(each.low for each in found.values()),
        high=max(each.high for each in found.values()),
    )
    human = chosen[compared.source]
    mixture = histogram_mixture(scores, human, ai_scores, level=LEVEL, weights=weights, seed=seed)
    result = Contamination(counts, compared, estimate, mixture, level, upper_level)
    if result.exceeded != ("upper_end",):
        return result  # more documents do not bring the estimate below its limit
    if len(found) == 1:
        needed = documents_needed(estimate, upper_level, counts.measurable)
    else:  # the width is the difference between the sources
        needed = Needed(human=LEAST_SOURCE, own=True)
    return replace(result, needed=needed)


def _ordered(
    scores: Floats, weights: Floats | None, reviews: Reviews | None
) -> tuple[Floats, Floats | None, Reviews | None]:
    """The same documents by score, so that sums are added up in one order whatever came first."""
    keys = (scores,) if weights is None else (weights, scores)
    order = np.lexsort(keys)
    if reviews is not None:
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        index = place[reviews.index]
        rows = np.lexsort((reviews.probability, reviews.ai, index))
        reviews = Reviews(index[rows], reviews.ai[rows], reviews.probability[rows])
    return scores[order], None if weights is None else weights[order], reviews


def _compared(humans: Mapping[str, Floats], own: str | None) -> tuple[dict[str, Floats], Compared]:
    """The sources to reckon with, and the one that the estimate rests on."""
    ordered = {name: np.sort(scores) for name, scores in sorted(humans.items())}
    if own is not None and len(ordered.get(own, ())) >= LEAST_SOURCE:
        return {own: ordered[own]}, Compared(own, True)
    large = {name: scores for name, scores in ordered.items() if len(scores) >= LEAST_SOURCE}
    if large:
        most = max(large, key=lambda name: (cut_of(large[name]), name))
        return large, Compared(most, False, len(large))
    every = np.sort(np.concatenate([np.zeros(0), *ordered.values()]))
    if len(every) < LEAST_SOURCE:
        raise InputError(
            f"found {len(every)} human documents of {PREVALENCE_WORDS} words or more, "
            f"expected at least {LEAST_SOURCE}",
            hint="calibrate on more known human text, best of the same kind",
        )
    name = f"{len(ordered)} sources together" if len(ordered) > 1 else next(iter(ordered))
    return {name: every}, Compared(name, False, len(ordered))


def _nothing(counts: Counts) -> str:
    reasons = ", ".join(
        f"{number:,} {printable(why, 40).replace('_', ' ')}"
        for why, number in sorted(counts.unmeasured.items())
    )
    known = f"; {counts.known:,} are known as older, by their date" if counts.known else ""
    return (
        f"found 0 of {counts.documents:,} documents that can be measured"
        f"{f' ({reasons})' if reasons else ''}{known}, expected English prose of "
        f"{PREVALENCE_WORDS} words or more"
    )
