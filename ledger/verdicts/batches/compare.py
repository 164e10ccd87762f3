"""The decision on batches: beside known human text, or by the article's floor. Pure.

A batch is compared with each source of known human text by itself, and what is said of it is what
the most lenient source says: a batch of one of several kinds is no alarm. Held batches are for a
person to look at; nothing here says who wrote them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ledger.errors import InputError
from ledger.verdicts.batches.bands_file import SourceBands
from ledger.verdicts.batches.batch import Batch
from ledger.verdicts.batches.windows import TAIL, Reals, off_scale, on_scale
from ledger.verdicts.reference.vote import floor_3_2
from ledger.verdicts.statistics.cusum import Drift, drift
from ledger.verdicts.statistics.two_sample import BatchTest, batch_test

__all__ = [
    "ALPHA",
    "BANDS_ALPHA",
    "FLOOR",
    "HOLD",
    "LEAST_DOCUMENTS",
    "PROCEED",
    "RULE",
    "RULES",
    "Audited",
    "Judged",
    "KnownText",
    "Outside",
    "Rules",
    "judge",
]

PROCEED, HOLD = "PROCEED", "HOLD_FOR_REVIEW"

RULE, FLOOR = "calibrated", "floor-3.2"
RULES = (RULE, FLOOR)

ALPHA = 0.01
"""Level of a batch's test on scores."""

BANDS_ALPHA = 0.001
"""Level of all bands of a batch together: windows of real text have longer tails than a normal
law, and what the bands are for lies far outside."""

LEAST_DOCUMENTS = 10
"""Documents with a score, below which a batch is not tested."""


@dataclass(frozen=True, eq=False)
class KnownText:
    """Known human text of one source: scores of its documents, bands of its windows if any."""

    name: str
    scores: Reals
    bands: SourceBands | None


@dataclass(frozen=True)
class Rules:
    """What a batch is held for."""

    rule: str = RULE
    alpha: float = ALPHA

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise InputError(f"rule {self.rule}, expected {' or '.join(RULES)}")
        if not 0 < self.alpha <= 0.5:
            raise InputError(f"alpha {self.alpha:g}, expected a level above 0 and at most 0.5")


@dataclass(frozen=True)
class Outside:
    """A measure whose farthest window, of `window` tokens, is not within `low` to `high`."""

    measure: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Judged:
    """One batch and what is to be done with it.

    `codes` say why it is held, in short words; `test` and `outside` are beside the sources that
    `tested` and `banded` name; `limits` of each measure are that source's. `total` is the running
    sum of drift, None where nothing is known.
    """

    batch: Batch
    action: str
    codes: tuple[str, ...]
    test: BatchTest | None
    tested: str | None
    outside: tuple[Outside, ...]
    limits: Mapping[str, tuple[float, float]]
    banded: str | None
    total: float | None

    @property
    def held(self) -> bool:
        return self.action == HOLD


@dataclass(frozen=True, eq=False)
class Audited:
    """All batches in their order.

    `drift` is that of the source beside which it is least, `overall` the test of all batches as
    one; both None without known text.
    """

    judged: tuple[Judged, ...]
    rules: Rules
    known: tuple[str, ...]
    drift: Drift | None
    overall: BatchTest | None

    @property
    def held(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.judged if one.held)

    @property
    def reasons(self) -> dict[str, int]:
        """How many batches are held for what; one may be for several."""
        return dict(sorted(Counter(code for one in self.judged for code in one.codes).items()))


def judge(batches: Sequence[Batch], known: Sequence[KnownText], rules: Rules) -> Audited:
    """Decide on batches in the order in which they are trained on.

    Without known text every batch proceeds, unless the rule is the floor. Raises InputError where
    known text has too few scores.
    """
    scored = [
        batch.scores if len(batch.scores) >= LEAST_DOCUMENTS else np.zeros(0) for batch in batches
    ]
    running = _drift(scored, known)
    return Audited(
        judged=tuple(
            _judged(batch, known, rules, running, place) for place, batch in enumerate(batches)
        ),
        rules=rules,
        known=tuple(one.name for one in known),
        drift=running,
        overall=_tested(np.concatenate([np.zeros(0), *scored]), known)[0],
    )


def _judged(
    batch: Batch, known: Sequence[KnownText], rules: Rules, running: Drift | None, place: int
) -> Judged:
    test, tested = _tested(batch.scores, known)
    outside, limits, banded = _banded(batch, known)
    total = None if running is None else float(running.sums[place])
    if rules.rule == FLOOR:
        codes = ["below_floor"] if floor_3_2(np.array([batch.entropy]))[0] else []
    else:
        codes = ["scores_higher"] if test is not None and test.p <= rules.alpha else []
        codes += [f"outside_{one.measure}" for one in outside]
        if running is not None and running.sums[place] > running.threshold:
            codes.append("drift")
    action = HOLD if codes else PROCEED
    return Judged(batch, action, tuple(codes), test, tested, outside, limits, banded, total)


def _tested(scores: Reals, known: Sequence[KnownText]) -> tuple[BatchTest, str] | tuple[None, None]:
    """The test beside the source whose p is largest."""
    if len(scores) < LEAST_DOCUMENTS or not known:
        return None, None
    return max(
        ((batch_test(scores, one.scores), one.name) for one in known), key=lambda found: found[0].p
    )


def _drift(scored: Sequence[Reals], known: Sequence[KnownText]) -> Drift | None:
    """At each batch the least of all sources' sums."""
    if not known:
        return None
    found = [drift(scored, one.scores) for one in known]
    sums = np.min([one.sums for one in found], axis=0)
    over = np.flatnonzero(sums > found[0].threshold)
    return Drift(sums, found[0].threshold, int(over[0]) if len(over) else None)


def _banded(
    batch: Batch, known: Sequence[KnownText]
) -> tuple[tuple[Outside, ...], Mapping[str, tuple[float, float]], str | None]:
    """What is outside beside the source that has the least outside; of equals the first."""
    best: tuple[tuple[Outside, ...], Mapping[str, tuple[float, float]], str] | None = None
    for one in known:
        if one.bands is None or batch.size not in one.bands.sizes:
            continue
        found = _beside(batch, one.name, one.bands)
        if best is None or len(found[0]) < len(best[0]):
            best = (*found, one.name)
    return best if best is not None else ((), {}, None)


def _beside(
    batch: Batch, name: str, bands: SourceBands
) -> tuple[tuple[Outside, ...], dict[str, tuple[float, float]]]:
    values = dict(batch.windows)
    if name in batch.tails:
        values[TAIL] = batch.tails[name]
    known = bands.sizes[batch.size]
    measures = [measure for measure in known if measure in values]
    looks = sum(len(values[measure]) for measure in measures)
    outside, limits = [], {}
    for measure in measures:
        low, high = known[measure].limits(BANDS_ALPHA, looks)
        limits[measure] = _ordered(off_scale(measure, low), off_scale(measure, high))
        placed = on_scale(measure, values[measure])
        beyond = np.maximum(low - placed, placed - high)
        farthest = int(np.argmax(beyond))
        if beyond[farthest] > 0:
            outside.append(Outside(measure, float(values[measure][farthest]), *limits[measure]))
    return tuple(outside), limits


def _ordered(one: float, other: float) -> tuple[float, float]:
    """On some scales the higher end is the lower value."""
    return min(one, other), max(one, other)
