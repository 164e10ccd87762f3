"""What is promised of verdicts, shares and batches, tried many times on rows drawn anew.

Each redraw calibrates on some of the human rows and tests on others, so that every figure has the
luck of the calibration in it. All domains are pooled. Only documents count that would be measured:
MIN_WORDS words of prose for verdicts and batches, PREVALENCE_WORDS for shares.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.verdicts.evaluation.metrics import Scores
from ledger.verdicts.outcomes import MIN_WORDS, PREVALENCE_WORDS
from ledger.verdicts.statistics.conformal import Calibration, Sample, p_human
from ledger.verdicts.statistics.prevalence import rogan_gladen
from ledger.verdicts.statistics.two_sample import batch_test

__all__ = ["SHARES", "BatchDraws", "Drawn", "Redrawn", "ShareDraws", "VerdictDraws", "redraw"]

ALPHA: Final = 0.05
"""Level at which verdicts on human rows are counted as false."""

LOCAL: Final = 200
"""Human documents that calibrate a share."""

MIXTURE: Final = 600
"""Documents of a mixture whose share is estimated."""

SHARES: Final = (0.05, 0.10, 0.25)
"""True shares of synthetic documents in the mixtures."""

BATCH_CALIBRATION: Final = 250
BATCH: Final = 120
BATCH_ALPHA: Final = 0.01
BATCH_SHARE: Final = 0.25
BATCHES: Final = 8
"""Batches of each kind in a redraw, as far as the rows go: no row is in two of them."""

_REPEATS = 2  # times that one document may stand in a mixture
_SOURCE = "rows"

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is drawn from: n scores with their lengths in words of prose, and which were measured.

    `ai_sample` are scores of synthetic documents that are none of these rows; None where there are
    none: then each redraw puts half of the synthetic rows aside for that.
    """

    scores: Scores
    synthetic: Bools
    words: Ints
    measured: Bools
    ai_sample: Scores | None

    def scored(self, synthetic: bool, least: int) -> tuple[Scores, Ints]:
        """Scores and words of one label's measured rows of `least` words or more."""
        chosen = self.measured & (self.synthetic == synthetic) & (self.words >= least)
        return self.scores[chosen], self.words[chosen]


@dataclass(frozen=True)
class VerdictDraws:
    """Half of the human rows calibrate; `fpr` of the others have p ≤ ALPHA, mean over redraws.

    `low` and `high` are the 5 % and 95 % quantiles of single redraws.
    """

    fpr: float
    low: float
    high: float
    calibration: int
    tested: int


@dataclass(frozen=True)
class ShareDraws:
    """Mixtures with one true share: how many intervals cover it, means of estimate and half-width.

    Every mixture has exactly that share. The interval also allows for how a sample's share differs
    from that of a larger corpus, so that it covers more of these than its level says.
    The half-width is half the length of the interval as it is reported, cut off at 0 and 1.
    `repeated` is how many of a mixture's documents stand in it a second time, because the rows
    do not suffice.
    """

    share: float
    redraws: int
    covered: int
    estimate: float
    half_width: float
    repeated: int


@dataclass(frozen=True)
class BatchDraws:
    """Batches held at BATCH_ALPHA: `fpr` of pure human ones, `power` of those with BATCH_SHARE."""

    fpr: float
    power: float
    clean: int
    contaminated: int


@dataclass(frozen=True)
class Redrawn:
    """All figures of one seed. Coverage and half-width are means over all levels."""

    redraws: int
    verdicts: VerdictDraws
    shares: tuple[ShareDraws, ...]
    batches: BatchDraws

    @property
    def coverage(self) -> float:
        return sum(s.covered for s in self.shares) / sum(s.redraws for s in self.shares)

    @property
    def half_width(self) -> float:
        return float(np.mean([share.half_width for share in self.shares]))

    def plain(self) -> dict[str, Any]:
        """JSON values: the five figures, then `redraw` with what they are made of."""
        return {
            "conformal_fpr_5": round(self.verdicts.fpr, 6),
            "coverage": round(self.coverage, 6),
            "half_width": round(self.half_width, 6),
            "batch_fpr": round(self.batches.fpr, 6),
            "batch_power": round(self.batches.power, 6),
            "redraw": {
                "redraws": self.redraws,
                "conformal": _plain(self.verdicts),
                "prevalence": [
                    _plain(share) | {"coverage": round(share.covered / share.redraws, 6)}
                    for share in self.shares
                ],
                "batches": _plain(self.batches),
            },
        }


def redraw(drawn: Drawn, redraws: int, seed: int) -> Redrawn:
    """Draw calibration and test rows `redraws` times; the same seed draws the same rows.

    Raises InputError where the rows are too few for it, with the number needed.
    """
    _check(drawn)
    kinds: tuple[Callable[..., Any], ...] = (_verdicts, _shares, _batches)
    made = [kind(drawn, redraws, np.random.default_rng([seed, k])) for k, kind in enumerate(kinds)]
    return Redrawn(redraws, *made)


def _check(drawn: Drawn) -> None:
    """Enough of everything, so that no document stands in a mixture more than _REPEATS times."""
    human_share, synthetic_share = 1 - min(SHARES), max(SHARES)
    halves = 2 if drawn.ai_sample is None else 1
    wanted = (
        (False, PREVALENCE_WORDS, LOCAL + math.ceil(MIXTURE * human_share / _REPEATS)),
        (True, PREVALENCE_WORDS, halves * math.ceil(MIXTURE * synthetic_share / _REPEATS)),
        (False, MIN_WORDS, BATCH_CALIBRATION + BATCH),
        (True, MIN_WORDS, round(BATCH * BATCH_SHARE)),
    )
    for synthetic, least, expected in wanted:
        found = len(drawn.scored(synthetic, least)[0])
        if found < expected:
            kind = "synthetic" if synthetic else "human"
            raise InputError(
                f"found {found:,} {kind} texts of {least} words of prose or more, "
                f"expected at least {expected:,}",
                hint="leave out --redraw, or add rows",
            )


def _verdicts(drawn: Drawn, redraws: int, random: np.random.Generator) -> VerdictDraws:
    scores, words = drawn.scored(False, MIN_WORDS)
    half = len(scores) // 2
    nothing = Sample(np.zeros(0), np.zeros(0, np.int64))
    rates = np.empty(redraws)
    for at in range(redraws):
        known, asked = np.split(random.permutation(len(scores)), [half])
        calibration = Calibration({_SOURCE: Sample(scores[known], words[known])}, nothing)
        p = p_human(calibration, scores[asked], words[asked], _SOURCE)
        rates[at] = np.mean(p <= ALPHA)
    low, high = np.quantile(rates, [0.05, 0.95])
    return VerdictDraws(float(rates.mean()), float(low), float(high), half, len(scores) - half)


def _shares(drawn: Drawn, redraws: int, random: np.random.Generator) -> tuple[ShareDraws, ...]:
    human, _ = drawn.scored(False, PREVALENCE_WORDS)
    synthetic, _ = drawn.scored(True, PREVALENCE_WORDS)
    found = np.empty((len(SHARES), redraws, 3))  # point, low, high
    repeated = [0] * len(SHARES)
    for at in range(redraws):
        local, others = np.split(random.permutation(human), [LOCAL])
        if drawn.ai_sample is None:
            ai, unseen = np.split(random.permutation(synthetic), [len(synthetic) // 2])
        else:
            ai, unseen = drawn.ai_sample, random.permutation(synthetic)
        for level, share in enumerate(SHARES):
            parts = [(unseen, round(MIXTURE * share)), (others, MIXTURE - round(MIXTURE * share))]
            repeated[level] = sum(max(0, count - len(rows)) for rows, count in parts)
            mixture = np.concatenate([_draw(rows, count, random) for rows, count in parts])
            estimate = rogan_gladen(mixture, local, ai)
            found[level, at] = estimate.point, estimate.low, estimate.high
    return tuple(
        ShareDraws(
            share,
            redraws,
            int(((low <= share) & (share <= high)).sum()),
            float(point.mean()),
            float(((high - low) / 2).mean()),
            twice,
        )
        for share, twice, (point, low, high) in zip(
            SHARES, repeated, found.transpose(0, 2, 1), strict=True
        )
    )


def _draw(rows: Scores, count: int, random: np.random.Generator) -> Scores:
    """`count` of some rows without replacement; where there are fewer, every row, and again."""
    whole, rest = divmod(count, len(rows))
    return np.concatenate([np.tile(rows, whole), random.permutation(rows)[:rest]])


def _batches(drawn: Drawn, redraws: int, random: np.random.Generator) -> BatchDraws:
    human, _ = drawn.scored(False, MIN_WORDS)
    synthetic, _ = drawn.scored(True, MIN_WORDS)
    planted = round(BATCH * BATCH_SHARE)
    left = len(human) - BATCH_CALIBRATION
    clean = min(BATCHES, left // BATCH)
    mixed = min(BATCHES, left // (BATCH - planted), len(synthetic) // planted)
    held = np.zeros(2, np.int64)
    for _ in range(redraws):
        known, others = np.split(random.permutation(human), [BATCH_CALIBRATION])
        for batch in others[: clean * BATCH].reshape(clean, BATCH):
            held[0] += batch_test(batch, known).p <= BATCH_ALPHA
        random.shuffle(others)
        people = others[: mixed * (BATCH - planted)].reshape(mixed, -1)
        models = random.permutation(synthetic)[: mixed * planted].reshape(mixed, -1)
        for batch in np.concatenate([people, models], axis=1):
            held[1] += batch_test(batch, known).p <= BATCH_ALPHA
    fpr, power = held / (redraws * np.array([clean, mixed]))
    return BatchDraws(float(fpr), float(power), clean * redraws, mixed * redraws)


def _plain(figures: object) -> dict[str, Any]:
    return {k: round(v, 6) if isinstance(v, float) else v for k, v in vars(figures).items()}
