"""The command, with scores that know the label: what it says, asks for and refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ledger.errors import MissingExtraError
from ledger.verdicts.core import model as core
from ledger.verdicts.evaluation import evaluate as module
from ledger.verdicts.evaluation.vote import judge
from tests.verdicts.evaluation.labelled import detector, known_scores, labelled, write

Run = Callable[..., Any]

COLUMNS = labelled(
    900,
    900,
    domain=["news", "toefl"] * 900,
    generator=["human"] * 900 + ["made-1"] * 900,
    mode=["human"] * 900 + ["rewrite", "continuation"] * 450,
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = detector([f"training text {number}" for number in range(600)])
    monkeypatch.setattr(core, "shipped", lambda: made)
    monkeypatch.setattr(
        module, "score", lambda model, texts: known_scores(_second_half(len(texts)))
    )
    monkeypatch.setattr(
        module, "out_of_fold", lambda rows, folds: known_scores(_second_half(rows.num_rows))
    )
    return write(tmp_path / "labelled.parquet", COLUMNS)


def _second_half(count: int) -> npt.NDArray[np.bool_]:
    return np.arange(count) >= count // 2


def test_the_json_lacks_a_key_that_is_promised(headwater: Run, file: Path) -> None:
    ran = headwater("--json", "verdict", "evaluate", file, "--folds", "5", "--redraw", "3")
    assert ran.code == 0
    found = json.loads(ran.stdout)
    figures = {
        "auc", "tpr_at_1pct", "tpr_at_5pct", "precision_at_recall_79", "brier", "ece",
        "conformal_fpr_5", "coverage", "half_width", "batch_fpr", "batch_power",
    }  # fmt: skip
    assert all(0 <= found[figure] <= 1 for figure in figures)
    assert {"article_vote", "article_vote_reason", "groups", "model", "folds"} <= set(found)
    assert {"by", "name", "n", "auc", "flagged_1pct"} <= set(found["groups"][0])
    assert {group["by"] for group in found["groups"]} == {"domain", "generator", "length", "mode"}
    assert found["non_native_human"]["n"] == 450
    assert found["instruct_150"]["left_out"] > 0


def test_a_person_is_told_less(headwater: Run, file: Path) -> None:
    ran = headwater("verdict", "evaluate", file, "--redraw", "3")
    assert ran.code == 0
    for said in (
        "1,800 texts: 900 human, 900 synthetic",
        "scores of the weights",
        "TPR at 1 % FPR",
        "precision at recall 0.79",
        "calibration error",
        "≥ 150 words, unattacked instruct text: precision",
        "non-native writers:",
        "the articles' vote: not asked",
        "generator  made-1",
        "3 redraws",
        "interval covers the share",
        "batch power",
        "training texts",
    ):
        assert said in ran.stdout, said
    assert "pair_group" not in ran.stderr


def test_rows_without_a_group_are_passed_over_in_silence(headwater: Run, file: Path) -> None:
    ran = headwater("verdict", "evaluate", file, "--folds", "5")
    assert ran.code == 0
    assert "warning: 1,800 rows have no pair_group" in ran.stderr
    assert "scores of 5 models" in ran.stdout


def test_rows_that_are_left_out_are_passed_over_in_silence(
    headwater: Run, file: Path, tmp_path: Path
) -> None:
    rows = {name: list(values) for name, values in COLUMNS.items()}
    rows["text"][1] = rows["text"][0]
    rows["text"][2] = rows["text"][1799]
    ran = headwater("verdict", "evaluate", write(tmp_path / "twice.parquet", rows))
    assert ran.code == 0
    assert "warning: 1 rows repeat an earlier text" in ran.stderr
    assert "warning: 2 rows have both labels for one text" in ran.stderr
    assert "1,797 texts" in ran.stdout


def test_the_weights_have_seen_a_row(
    headwater: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = detector(COLUMNS["text"][3:5])
    monkeypatch.setattr(core, "shipped", lambda: seen)
    ran = headwater("verdict", "evaluate", file)
    assert (ran.code, ran.stdout) == (3, "")
    assert "2 of 1,800 texts trained these weights, the first in row 3" in ran.stderr
    assert "--folds 5" in ran.stderr


def test_a_file_that_will_not_do_has_a_traceback(
    headwater: Run, file: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"no table")
    odd = write(tmp_path / "odd.parquet", {"body": ["a"], "label": ["human"]})
    few = write(tmp_path / "few.parquet", {k: v[800:1000] for k, v in COLUMNS.items()})
    for arguments, code in (
        ((broken,), 3),
        ((odd,), 3),
        ((tmp_path / "none.parquet",), 3),
        ((few, "--redraw", "3"), 3),
        ((file, "--weights", broken), 3),
        ((file, "--folds", "1"), 2),
        ((file, "--redraw", "0"), 2),
        ((file, "--seed", "-1"), 2),
        ((), 2),
    ):
        ran = headwater("verdict", "evaluate", *arguments)
        assert (ran.code, ran.stdout) == (code, ""), ran
        assert ran.stderr


def test_the_vote_is_not_shown_beside(
    headwater: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(rows: Any, scores: Any, *rest: object) -> Any:
        some = slice(750, 1050)
        return judge(scores[some] > 1.5, rows.synthetic[some], scores[some], {"model": "made"})

    def absent(*rest: object) -> Any:
        raise MissingExtraError("torch", "lm")

    monkeypatch.setattr(module, "open_reference", lambda path: path)
    monkeypatch.setattr(module, "ask_vote", ask)
    ran = headwater("verdict", "evaluate", file, "--reference-model", "here")
    assert "the articles' vote on 300 of the rows: precision " in ran.stdout
    assert "on the same rows, at that recall: precision " in ran.stdout
    monkeypatch.setattr(module, "open_reference", absent)
    ran = headwater("verdict", "evaluate", file, "--reference-model", "here")
    assert ran.code == 4
    assert "headwater[lm]" in ran.stderr
