"""The p-values of every variant: never too small by chance, uniform once ties are broken, and
smaller the more evidence there is.

Unmarked text is uniform ids from a small vocabulary, under many keys; marked text is our own.
"""

from math import log, sqrt

import numpy as np
import numpy.typing as npt
import pytest

from ledger.watermarks.detector import statistics_of
from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokens import Tokens
from tests.watermarks.conformance.examples import EXAMPLES, Example
from tests.watermarks.marking import mark_text

SIZE = 700
KEYS, DOCUMENTS, LENGTH = 28, 24, 80


def _some() -> list[Example]:
    """Two of each spelling: the others differ in their seeds, whose digests are frozen."""
    kinds: dict[str, list[Example]] = {}
    for example in EXAMPLES:
        kinds.setdefault(example.scheme, []).append(example)
    return [example for kind in kinds.values() for example in kind[:2]]


pytestmark = pytest.mark.parametrize("example", _some(), ids=lambda example: example.name)

Reals = npt.NDArray[np.float64]


def _p_values(mark: Mark, tokens: Tokens, rng: np.random.Generator) -> tuple[Reals, Reals]:
    """p-values of the documents, and the same with ties broken at random."""
    scores = mark.score(tokens, mark.prepare(tokens))
    sums, counts = statistics_of(scores), scores.counts
    assert np.all(counts > 20)
    p = np.exp(mark.null.log_sf(sums, counts))
    if scores.values.dtype.kind != "u":
        return np.minimum(1.0, p * scores.trials), p
    above = np.exp(mark.null.log_sf(sums + 1, counts))
    broken: Reals = above + rng.random(len(p)) * (p - above)
    return np.minimum(1.0, p * scores.trials), broken


@pytest.fixture(scope="module")
def drawn() -> list[Tokens]:
    """A batch of documents for each key: no two keys see one document."""
    rng = np.random.default_rng(2026)
    ids = rng.integers(0, SIZE, (KEYS, DOCUMENTS, LENGTH))
    return [Tokens.of(batch.tolist()) for batch in ids]


def test_chance_is_called_a_mark(example: Example, drawn: list[Tokens]) -> None:
    rng = np.random.default_rng(5)
    pairs = [_p_values(example.mark(seed, SIZE), batch, rng) for seed, batch in enumerate(drawn)]
    p = np.concatenate([plain for plain, _ in pairs])
    for level in (0.5, 0.1, 0.05, 0.01):
        by_key = [float(np.mean(plain <= level)) for plain, _ in pairs]
        deviation = max(float(np.std(by_key)), sqrt(level * (1 - level) / DOCUMENTS)) / sqrt(KEYS)
        assert np.mean(p <= level) <= level + 4 * deviation, level
    assert np.min(p) > 1e-6
    if example.randomised:
        broken = np.sort(np.concatenate([other for _, other in pairs]))
        grid = np.arange(1, len(broken) + 1) / len(broken)
        distance = max(np.max(grid - broken), np.max(broken - grid + 1 / len(broken)))
        assert distance < 2.0 / sqrt(len(broken)), "Kolmogorov and Smirnov's distance from uniform"


def test_more_evidence_is_a_larger_p_value(example: Example) -> None:
    mark, other = example.mark(0, SIZE), example.mark(1, SIZE)
    texts = [mark_text(mark, 64, choices, 8, SIZE).tolist() for choices in (1, 3, 8)]
    tokens = Tokens.of(texts)
    scores = mark.score(tokens, mark.prepare(tokens))
    log_p = mark.null.log_sf(statistics_of(scores), scores.counts) + log(scores.trials)
    assert log_p[2] < log_p[1] < log_p[0]
    assert log_p[2] < log(1e-6)
    wrong = other.score(tokens, other.prepare(tokens))
    log_wrong = other.null.log_sf(statistics_of(wrong), wrong.counts) + log(wrong.trials)
    assert np.min(log_wrong) > log(1e-5), "another key finds the mark"


def test_a_higher_score_is_a_larger_p_value(example: Example) -> None:
    null = example.mark().null
    counts = np.full(400, 60)
    values = np.linspace(0, 250, 400)
    if example.mark().score(*_one(example.mark())).values.dtype.kind == "u":
        values = np.arange(400, dtype=np.float64)
    log_p = null.log_sf(values, counts)
    assert np.all(log_p[1:] <= log_p[:-1] + 1e-12)
    assert np.all(log_p <= 0) and log_p[0] == pytest.approx(0, abs=1e-9)
    assert not np.any(np.isnan(log_p))
    assert np.all(null.best(np.arange(1, 50)) <= null.log_sf(np.ones(49), np.arange(1, 50)))
    least = null.minimum(log(1e-9))
    assert null.best(np.array([least]))[0] <= log(1e-9) < null.best(np.array([least - 1]))[0]
    assert null.log_sf(np.zeros(1), np.zeros(1, np.int64))[0] == 0.0


def _one(mark: Mark) -> tuple[Tokens, object]:
    tokens = Tokens.of([list(range(40))])
    return tokens, mark.prepare(tokens)
