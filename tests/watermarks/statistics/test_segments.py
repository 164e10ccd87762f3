"""The search for marked parts: valid p-values, the right ends, nothing twice."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from ledger.errors import InputError
from ledger.watermarks.statistics import (
    Binomial,
    Gamma,
    Hypergeometric,
    Lattice,
    Null,
    Segments,
    TwoGamma,
    find_segments,
)
from ledger.watermarks.statistics.extremes import extremes
from ledger.watermarks.statistics.nulls import Increments
from ledger.watermarks.tokens import Scores, Values

Draw = Callable[[np.random.Generator, int, int], Values]
Reals = npt.NDArray[np.float64]

COIN30 = Lattice(np.array([math.comb(30, i) / 2**30 for i in range(31)]))
FEW = Lattice(np.array([0.5, 0.3, 0.0, 0.2]))


def coins(share: float) -> Draw:
    return lambda rng, documents, n: (rng.random(documents * n) < share).astype(np.uint8)


def without_replacement(green: int, of: int) -> Draw:
    def draw(rng: np.random.Generator, documents: int, n: int) -> Values:
        colours = np.zeros((documents, of), np.uint8)
        colours[:, :green] = 1
        return np.ascontiguousarray(rng.permuted(colours, axis=1)[:, :n]).reshape(-1)

    return draw


def exponentials(weight: float) -> Draw:
    def draw(rng: np.random.Generator, documents: int, n: int) -> Values:
        first, second = rng.standard_exponential((2, documents * n))
        return np.asarray((1 - weight) * first + weight * second, np.float64)

    return draw


def of_law(null: Lattice) -> Draw:
    return lambda rng, documents, n: rng.choice(len(null.pmf), documents * n, p=null.pmf).astype(
        np.uint16
    )


UNMARKED: dict[str, tuple[Null, Draw]] = {
    "quarter": (Binomial(1, 4), coins(0.25)),
    "half": (Binomial(1, 2), coins(0.5)),
    "rare": (Binomial(1, 20), coins(0.05)),
    "almost none": (Binomial(1, 1000), coins(0.001)),
    "almost all": (Binomial(9, 10), coins(0.9)),
    "on a lattice of its own": (Binomial(2743, 10000), coins(0.2743)),
    "gamma": (Gamma(), exponentials(0.0)),
    "two gamma": (TwoGamma(0.2), exponentials(0.2)),
    "coins": (COIN30, of_law(COIN30)),
    "few": (FEW, of_law(FEW)),
}


def scores_of(values: Values, documents: int) -> Scores:
    n = len(values) // documents
    offsets = np.arange(documents + 1, dtype=np.int64) * n
    return Scores(offsets, np.tile(np.arange(n, dtype=np.int64), documents), values)


def check_valid(null: Null, draw: Draw, n: int, units: int, seed: int) -> Reals:
    rng, documents = np.random.default_rng(seed), max(units // n, 1)
    p = np.exp(find_segments(scores_of(draw(rng, documents, n), documents), null).log_p)
    for level in (0.1, 0.03, 1e-2, 3e-3, 1e-3):
        allowed = 1.05 * level + 4 * math.sqrt(level * (1 - level) / documents)
        assert np.mean(p <= level) <= allowed, (n, level)
    return p


@pytest.mark.parametrize("name", UNMARKED)
def test_unmarked_text_has_marked_parts(name: str) -> None:
    null, draw = UNMARKED[name]
    for n, units in (
        (16, 400_000),
        (30, 600_000),
        (100, 800_000),
        (500, 2_000_000),
        (2000, 2_000_000),
    ):
        p = check_valid(null, draw, n, units, n)
        if n == 500 and name != "almost none":  # the bound n e^-S alone would give about 0.0007
            assert np.mean(p <= 0.01) > 0.003


@pytest.mark.parametrize("n", [60, 400, 600])
def test_a_whole_vocabulary_in_one_text_has_marked_parts(n: int) -> None:
    check_valid(Hypergeometric(150, 600), without_replacement(150, 600), n, 1_000_000, 5)


def test_the_constant_of_a_simple_walk_is_not_the_known_one() -> None:
    """Steps of ln(q / p) up and down: K = (q - p)^2 / q by the gambler's ruin."""
    for p in (0.2, 0.35, 0.45):
        q = 1 - p
        step = math.log(q / p)
        law = Increments(np.array([-step, step]), np.array([q, p]), 2 * step)
        assert math.isclose(extremes(law).constant, (q - p) ** 2 / q, rel_tol=2e-3)


def test_a_constant_is_above_the_provable_bound() -> None:
    for share in (1e-12, 1e-6, 1e-3, 0.1, 0.9, 1 - 1e-6):
        for odds in (1.0001, 1.6, 7.0, 1e6):
            top = math.log1p(share * (odds - 1))
            llr = np.array([-top, math.log(odds) - top])
            law = extremes(Increments(llr, np.array([1 - share, share])))
            assert 0 < law.constant <= 1
            units = np.array([1, 30, 1000])
            for score in (0.5, 5.0, 50.0):
                bound = np.log(units) - score
                assert (law.log_p(np.full(3, score), units) <= np.minimum(bound, 0) + 1e-12).all()
            assert law.log_p(np.zeros(3), units).tolist() == [0.0, 0.0, 0.0]


def brute_force(null: Null, values: Values) -> tuple[int, float]:
    """By all pairs of ends: the tilt whose best segment of 2 units or more is strongest."""
    best: tuple[float, int, float] = (math.inf, 0, 0.0)
    for number, tilt in enumerate(null.tilts()):
        walk = np.concatenate([[0.0], np.cumsum(tilt.llr(values))])
        gap = walk[None, :] - walk[:, None]
        gap[np.tril_indices(len(walk), 1)] = -math.inf
        log_p = extremes(tilt.increments()).log_p(np.array([gap.max()]), np.array([len(values)]))
        best = min(best, (float(log_p[0]), number, float(gap.max())))
    return best[1], best[2]


def planted(seed: int, n: int, start: int, stop: int) -> tuple[Values, Values]:
    rng = np.random.default_rng(seed)
    green = (rng.random(n) < 0.25).astype(np.uint8)
    green[start:stop] = rng.random(stop - start) < 0.7
    exponential = rng.standard_exponential(n)
    exponential[start:stop] *= 3
    return green, exponential


@pytest.mark.parametrize("seed", range(4))
def test_a_segment_is_not_the_best_there_is(seed: int) -> None:
    for values, null in zip(planted(seed, 300, 90, 190), (Binomial(1, 4), Gamma()), strict=True):
        found = find_segments(scores_of(values, 1), null)
        number, score = brute_force(null, values)
        tilt = null.tilts()[number]
        strongest = int(np.argmin(found.log_p_segment))
        first, last = int(found.first_unit[strongest]), int(found.last_unit[strongest])
        inside = np.cumsum(tilt.llr(values[first : last + 1]))
        assert abs(inside[-1] - score) < 1e-3
        # The likelihood's own ends: no part of it at either end scores below 0.
        assert (inside > 0).all() and (inside[-1] - inside[:-1] > 0).all()
        assert math.isclose(found.log_p_segment[strongest], found.log_p[0], rel_tol=1e-12)


def test_segments_overlap_or_are_single_units() -> None:
    rng = np.random.default_rng(1)
    documents, n = 40, 3000
    values = (rng.random((documents, n)) < 0.25).astype(np.uint8)
    for start in (200, 900, 1700, 2400):
        values[:, start : start + 250] = rng.random((documents, 250)) < 0.6
    found = find_segments(scores_of(values.reshape(-1), documents), Binomial(1, 4))
    assert (found.last_unit > found.first_unit).all()
    after = np.diff(found.document) > 0
    assert ((found.first_unit[1:] > found.last_unit[:-1]) | after).all()
    assert (np.diff(found.document) >= 0).all()
    per_document = np.bincount(found.document, minlength=documents)
    assert per_document.mean() > 3.8
    assert (found.log_p_segment <= math.log(1e-4)).all()
    best = np.array([found.log_p_segment[found.document == d].min() for d in range(documents)])
    assert (found.log_p <= best).all()


MARKED: dict[str, tuple[Null, Draw, Draw]] = {
    "half green of a quarter": (Binomial(1, 4), coins(0.25), coins(0.5)),
    "weak gumbel": (Gamma(), exponentials(0.0), lambda r, d, n: 2 * exponentials(0.0)(r, d, n)),
    "strong gumbel": (Gamma(), exponentials(0.0), lambda r, d, n: 5 * exponentials(0.0)(r, d, n)),
    "synthid": (
        COIN30,
        of_law(COIN30),
        lambda r, d, n: r.binomial(30, 0.57, d * n).astype(np.uint16),
    ),
}


@pytest.mark.parametrize("name", MARKED)
def test_a_marked_span_is_reported_somewhere_else(name: str) -> None:
    null, unmarked, marked = MARKED[name]
    rng, documents, span = np.random.default_rng(2), 60, 200
    for n in (750, 2700):
        values = unmarked(rng, documents, n).reshape(documents, n)
        truth = np.zeros((documents, n), np.bool_)
        for d, start in enumerate(rng.integers(0, n - span, documents)):
            values[d, start : start + span] = marked(rng, 1, span)
            truth[d, start : start + span] = True
        found = find_segments(scores_of(values.reshape(-1), documents), null)
        covered = np.zeros_like(truth)
        for d, first, last in zip(found.document, found.first_unit, found.last_unit, strict=True):
            covered[d, first : last + 1] = True
        overlap = (covered & truth).sum(axis=1) / (covered | truth).sum(axis=1)
        assert overlap.mean() >= 0.8, n


def rows(found: Segments, document: int) -> list[tuple[int, int, float]]:
    own = found.document == document
    columns = (found.first_unit[own], found.last_unit[own], found.log_p_segment[own])
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_a_document_depends_on_its_neighbours() -> None:
    rng = np.random.default_rng(4)
    lengths = np.concatenate([[0, 1, 2, 0, 40_000, 0], rng.integers(0, 900, 60), [0]])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    for null, values in (
        (Binomial(1, 4), (rng.random(offsets[-1]) < 0.3).astype(np.uint8)),
        (Gamma(), rng.standard_exponential(offsets[-1]) * 1.2),
    ):
        positions = np.arange(offsets[-1], dtype=np.int64)
        together = find_segments(Scores(offsets, positions, values), null, log_report=-2.0)
        assert len(together.document) > 20
        for d, (low, high) in enumerate(pairwise(offsets.tolist())):
            alone = find_segments(scores_of(values[low:high], 1), null, log_report=-2.0)
            assert alone.log_p[0] == together.log_p[d]
            assert rows(alone, 0) == rows(together, d)
        assert (together.log_p[lengths < 2] == 0).all()


def test_no_documents_or_only_empty_ones() -> None:
    none = np.zeros(0, np.int64)
    for offsets in (np.zeros(1, np.int64), np.zeros(4, np.int64)):
        for values in (np.zeros(0, np.uint8), np.zeros(0)):
            found = find_segments(Scores(offsets, none, values), Binomial(1, 4))
            assert found.log_p.tolist() == [0.0] * (len(offsets) - 1)
            assert len(found.document) == 0


def test_a_value_that_is_no_number_marks_a_part() -> None:
    for bad in (math.nan, math.inf):
        with pytest.raises(InputError, match="finite"):
            find_segments(scores_of(np.array([1.0, bad, 1.0]), 1), Gamma())
    huge = find_segments(scores_of(np.array([1.0, 1e300, 1e300, *[1.0] * 20]), 1), Gamma())
    assert huge.log_p[0] < -500 and np.isfinite(huge.log_p).all()


def test_many_spans_of_one_document_are_never_done() -> None:
    rng = np.random.default_rng(9)
    values = (rng.random(400_000) < 0.25).astype(np.uint8).reshape(-1, 1000)
    values[:, :300] = rng.random((400, 300)) < 0.8
    found = find_segments(scores_of(values.reshape(-1), 1), Binomial(1, 4))
    assert 350 <= len(found.document) <= 450
