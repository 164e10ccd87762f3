from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.provenance.classified import FDR_PPM
from ledger.verdicts.outcomes import ALPHA_AI, LIKE_AI, OUTCOMES, UNCERTAIN, UNLIKE_AI
from ledger.verdicts.scanning.decide import Decisions, decide, source_of
from ledger.verdicts.scanning.gather import NO_RESULT, Scored
from ledger.verdicts.statistics.conformal import Calibration, Sample
from ledger.verdicts.text.prose import Why

RNG = np.random.default_rng(11)


def normal(count: int, mean: float, rng: np.random.Generator = RNG) -> Sample:
    milli = np.floor(1000 * rng.normal(mean, 1.0, count))
    return Sample(milli / 1000, np.full(count, 200))


CALIBRATION = Calibration({"old@1": normal(1000, -2.0)}, normal(400, 3.0))


def scored(milli: list[int], why: list[int] | None = None, words: int = 200) -> Scored:
    count = len(milli)
    digests = np.arange(count, dtype=">u8").view(np.uint8).reshape(-1, 8)
    return Scored(
        np.concatenate([digests, np.zeros((count, 24), np.uint8)], axis=1),
        np.full(count, words),
        np.array(why or [0] * count, np.int8),
        np.array(milli, np.int64),
    )


def run(rows: Scored, calibration: Calibration = CALIBRATION, **more: Any) -> Decisions:
    none = np.zeros(len(rows), np.bool_)
    masks = {"in_calibration": none, "in_training": none} | more
    return decide(rows, calibration, ["new@1"] * len(rows), **masks)


def test_what_is_high_is_not_like_ai() -> None:
    found = run(scored([6000, 2000, -2000, -30_000, 1100]))
    assert [OUTCOMES[code] for code in found.outcome.tolist()] == [
        LIKE_AI, LIKE_AI, UNLIKE_AI, UNLIKE_AI, UNCERTAIN,
    ]  # fmt: skip
    assert found.counts == {LIKE_AI: 2, UNLIKE_AI: 2, UNCERTAIN: 1}
    assert found.like_ai.tolist() == [0, 1]
    assert found.p_human_ppm[0] == 1000  # 1e6 / 1001, rounded up
    assert (found.q_ppm[found.tested] >= found.p_human_ppm[found.tested]).all()


def test_what_cannot_be_measured_is_ranked() -> None:
    whys = [0, Why.TOO_SHORT, Why.NOT_ENGLISH, Why.NOT_PROSE, NO_RESULT, 0, 0]
    rows = scored([9000] * 7, [int(why) for why in whys])
    here = np.array([False] * 5 + [True, False])
    trained = np.array([False] * 5 + [True, True])
    found = run(rows, in_calibration=here, in_training=trained)
    assert found.counts == {
        LIKE_AI: 1, "too_short": 1, "not_english": 1, "not_prose": 1, "no_result": 1,
        "in_calibration": 1, "in_training": 1,
    }  # fmt: skip
    assert found.tested.tolist() == [True] + [False] * 6 and found.like_ai.tolist() == [0]
    assert not found.q_ppm[1:].any()


def test_a_document_is_ranked_in_a_source_that_flatters_it() -> None:
    low, high = normal(200, -4.0), normal(200, 0.0)
    both = Calibration({"low@1": low, "high@1": high}, CALIBRATION.synthetic)
    rows = scored([-1000])
    none = np.zeros(1, np.bool_)

    def p(source: str) -> int:
        made = decide(rows, both, [source], in_calibration=none, in_training=none)
        return int(made.p_human_ppm[0])

    assert p("low@1") <= 10_000 < p("high@1") == p("unknown@1")


def test_one_in_ten_of_those_found_is_more_than_one_in_ten() -> None:
    """False ones among the kept are at most a tenth, on average over calibrations."""
    shares = []
    for seed in range(60):
        rng = np.random.default_rng([13, seed])
        human = normal(500, -2.0, rng)
        values = np.concatenate([rng.normal(-2.0, 1.0, 400), rng.normal(3.0, 1.0, 40)])
        rows = scored(np.floor(1000 * values).astype(int).tolist())
        found = run(rows, Calibration({"old@1": human}, CALIBRATION.synthetic))
        kept = found.q_ppm <= FDR_PPM
        shares.append(kept[:400].sum() / max(kept.sum(), 1))
    assert np.mean(shares) <= 0.10
    assert np.mean(shares) > 0  # or nothing was tried


def test_one_in_a_hundred_humans_is_more() -> None:
    rates = []
    for seed in range(60):
        rng = np.random.default_rng([17, seed])
        human = normal(300, -2.0, rng)
        rows = scored(np.floor(1000 * rng.normal(-2.0, 1.0, 500)).astype(int).tolist())
        found = run(rows, Calibration({"old@1": human}, CALIBRATION.synthetic))
        rates.append((found.p_human_ppm <= 1e6 * ALPHA_AI).mean())
    assert 0.005 < np.mean(rates) <= 0.0125  # 30,000 trials: three standard errors


@settings(max_examples=50)
@given(st.lists(st.integers(-8000, 8000), min_size=1, max_size=30), st.randoms())
def test_the_order_of_documents_matters(milli: list[int], random: Any) -> None:
    places = list(range(len(milli)))
    random.shuffle(places)
    one, other = run(scored(milli)), run(scored([milli[place] for place in places]))
    for name in ("outcome", "p_human_ppm", "p_ai_ppm", "q_ppm"):
        assert np.array_equal(getattr(one, name)[places], getattr(other, name))
    assert one.counts == other.counts and one.kept == other.kept
    assert sum(one.counts.values()) == len(milli)


def test_a_calibration_that_is_too_small_ranks() -> None:
    with pytest.raises(InputError, match="at least 99 for 1 %"):
        run(scored([0]), Calibration({"old@1": normal(98, 0.0)}, CALIBRATION.synthetic))
    assert run(scored([])).counts == {}


def test_a_topic_that_is_not_known_is_a_source() -> None:
    known = ["a@1", "a@1/news"]
    assert source_of("a@1", "news", known) == "a@1/news"
    assert source_of("a@1", "sport", known) == source_of("a@1", None, known) == "a@1"
    assert source_of("a@1", "None", [*known, "a@1/None"]) == "a@1/None"
