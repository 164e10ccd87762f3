"""From scores to outcomes: what is tested, in which source it is ranked, what the run may claim.

Pure. Integers in, integers out, rounded towards the weaker claim.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ledger.provenance.classified import FDR_PPM
from ledger.verdicts.outcomes import INSUFFICIENT, LIKE_AI, OUTCOMES
from ledger.verdicts.scanning.gather import Ints, Mask, Scored, reason_name
from ledger.verdicts.statistics.conformal import Calibration, outcomes, p_ai, p_human
from ledger.verdicts.statistics.fdr import adjusted

__all__ = ["IN_CALIBRATION", "IN_TRAINING", "Decisions", "decide", "source_of"]

IN_CALIBRATION: Final = "in_calibration"
IN_TRAINING: Final = "in_training"
"""Documents that are not tested: they are what the others are ranked in, or made the detector."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """What a run decided of n documents, in their order.

    `outcome` places them in OUTCOMES, `tested` says which were ranked; p and q are in parts per
    million, rounded up, 0 where not tested. `q_ppm` is the least level of false discoveries, over
    all that were tested, at which a document is found. `counts` has every document once.
    """

    outcome: npt.NDArray[np.int8]
    tested: Mask
    p_human_ppm: Ints
    p_ai_ppm: Ints
    q_ppm: Ints
    counts: dict[str, int]

    @property
    def like_ai(self) -> Ints:
        """The documents called like_ai_sample."""
        return np.flatnonzero(self.tested & (self.outcome == OUTCOMES.index(LIKE_AI)))

    @property
    def kept(self) -> int:
        """How many of those hold among all of the run."""
        return int((self.q_ppm[self.like_ai] <= FDR_PPM).sum())


def source_of(dataset: str, topic: str | None, known: Sequence[str]) -> str:
    """The source in which a document of a dataset is ranked, if it is one of those known."""
    named = f"{dataset}/{topic}"
    return named if topic is not None and named in known else dataset


def decide(
    scored: Scored,
    calibration: Calibration,
    sources: Sequence[str],
    *,
    in_calibration: Mask,
    in_training: Mask,
) -> Decisions:
    """Rank each document among known human and known AI text, in the source it is from.

    A source that the calibration does not know, or knows too little of, gives the largest p of all
    known ones. Raises InputError for a calibration that is too small.
    """
    left_out = in_calibration | in_training
    tested = scored.measurable & ~left_out
    rows = np.flatnonzero(tested)
    scores, words = scored.scores[rows], scored.words[rows]
    human = p_human(calibration, scores, words, [sources[row] for row in rows.tolist()])
    ai = p_ai(calibration, scores, words)
    found = np.full(len(scored), OUTCOMES.index(INSUFFICIENT), np.int8)
    found[rows] = outcomes(human, ai, np.ones(len(rows), np.bool_))
    counts = {IN_CALIBRATION: int(in_calibration.sum())}
    counts[IN_TRAINING] = int((in_training & ~in_calibration).sum())
    for place, name in enumerate(OUTCOMES):
        counts[name] = int((tested & (found == place)).sum())
    codes, sizes = np.unique(scored.why[~tested & ~left_out], return_counts=True)
    for code, size in zip(codes.tolist(), sizes.tolist(), strict=True):
        counts[reason_name(code)] = size
    return Decisions(
        outcome=found,
        tested=tested,
        p_human_ppm=_spread(human, rows, len(scored)),
        p_ai_ppm=_spread(ai, rows, len(scored)),
        q_ppm=_spread(adjusted(human), rows, len(scored)),
        counts={name: count for name, count in counts.items() if count},
    )


def _spread(values: npt.NDArray[np.float64], rows: Ints, count: int) -> Ints:
    """Parts per million, rounded up, among all documents; 2^-20 of a part is rounding error."""
    every = np.zeros(count, np.int64)
    every[rows] = np.ceil(values * 1e6 - 2**-20).astype(np.int64)
    return every
