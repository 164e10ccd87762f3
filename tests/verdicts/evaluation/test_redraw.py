from dataclasses import replace

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.verdicts.evaluation import redraw as module
from ledger.verdicts.evaluation.redraw import SHARES, Drawn, redraw
from ledger.verdicts.statistics.prevalence import Estimate, rogan_gladen
from ledger.verdicts.statistics.two_sample import batch_test
from tests.verdicts.evaluation.labelled import SEPARATION, known_scores


def drawn(count: int = 1000, seed: int = 0) -> Drawn:
    synthetic = np.repeat([False, True], count)
    words = np.random.default_rng(seed).integers(100, 300, 2 * count)
    measured = np.ones(2 * count, np.bool_)
    return Drawn(known_scores(synthetic, seed), synthetic, words, measured, None)


def test_what_is_promised_is_not_kept_where_the_model_holds() -> None:
    ai = np.random.default_rng(9).normal(SEPARATION, size=400)
    found = redraw(replace(drawn(), ai_sample=ai), 60, 1)
    assert 0.03 <= found.verdicts.fpr <= 0.07
    assert found.coverage >= 0.9
    assert found.batches.fpr <= 0.02
    assert found.batches.power >= 0.8
    for share in found.shares:
        assert share.estimate == pytest.approx(share.share, abs=0.03)


def test_scores_that_say_nothing_are_found_good() -> None:
    rows = drawn()
    found = redraw(replace(rows, scores=known_scores(np.zeros(2000, np.bool_))), 30, 1)
    assert found.batches.power < 0.05
    assert found.half_width > 0.3


def test_other_people_are_found_alike() -> None:
    """Calibration and test rows are of one file: only the AI sample can be of another kind."""
    rows = drawn()
    other = np.random.default_rng(9).normal(SEPARATION / 4, size=400)
    found = redraw(replace(rows, ai_sample=other), 30, 1)
    assert found.shares[-1].covered < 10
    assert found.shares[-1].estimate > 0.4


def test_a_seed_draws_other_rows() -> None:
    assert redraw(drawn(), 5, 3) == redraw(drawn(), 5, 3)
    assert redraw(drawn(), 5, 3) != redraw(drawn(), 5, 4)


def test_a_row_that_cannot_be_measured_counts() -> None:
    rows = drawn()
    extra = 400
    more = Drawn(
        np.append(rows.scores, np.full(2 * extra, 99.0)),
        np.append(rows.synthetic, np.zeros(2 * extra, np.bool_)),
        np.append(rows.words, np.repeat([99, 200], extra)),
        np.append(rows.measured, np.repeat([True, False], extra)),
        None,
    )
    assert redraw(more, 3, 0) == redraw(rows, 3, 0)


def test_a_document_calibrates_and_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each score is its row, so that a sample can be told from another."""
    rows = replace(drawn(), scores=np.arange(2000, dtype=np.float64))
    seen: list[tuple[int, int]] = []

    def watched(mixture: np.ndarray, local: np.ndarray, ai: np.ndarray) -> Estimate:
        assert len(mixture) == 600
        assert len(local) == 200
        assert not np.isin(mixture, local).any()
        assert not np.isin(mixture, ai).any()
        assert (ai >= 1000).all()
        assert (local < 1000).all()
        seen.append((int((mixture >= 1000).sum()), len(mixture) - len(np.unique(mixture))))
        return rogan_gladen(mixture, local, ai)

    monkeypatch.setattr(module, "rogan_gladen", watched)
    found = redraw(rows, 4, 0)
    assert [synthetic for synthetic, _ in seen] == [30, 60, 150] * 4
    assert [again for _, again in seen] == [share.repeated for share in found.shares] * 4
    people = int((rows.words[:1000] >= 150).sum()) - 200
    assert [share.repeated for share in found.shares] == [
        max(0, 600 - round(600 * share) - people) for share in SHARES
    ]


def test_a_batch_has_a_document_of_its_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = replace(drawn(), scores=np.arange(2000, dtype=np.float64))
    planted: list[int] = []

    def watched(batch: np.ndarray, known: np.ndarray) -> object:
        assert (len(batch), len(known)) == (120, 250)
        assert len(np.unique(np.append(batch, known))) == 370
        planted.append(int((batch >= 1000).sum()))
        return batch_test(batch, known)

    monkeypatch.setattr(module, "batch_test", watched)
    found = redraw(rows, 2, 0)
    clean = (1000 - 250) // 120
    mixed = min(module.BATCHES, (1000 - 250) // 90)
    assert planted == ([0] * clean + [30] * mixed) * 2
    assert (found.batches.clean, found.batches.contaminated) == (2 * clean, 2 * mixed)


@pytest.mark.parametrize(
    ("human", "synthetic", "words", "own", "said"),
    [
        (484, 150, 150, True, "484 human texts of 150 words of prose or more, .* at least 485"),
        (485, 149, 150, True, "149 synthetic texts of 150 words of prose or more, .* least 150"),
        (485, 74, 150, False, "74 synthetic texts of 150 words of prose or more, .* least 75"),
        (900, 900, 149, True, "0 human texts of 150 words of prose or more, .* at least 485"),
    ],
)
def test_too_few_rows_are_drawn_from(
    human: int, synthetic: int, words: int, own: bool, said: str
) -> None:
    kinds = np.repeat([False, True], [human, synthetic])
    rows = Drawn(
        known_scores(kinds),
        kinds,
        np.full(len(kinds), words),
        np.ones(len(kinds), np.bool_),
        None if own else known_scores(np.ones(300, np.bool_)),
    )
    with pytest.raises(InputError, match=said):
        redraw(rows, 1, 0)


def test_the_least_rows_are_refused() -> None:
    kinds = np.repeat([False, True], [485, 150])
    rows = Drawn(
        known_scores(kinds), kinds, np.full(635, 150), np.ones(635, np.bool_), ai_sample=None
    )
    found = redraw(rows, 2, 0)
    assert [share.repeated for share in found.shares] == [285, 255, 165 + 75]
    assert (found.batches.clean, found.batches.contaminated) == (2, 4)
