"""p-values beside known text: super-uniform within a source, conservative elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.verdicts.outcomes import LEAST_SOURCE, OUTCOMES
from ledger.verdicts.statistics.conformal import (
    LENGTH_EDGES,
    Calibration,
    Sample,
    least_documents,
    outcomes,
    p_ai,
    p_human,
)

EVERY = np.array([120, 180, 250, 400])


def _source(rng: np.random.Generator, count: int, at: float = 0.0, spread: float = 0.0) -> Sample:
    """Scores whose law depends on the length: `spread` moves the mean of each length class."""
    words = rng.choice(EVERY, count, p=[0.4, 0.3, 0.2, 0.1]) + rng.integers(0, 20, count)
    classes = np.searchsorted(LENGTH_EDGES, words, side="right")
    return Sample(rng.normal(at + spread * classes, 1.0, count), words.astype(np.int64))


def _ai(rng: np.random.Generator, count: int = 300) -> Sample:
    return _source(rng, count, 3.0)


def test_more_humans_than_promised_reach_a_level_in_some_length_class() -> None:
    """Redrawn: in each length class, the share of p <= alpha stays within alpha."""
    rng, level = np.random.default_rng(7), 0.05
    hits, asked = np.zeros(4), np.zeros(4)
    for _ in range(150):
        calibration = Calibration({"ours": _source(rng, 500, spread=1.5)}, _ai(rng))
        test = _source(rng, 200, spread=1.5)
        p = p_human(calibration, test.scores, test.words, "ours")
        classes = np.searchsorted(LENGTH_EDGES, test.words, side="right") - 1
        hits += np.bincount(classes[p <= level], minlength=4)
        asked += np.bincount(classes, minlength=4)
    # the two short classes have enough documents of their own, the two long ones are one class
    error = 4 * np.sqrt(level / asked)
    assert (hits[:2] / asked[:2] <= level + error[:2]).all()
    assert hits[2:].sum() / asked[2:].sum() <= level + error[2]
    assert hits.sum() / asked.sum() >= level / 2  # and the level is used


@pytest.mark.parametrize("count", [99, 100, 140, 1000])
def test_humans_of_a_source_reach_a_level_more_often_than_it_says(count: int) -> None:
    rng = np.random.default_rng(count)
    found = []
    for _ in range(200):
        calibration = Calibration({"ours": _source(rng, count)}, _ai(rng))
        test = _source(rng, 50)
        found.append(p_human(calibration, test.scores, test.words, "ours"))
    p = np.concatenate(found)
    for level in (0.01, 0.05, 0.1, 0.5):
        assert (p <= level).mean() <= level + 4 * np.sqrt(level / len(p)) + 0.004
    assert p.min() >= 1 / (count + 1)


def test_a_source_is_ranked_among_another() -> None:
    rng = np.random.default_rng(3)
    plain, formal = _source(rng, 300), _source(rng, 300, 2.0)
    calibration = Calibration({"plain": plain, "formal": formal}, _ai(rng))
    scores, words = np.array([2.0, 2.0]), np.array([120, 300])
    own = p_human(calibration, scores, words, "plain")
    assert (own < 0.1).all()
    assert (p_human(calibration, scores, words, "formal") > 0.3).all()
    each = p_human(calibration, scores, words, ["plain", None])
    assert each[0] == own[0] and each[1] > own[1]


@pytest.mark.parametrize("source", [None, "elsewhere", "small", ""])
def test_an_unknown_or_small_source_gets_less_than_the_largest_p(source: str | None) -> None:
    rng = np.random.default_rng(4)
    known = {"a": _source(rng, 200), "b": _source(rng, 200, 1.0), "small": _source(rng, 40, -2.0)}
    calibration = Calibration(known, _ai(rng))
    test = _source(rng, 100, 1.0)
    each = [p_human(calibration, test.scores, test.words, name) for name in ("a", "b")]
    found = p_human(calibration, test.scores, test.words, source)
    assert (found == np.maximum(*each)).all()
    assert (found >= 1 / (LEAST_SOURCE + 1)).any()


def test_a_short_document_gets_a_small_p() -> None:
    rng = np.random.default_rng(5)
    calibration = Calibration({"ours": _source(rng, 200)}, _ai(rng))
    scores, words = np.array([99.0, -99.0]), np.array([99, 99])
    assert (p_human(calibration, scores, words, "ours") == 1).all()
    assert (p_ai(calibration, scores, words) == 1).all()


def test_short_calibration_documents_count() -> None:
    rng = np.random.default_rng(6)
    known = _source(rng, 200)
    short = Sample(
        np.concatenate([known.scores, np.full(500, 99.0)]),
        np.concatenate([known.words, np.full(500, 99)]),
    )
    test = _source(rng, 50, 2.0)
    with_them = p_human(Calibration({"o": short}, _ai(rng)), test.scores, test.words, "o")
    without = p_human(Calibration({"o": known}, _ai(rng)), test.scores, test.words, "o")
    assert (with_them == without).all()


def test_lengths_are_merged_by_scores() -> None:
    """The classes are the same for any scores: p is a rank, so order is all that matters."""
    rng = np.random.default_rng(8)
    known, test = _source(rng, 400), _source(rng, 60)
    p = p_human(Calibration({"o": known}, _ai(rng)), test.scores, test.words, "o")
    cubed = Calibration({"o": Sample(known.scores**3, known.words)}, _ai(rng))
    assert (p_human(cubed, test.scores**3, test.words, "o") == p).all()


@given(st.lists(st.integers(0, 400), min_size=4, max_size=4), st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_a_class_is_ranked_among_fewer_than_the_least(counts: list[int], place: int) -> None:
    words = np.repeat(LENGTH_EDGES, counts).astype(np.int64)
    if len(words) < LEAST_SOURCE:
        return
    calibration = Calibration(
        {"o": Sample(np.zeros(len(words)), words)}, Sample(np.zeros(1), np.full(1, 100))
    )
    asked = np.array([LENGTH_EDGES[place]])
    lowest = p_human(calibration, np.array([1.0]), asked, "o")[0]
    members = round(1 / lowest) - 1
    assert LEAST_SOURCE <= members <= len(words)


def test_too_few_documents_are_ranked_in() -> None:
    rng = np.random.default_rng(9)
    calibration = Calibration({"a": _source(rng, 80), "b": _source(rng, 60)}, _ai(rng))
    with pytest.raises(InputError, match=r"found 80 human documents .* at least 99 for 1 %"):
        p_human(calibration, [1.0], [200], "a")
    with pytest.raises(InputError, match=r"found 0 human documents"):
        p_human(Calibration({}, _ai(rng)), [1.0], [200], None)
    few = Calibration({"a": _source(rng, 200)}, _ai(rng, 18))
    with pytest.raises(InputError, match=r"found 18 AI documents .* at least 19 for 5 %"):
        p_ai(few, [1.0], [200])


@pytest.mark.parametrize(("alpha", "least"), [(0.01, 99), (0.05, 19), (0.1, 9), (0.002, 499)])
def test_a_level_is_out_of_reach(alpha: float, least: int) -> None:
    assert least_documents(alpha) == least
    assert 1 / (least + 1) <= alpha * (1 + 1e-12) and 1 / least > alpha


def test_ai_documents_are_ranked_from_the_wrong_end() -> None:
    rng = np.random.default_rng(10)
    calibration = Calibration({"o": _source(rng, 200)}, _ai(rng))
    p = p_ai(calibration, [-9.0, 3.0, 9.0], [200, 200, 200])
    assert p[0] < 0.02 < p[1] < p[2] == 1


def test_two_small_ps_decide() -> None:
    human = np.array([0.01, 0.5, 0.5, 0.01, 0.001])
    ai = np.array([0.5, 0.05, 0.5, 0.05, 0.9])
    enough = np.array([True, True, True, True, False])
    assert [OUTCOMES[code] for code in outcomes(human, ai, enough)] == [
        "like_ai_sample",
        "unlike_ai_sample",
        "uncertain",
        "uncertain",
        "insufficient_text",
    ]


def test_a_score_that_is_no_number_is_ranked() -> None:
    rng = np.random.default_rng(11)
    calibration = Calibration({"o": _source(rng, 200)}, _ai(rng))
    with pytest.raises(InputError, match="nan at 1"):
        p_human(calibration, [1.0, float("nan")], [200, 200], "o")
    with pytest.raises(InputError, match="expected as many"):
        p_human(calibration, [1.0], [200, 200], "o")
    with pytest.raises(InputError, match="2 sources of 1 documents"):
        p_human(calibration, [1.0], [200], ["o", "o"])
