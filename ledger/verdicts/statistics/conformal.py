"""p-values of a score beside known human text and beside known AI text, and the outcome of both.

Split conformal prediction (Vovk, Gammerman and Shafer, 2005), Mondrian by source and length: where
a document is exchangeable with the calibration documents of its class, the share of such documents
with p <= alpha is at most alpha, whatever the detector. Elsewhere nothing is promised.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.verdicts.outcomes import (
    ALPHA_AI,
    ALPHA_HUMAN,
    INSUFFICIENT,
    LEAST_SOURCE,
    LIKE_AI,
    MIN_WORDS,
    OUTCOMES,
    UNCERTAIN,
    UNLIKE_AI,
)
from ledger.verdicts.statistics.tails import Ints, Reals, finite

__all__ = [
    "LENGTH_EDGES",
    "Calibration",
    "Sample",
    "check_documents",
    "least_documents",
    "outcomes",
    "p_ai",
    "p_human",
]

LENGTH_EDGES = (MIN_WORDS, 150, 220, 350)
"""Words from which a length class begins; shorter documents are in none."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Scores and words of prose of documents of one source, all human or all AI: float64[m],
    int64[m]."""

    scores: Reals
    words: Ints

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", finite(self.scores, "scores"))
        object.__setattr__(self, "words", np.asarray(self.words, np.int64))
        if self.words.shape != self.scores.shape:
            raise InputError(
                f"found {self.words.shape} lengths of {self.scores.shape} scores, expected as many"
            )

    def measurable(self) -> "Sample":
        """Those long enough to be ranked among."""
        enough = self.words >= MIN_WORDS
        return Sample(self.scores[enough], self.words[enough])


@dataclass(frozen=True, eq=False)
class Calibration:
    """Known human documents by the name of their source, and known AI documents."""

    human: Mapping[str, Sample]
    synthetic: Sample


def least_documents(alpha: float) -> int:
    """Calibration documents from which p can be as small as `alpha`: p is at least 1 / (m + 1)."""
    if not 0 < alpha < 1:
        raise InputError(f"alpha {alpha:g}, expected a level between 0 and 1")
    return max(math.ceil(round(1 / alpha, 9)) - 1, 1)


def check_documents(found: int, alpha: float, what: str) -> None:
    """Raise InputError if `found` documents are too few for the level `alpha`."""
    least = least_documents(alpha)
    if found < least:
        raise InputError(
            f"found {found:,} {what} documents of {MIN_WORDS} words or more, expected at least "
            f"{least:,} for {100 * alpha:g} %",
            hint="add documents, or name several small sources as one",
        )


def p_human(
    calibration: Calibration,
    scores: Reals | Sequence[float],
    words: Ints | Sequence[int],
    source: str | Sequence[str | None] | None,
) -> Reals:
    """float64[n]: the share of human documents, the one asked about counted, that score as high.

    Within the length class of a source of LEAST_SOURCE documents or more that is named (one for
    all, or one of each document); else the largest p of all sources that have enough for ALPHA_AI.
    1 for a document below MIN_WORDS. Raises InputError where no source has enough.
    """
    known = {name: sample.measurable() for name, sample in calibration.human.items()}
    largest = max((len(sample.scores) for sample in known.values()), default=0)
    check_documents(largest, ALPHA_AI, "human")
    values, lengths = _documents(scores, words)
    if source is None or isinstance(source, str):
        return _highest(_asked(known, source), values, lengths)
    names = np.asarray([source or "" for source in source], np.str_)
    if names.shape != values.shape:
        raise InputError(f"found {len(names):,} sources of {len(values):,} documents")
    result = np.ones(len(values))
    for name in np.unique(names).tolist():
        rows = names == name
        result[rows] = _highest(_asked(known, name), values[rows], lengths[rows])
    return result


def _asked(known: Mapping[str, Sample], source: str | None) -> list[Sample]:
    """The samples that a document of `source` is ranked in."""
    if source is not None and source in known and len(known[source].scores) >= LEAST_SOURCE:
        return [known[source]]
    least = least_documents(ALPHA_AI)
    return [sample for sample in known.values() if len(sample.scores) >= least]


def _highest(samples: Sequence[Sample], scores: Reals, words: Ints) -> Reals:
    ranks = [_ranked(sample, scores, words) for sample in samples]
    return np.asarray(np.max(ranks, axis=0), np.float64)


def p_ai(
    calibration: Calibration, scores: Reals | Sequence[float], words: Ints | Sequence[int]
) -> Reals:
    """float64[n]: the share of AI documents, the one asked about counted, that score as low.

    Within its length class; 1 for a document below MIN_WORDS. Raises InputError where the sample
    is too small for ALPHA_HUMAN.
    """
    sample = calibration.synthetic.measurable()
    check_documents(len(sample.scores), ALPHA_HUMAN, "AI")
    values, lengths = _documents(scores, words)
    return _ranked(Sample(-sample.scores, sample.words), -values, lengths)


def outcomes(human: Reals, ai: Reals, sufficient: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    """int8[n]: places in OUTCOMES. Unlike both samples is `uncertain`, as is like either."""
    high, low = human <= ALPHA_AI, ai <= ALPHA_HUMAN
    found = np.full(len(human), OUTCOMES.index(UNCERTAIN), np.int8)
    found[high & ~low] = OUTCOMES.index(LIKE_AI)
    found[low & ~high] = OUTCOMES.index(UNLIKE_AI)
    found[~np.asarray(sufficient, np.bool_)] = OUTCOMES.index(INSUFFICIENT)
    return found


def _documents(scores: Reals | Sequence[float], words: Ints | Sequence[int]) -> tuple[Reals, Ints]:
    sample = Sample(np.asarray(scores, np.float64), np.asarray(words, np.int64))
    return sample.scores, sample.words


def _ranked(sample: Sample, scores: Reals, words: Ints) -> Reals:
    """(1 + #{calibration >= score}) / (m + 1) within the length class of each document."""
    result = np.ones(len(scores))
    classes = _length_class(sample.words)
    asked = _length_class(words)
    counts = np.bincount(classes, minlength=len(LENGTH_EDGES))
    for place in np.unique(asked[asked >= 0]).tolist():
        first, last = _group(counts, place)
        ordered = np.sort(sample.scores[(classes >= first) & (classes <= last)])
        rows = asked == place
        above = len(ordered) - np.searchsorted(ordered, scores[rows], side="left")
        result[rows] = (1 + above) / (len(ordered) + 1)
    return result


def _length_class(words: Ints) -> Ints:
    """Places in LENGTH_EDGES; -1 for what is shorter than all."""
    return (np.searchsorted(LENGTH_EDGES, words, side="right") - 1).astype(np.int64)


def _group(counts: Ints, place: int) -> tuple[int, int]:
    """First and last of the classes that are ranked as one with class `place`.

    From short to long, classes join until there are LEAST_SOURCE documents beside the one asked
    about; what is left at the end joins the last group. The one asked about is counted like any
    other, so that it and the calibration stay exchangeable. Scores decide nothing here.
    """
    sizes = [int(count) + (at == place) for at, count in enumerate(counts.tolist())]
    ends, held = [], 0
    for at, size in enumerate(sizes):
        held += size
        if held > LEAST_SOURCE:
            ends.append(at)
            held = 0
    ends = [*ends[:-1], len(sizes) - 1]
    last = next(end for end in ends if place <= end)
    earlier = [end for end in ends if end < place]
    return (earlier[-1] + 1 if earlier else 0), last
