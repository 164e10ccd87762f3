from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from ledger.errors import InputError
from ledger.verdicts.core.model import Model
from ledger.verdicts.evaluation import evaluate as module
from ledger.verdicts.evaluation import metrics
from ledger.verdicts.evaluation.evaluate import evaluate
from ledger.verdicts.evaluation.rows import UNKNOWN
from ledger.verdicts.evaluation.vote import judge
from tests.verdicts.evaluation.labelled import detector, known_scores, labelled, prose, write

Scores = npt.NDArray[np.float64]
Scored = Callable[[npt.NDArray[np.bool_]], Scores]

LABELS = np.repeat([False, True], 900)


@pytest.fixture(scope="module")
def columns() -> dict[str, list[Any]]:
    return labelled(900, 900)


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Scores that know the label, whoever gives them; what was scored, with how many folds."""
    asked: list[Any] = []

    def by_weights(model: Model, texts: pa.ChunkedArray) -> Scores:
        asked.append((texts, None))
        return known_scores(LABELS)

    def by_folds(rows: pa.Table, folds: int) -> Scores:
        asked.append((rows, folds))
        return known_scores(LABELS, seed=1)

    monkeypatch.setattr(module, "score", by_weights)
    monkeypatch.setattr(module, "out_of_fold", by_folds)
    return asked


def test_a_figure_is_not_that_of_its_rows(
    tmp_path: Path, columns: dict[str, list[Any]], scored: list[Any]
) -> None:
    found = evaluate(write(tmp_path / "r.parquet", columns), detector()).plain()
    human, synthetic = known_scores(LABELS)[:900], known_scores(LABELS)[900:]
    assert found["auc"] == round(metrics.auc(human, synthetic), 6)
    assert found["tpr_at_1pct"] == round(metrics.tpr_at_fpr(human, synthetic, 0.01), 6)
    assert found["tpr_at_5pct"] == round(metrics.tpr_at_fpr(human, synthetic, 0.05), 6)
    precision = metrics.precision_at_recall(human, synthetic, 0.79)
    assert found["precision_at_recall_79"] == round(precision, 6)
    assert found["brier"] == round(
        metrics.brier(metrics.probability(known_scores(LABELS)), LABELS), 6
    )
    assert 0 < found["ece"] < 1
    assert (found["rows"], found["human"], found["synthetic"]) == (1800, 900, 900)
    assert found["model"] == {"name": "made", "version": "1", "digest": "sha256:" + "0" * 64}
    assert (found["cut_1pct"], found["refit_cut_1pct"], found["folds"]) == (2.5, None, None)
    assert found["article_vote"] is None
    assert "--reference-model" in found["article_vote_reason"]
    assert not {"conformal_fpr_5", "coverage", "half_width", "batch_fpr", "redraw"} & set(found)
    assert {group["by"] for group in found["groups"]} == {"length"}
    flagged = sum(group["n"] * group["flagged_1pct"] for group in found["groups"])
    assert flagged == pytest.approx((known_scores(LABELS) > 2.5).sum(), abs=0.01)


def test_redraws_add_other_figures(
    tmp_path: Path, columns: dict[str, list[Any]], scored: list[Any]
) -> None:
    path = write(tmp_path / "r.parquet", columns)
    model = detector([f"training text {number}" for number in range(600)])
    once, twice = (evaluate(path, model, redraws=5, seed=2).plain() for _ in range(2))
    assert once == twice
    for figure in ("conformal_fpr_5", "coverage", "half_width", "batch_fpr", "batch_power"):
        assert 0 <= once[figure] <= 1
    assert once["batch_power"] > 0.8 > 0.1 > once["batch_fpr"]
    assert [share["share"] for share in once["redraw"]["prevalence"]] == [0.05, 0.1, 0.25]
    assert evaluate(path, model, redraws=5, seed=3).plain()["redraw"] != once["redraw"]


def test_the_weights_have_seen_a_row(
    tmp_path: Path, columns: dict[str, list[Any]], scored: list[Any]
) -> None:
    named = columns | {"id": [f"v{number}" for number in range(1800)]}
    path = write(tmp_path / "r.parquet", named)
    model = detector(["another text", columns["text"][1700], columns["text"][40] + " "])
    with pytest.raises(InputError, match=r"1 of 1,800 texts trained .* row 1,700 \(id v1700\)"):
        evaluate(path, model)
    with pytest.raises(InputError, match=r"2 of 1,800 texts trained .* first in row 40 "):
        evaluate(path, detector([columns["text"][1700], columns["text"][40]]))
    assert not scored
    assert evaluate(path, model, folds=5).folds == 5


@pytest.mark.parametrize("grouped", [True, False])
def test_folds_are_made_of_other_rows(
    tmp_path: Path, columns: dict[str, list[Any]], scored: list[Any], grouped: bool
) -> None:
    groups = ["a", "b", None] * 600
    more = {"pair_group": groups} if grouped else {}
    found = evaluate(write(tmp_path / "r.parquet", columns | more), detector(), folds=4)
    ((table, folds),) = scored
    assert folds == 4
    assert table["text"].to_pylist() == columns["text"]
    assert table["label"].to_pylist() == columns["label"]
    expected: Sequence[str] = [group or UNKNOWN for group in groups] if grouped else ["x"] * 1800
    assert table["pair_group"].to_pylist() == expected
    assert found.counts.ungrouped == (600 if grouped else 1800)
    shown = found.plain()
    assert shown["cut_1pct"] == 2.5
    above = known_scores(LABELS, seed=1)[:900] > shown["refit_cut_1pct"]
    assert 0 < above.mean() < 0.02
    assert shown["auc"] == round(
        metrics.auc(known_scores(LABELS, 1)[:900], known_scores(LABELS, 1)[900:]), 6
    )


def test_the_ai_sample_is_of_short_or_human_texts() -> None:
    model = detector([f"training text {number}" for number in range(10)])
    model.training.words[:4] = 149
    assert np.array_equal(module._training_scores(model), model.training.score[[5, 7, 9]])


def test_a_text_that_gets_no_verdict_is_not_scored(
    tmp_path: Path, columns: dict[str, list[Any]], scored: list[Any]
) -> None:
    odd = ["", "word", "12 " * 300, "\x00\x07" * 50, "Ã©tÃ© " * 200, "x = f(y);\n" * 99]
    odd += [prose(99, 10_000), "слово и дело " * 80]
    texts = odd + columns["text"][len(odd) :]
    found = evaluate(write(tmp_path / "r.parquet", columns | {"text": texts}), detector())
    plain = evaluate(write(tmp_path / "p.parquet", columns), detector())
    assert found.counts.rows == plain.counts.rows == 1800
    assert found.counts.insufficient >= len(odd)
    assert found.quality == plain.quality


def test_the_vote_is_about_other_rows(
    tmp_path: Path,
    columns: dict[str, list[Any]],
    scored: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask(rows: Any, scores: Scores, opened: Path, seed: int, progress: Any) -> Any:
        assert (opened, seed) == (tmp_path / "model", 11)
        assert rows.texts.to_pylist() == columns["text"]
        return judge(rows.synthetic, rows.synthetic, scores, {"model": "made"})

    monkeypatch.setattr(module, "open_reference", lambda path: path)
    monkeypatch.setattr(module, "ask_vote", ask)
    path = write(tmp_path / "r.parquet", columns)
    found = evaluate(path, detector(), reference=tmp_path / "model", seed=11).plain()
    assert found["article_vote"] == {"precision": 1.0, "recall": 1.0, "fpr": 0.0}
    assert found["article_vote_reason"] is None
    assert found["article_vote_rows"]["reference_model"] == {"model": "made"}
