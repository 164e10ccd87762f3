import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.verdicts.evaluation import metrics

Scores = npt.NDArray[np.float64]

SCORES = st.lists(st.integers(-4, 4), min_size=1, max_size=30).map(
    lambda values: np.array(values, np.float64)
)


@given(SCORES, SCORES)
def test_the_auc_is_not_that_of_all_pairs(human: Scores, synthetic: Scores) -> None:
    pairs = [Fraction(int(s > h) * 2 + int(s == h), 2) for s in synthetic for h in human]
    assert metrics.auc(human, synthetic) == float(sum(pairs, Fraction()) / len(pairs))


@given(SCORES, SCORES, st.sampled_from([Fraction(1, 100), Fraction(1, 20), Fraction(1, 3), 1]))
def test_another_cut_allows_more(human: Scores, synthetic: Scores, fpr: Fraction) -> None:
    best = 0.0
    for cut in [*human.tolist(), *synthetic.tolist()]:
        if Fraction(int((human >= cut).sum()), len(human)) <= fpr:
            best = max(best, float(np.mean(synthetic >= cut)))
    assert metrics.tpr_at_fpr(human, synthetic, float(fpr)) == best


@given(SCORES, SCORES, st.sampled_from([Fraction(79, 100), Fraction(1, 100), Fraction(1, 2), 1]))
def test_the_precision_is_of_another_cut(
    human: Scores, synthetic: Scores, recall: Fraction
) -> None:
    reached = [
        cut
        for cut in synthetic.tolist()
        if Fraction(int((synthetic >= cut).sum()), len(synthetic)) >= recall
    ]
    cut = max(reached)
    tpr = float(np.mean(synthetic >= cut))
    expected = tpr / (tpr + float(np.mean(human >= cut)))
    assert metrics.precision_at_recall(human, synthetic, float(recall)) == expected


@pytest.mark.parametrize("count", [100, 300, 700, 1900])
def test_a_share_that_is_a_whole_number_loses_a_row(count: int) -> None:
    human, synthetic = np.arange(count, dtype=np.float64), np.arange(count, dtype=np.float64)
    assert metrics.tpr_at_fpr(human, synthetic, 0.01) == 0.01
    assert metrics.precision_at_recall(human, human, 0.79) == 0.5
    cut = float(np.sort(synthetic)[round(0.21 * count)])
    assert metrics.share_above(synthetic, cut - 0.5) == pytest.approx(0.79, abs=1e-12)
    lower_half = np.append(human[human < cut], np.full(count, -1.0))
    assert metrics.precision_at_recall(lower_half, synthetic, 0.79) == 1.0


@given(SCORES, SCORES)
def test_the_order_of_rows_matters(human: Scores, synthetic: Scores) -> None:
    again = human[::-1].copy(), synthetic[::-1].copy()
    assert metrics.auc(human, synthetic) == metrics.auc(*again)
    assert metrics.precision_at_recall(human, synthetic) == metrics.precision_at_recall(*again)
    assert metrics.tpr_at_fpr(human, synthetic, 0.05) == metrics.tpr_at_fpr(*again, 0.05)


@given(SCORES, SCORES)
def test_scaling_the_scores_matters(human: Scores, synthetic: Scores) -> None:
    for one, other in ((human, synthetic), (3 * human + 1, 3 * synthetic + 1)):
        assert metrics.auc(one, other) + metrics.auc(-one, -other) == pytest.approx(1)
        assert metrics.tpr_at_fpr(one, other, 0.05) == metrics.tpr_at_fpr(human, synthetic, 0.05)


def test_what_has_one_label_alone_is_measured() -> None:
    none, some = np.zeros(0), np.ones(3)
    for human, synthetic in ((none, some), (some, none)):
        with pytest.raises(ValueError, match="human and"):
            metrics.auc(human, synthetic)
        with pytest.raises(ValueError, match="human and"):
            metrics.tpr_at_fpr(human, synthetic, 0.01)
        with pytest.raises(ValueError, match="human and"):
            metrics.precision_at_recall(human, synthetic)


@given(st.lists(st.tuples(st.floats(-800, 800), st.booleans()), min_size=1, max_size=60))
def test_a_probability_is_judged_otherwise_than_by_definition(
    rows: list[tuple[float, bool]],
) -> None:
    logits = np.array([logit for logit, _ in rows])
    truth = np.array([label for _, label in rows])
    found = metrics.probability(logits)
    for logit, p in zip(logits, found, strict=True):
        exact = 1 / (1 + math.exp(-logit)) if logit > -700 else 0.0
        assert p == pytest.approx(exact, rel=1e-12, abs=1e-300)
    slow = sum((p - y) ** 2 for p, y in zip(found, truth, strict=True)) / len(rows)
    assert metrics.brier(found, truth) == pytest.approx(slow)
    bins: dict[int, list[tuple[float, bool]]] = {}
    for p, y in zip(found.tolist(), truth.tolist(), strict=True):
        bins.setdefault(min(int(p * metrics.BINS), metrics.BINS - 1), []).append((p, y))
    error = sum(
        len(part) / len(rows) * abs(np.mean([y for _, y in part]) - np.mean([p for p, _ in part]))
        for part in bins.values()
    )
    assert metrics.calibration_error(found, truth) == pytest.approx(error)


def test_a_perfect_probability_has_an_error() -> None:
    truth = np.array([True, False, True])
    assert metrics.brier(truth.astype(np.float64), truth) == 0
    assert metrics.calibration_error(truth.astype(np.float64), truth) == 0
    assert metrics.calibration_error(np.full(3, 2 / 3), truth) == pytest.approx(0)
