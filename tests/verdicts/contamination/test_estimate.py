from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.verdicts.contamination.estimate import (
    Compared,
    Contamination,
    Counts,
    estimate_contamination,
    ppm_down,
    ppm_up,
)
from ledger.verdicts.contamination.needed import Needed, documents_needed
from ledger.verdicts.outcomes import LEAST_SOURCE
from ledger.verdicts.statistics.prevalence import Estimate, Reviews, cut_of

HUMAN, AI = -1.0, 1.5


def drawn(rng: np.random.Generator, count: int, share: float) -> np.ndarray:
    """Scores of a mixture in which a document is AI text with the chance `share`."""
    kinds = np.where(rng.random(count) < share, AI, HUMAN)
    return np.floor((kinds + rng.normal(size=count)) * 1000) / 1000


def estimated(scores: Any, humans: Mapping[str, Any], ai: Any, **more: Any) -> Contamination:
    return estimate_contamination(Counts(len(scores), len(scores)), scores, humans, ai, **more)


def test_a_planted_share_is_outside_its_interval_too_often() -> None:
    rng = np.random.default_rng(11)
    for share in (0.05, 0.1, 0.25):
        covered = 0
        for _ in range(30):
            found = estimated(
                drawn(rng, 600, share), {"own": drawn(rng, 200, 0)}, drawn(rng, 800, 1), own="own"
            )
            covered += found.estimate.low <= share <= found.estimate.high
        assert covered >= 27, share


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_scores_or_sources_decides(random: Any, reviewed: bool) -> None:
    rng = np.random.default_rng(3)
    scores, weights = drawn(rng, 150, 0.2), np.tile([1.0, 2.5, 7.25], 50)
    humans = {name: drawn(rng, LEAST_SOURCE, 0) for name in ("a", "b", "c")}
    ai = drawn(rng, 120, 1)
    index = np.arange(0, 150, 3)
    ask = Reviews(index, scores[index] > 0, np.full(50, 1 / 3)) if reviewed else None
    first = estimated(scores, humans, ai, weights=weights, reviews=ask)
    order = list(range(150))
    random.shuffle(order)
    names = list(humans)
    random.shuffle(names)
    where = {row: place for place, row in enumerate(order)}
    moved = [where[row] for row in index.tolist()]
    shuffled = (
        None if ask is None else Reviews(np.array(moved[::-1]), ask.ai[::-1], ask.probability[::-1])
    )
    again = estimated(
        scores[order],
        {name: humans[name][::-1] for name in names},
        ai[::-1],
        weights=weights[order],
        reviews=shuffled,
    )
    assert again == first


def test_own_text_is_passed_over() -> None:
    rng = np.random.default_rng(5)
    humans = {"other": drawn(rng, 300, 0) + 3, "own": drawn(rng, 200, 0)}
    scores, ai = drawn(rng, 400, 0.1), drawn(rng, 400, 1)
    found = estimated(scores, humans, ai, own="own")
    assert found.compared == Compared("own", True)
    assert found.estimate.cut == cut_of(humans["own"])
    humans["own"] = humans["own"][: LEAST_SOURCE - 1]
    assert estimated(scores, humans, ai, own="own").compared == Compared("other", False)


def test_strange_text_decides_alone() -> None:
    """The source most like AI samples gives the estimate, all large ones the interval."""
    rng = np.random.default_rng(6)
    scores, ai = drawn(rng, 400, 0.2), drawn(rng, 400, 1)
    humans = {"low": drawn(rng, 150, 0) - 0.4, "high": drawn(rng, 150, 0) + 0.8}
    humans["few"] = drawn(rng, 20, 0) + 9
    found = estimated(scores, humans, ai)
    alone = {name: estimated(scores, {name: humans[name]}, ai) for name in ("low", "high")}
    assert found.compared == Compared("high", False, 2)
    assert found.estimate.point == alone["high"].estimate.point
    assert found.estimate.low == min(each.estimate.low for each in alone.values())
    assert found.estimate.high == max(each.estimate.high for each in alone.values())
    assert found.estimate.high - found.estimate.low > 0.1


def test_small_sources_are_not_taken_together() -> None:
    rng = np.random.default_rng(7)
    scores, ai = drawn(rng, 50, 0.2), drawn(rng, 50, 1)
    humans = {name: drawn(rng, 60, 0) for name in ("a", "b")}
    found = estimated(scores, humans, ai)
    assert found.compared == Compared("2 sources together", False, 2)
    assert found.estimate.m_human == 120
    with pytest.raises(InputError, match=r"found 60 human documents.*at least 100"):
        estimated(scores, {"a": humans["a"]}, ai)
    with pytest.raises(InputError, match="found 0 human documents"):
        estimated(scores, {}, ai)


def test_what_could_not_be_measured_is_forgotten() -> None:
    rng = np.random.default_rng(8)
    scores = drawn(rng, 300, 0.05)
    counts = Counts(1000, 300, {"too_short": 400, "not_english": 100}, known=200)
    found = estimate_contamination(counts, scores, {"a": drawn(rng, 200, 0)}, drawn(rng, 200, 1))
    assert found.bound == pytest.approx((found.estimate.high * 300 + 500) / 1000)
    with pytest.raises(ValueError, match="900 documents in parts, 1000 in all"):
        Counts(1000, 300, {"too_short": 400}, known=200)


def test_nothing_measured_is_measured() -> None:
    counts = Counts(7, 0, {"too_short": 4, "not_english": 2}, known=1)
    with pytest.raises(InputError) as error:
        estimate_contamination(counts, np.zeros(0), {"a": np.zeros(100)}, np.ones(9))
    assert str(error.value) == (
        "found 0 of 7 documents that can be measured (2 not english, 4 too short); 1 are known "
        "as older, by their date, expected English prose of 150 words or more"
    )
    with pytest.raises(InputError, match="no AI sample"):
        estimated(np.zeros(3), {"a": np.zeros(100)}, np.zeros(0))


@pytest.mark.parametrize("limit", [-0.1, 1.1, float("nan")])
def test_a_limit_is_none(limit: float) -> None:
    with pytest.raises(InputError, match="expected 0 to 100 %"):
        estimated(np.zeros(3), {"a": np.zeros(100)}, np.ones(9), level=limit)
    with pytest.raises(InputError, match="expected 0 to 100 %"):
        estimated(np.zeros(3), {"a": np.zeros(100)}, np.ones(9), upper_level=limit)


def given_shares(point: float, low: float, high: float, **more: Any) -> Contamination:
    held = Estimate(point, low, high, "given", 100, 10, 200, 9, 400, 300, 0.5)
    compared = Compared("a", True)
    limits = {"level": 0.1, "upper_level": 0.25} | more
    return Contamination(Counts(100, 100), compared, held, held, **limits)


def test_the_gate_is_open_or_shut_by_accident() -> None:
    assert given_shares(0.1, 0, 0.25).passed
    assert given_shares(0.1000001, 0, 0.2).exceeded == ("estimate",)
    assert given_shares(0.1, 0, 0.2500001).exceeded == ("upper_end",)
    assert given_shares(0.2, 0.1, 0.4).exceeded == ("estimate", "upper_end")
    assert given_shares(1, 1, 1, level=1.0, upper_level=1.0).passed
    assert not given_shares(0.01, 0, 0.02, level=0.0).passed


@given(st.floats(0, 1))
def test_a_recorded_share_is_the_smaller_one(share: float) -> None:
    assert 0 <= ppm_down(share) <= ppm_up(share) <= 1_000_000
    assert ppm_up(share) / 1e6 >= share - 1e-11
    assert ppm_down(share) / 1e6 <= share + 1e-11
    assert ppm_up(round(share, 6)) == ppm_down(round(share, 6))


def test_more_documents_would_not_decide() -> None:
    """With as many more as it says the upper end comes below the limit, with many fewer not."""
    rng = np.random.default_rng(12)
    human, ai = drawn(rng, 2000, 0), drawn(rng, 2000, 1)
    scores = np.tile(drawn(rng, 40, 0.1), 100)
    for few in (40, 80):
        held = estimated(scores[:few], {"own": human}, ai, own="own", level=0.3, upper_level=0.18)
        assert held.exceeded == ("upper_end",)
        more = documents_needed(held.estimate, 0.18, len(scores)).sampled
        assert more is not None and more > 0
        enough = estimated(
            scores[: few + int(1.15 * more)], {"own": human}, ai, own="own", upper_level=0.18
        )
        assert enough.estimate.high <= 0.18
        short = estimated(
            scores[: few + more // 3], {"own": human}, ai, own="own", upper_level=0.18
        )
        assert short.estimate.high > 0.18


def test_who_has_no_more_documents_needs_more_of_the_same() -> None:
    held = Estimate(0.09, 0, 0.26, "given", 100, 18, 100, 4, 400, 300, 0.5)
    assert documents_needed(held, 0.25, 5000).sampled is not None
    exhausted = documents_needed(
        Estimate(0.09, 0, 0.26, "given", 5000, 900, 100, 9, 400, 300, 0.5), 0.18, 5000
    )
    assert exhausted.sampled is None and exhausted.human is not None
    assert "more known human documents in the calibration" in exhausted.words
    hopeless = documents_needed(
        Estimate(0.5, 0, 1, "given", 50, 5, 100, 9, 400, 20, 0.5, informative=False), 0.25, 5000
    )
    assert hopeless == Needed() and "would not decide" in hopeless.words


def test_strange_text_needs_more_of_the_same() -> None:
    rng = np.random.default_rng(6)
    scores, ai = drawn(rng, 400, 0.05), drawn(rng, 400, 1)
    humans = {"low": drawn(rng, 150, 0) - 1.5, "high": drawn(rng, 150, 0) + 0.5}
    found = estimated(scores, humans, ai)
    assert found.exceeded == ("upper_end",)
    assert found.needed == Needed(human=LEAST_SOURCE, own=True)
    assert "known human documents of the same text come first" in found.needed.words
    one = {"one": drawn(rng, 150, 0)}
    few = estimated(scores[:40], one, ai).estimate
    limit = (few.point + few.high) / 2
    alone = estimated(scores[:40], one, ai, level=limit, upper_level=limit)
    assert alone.exceeded == ("upper_end",) and not alone.compared.own
    assert alone.needed == documents_needed(few, limit, 40)
