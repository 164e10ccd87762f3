"""Fitting: the same bytes again, scores that are out of fold, and rows that cannot be fitted on."""

import sys
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError, MissingExtraError
from ledger.verdicts.core.folds import folds_of
from ledger.verdicts.core.model import SHIPPED, Model, dump_model, load_model
from ledger.verdicts.core.score import score
from ledger.verdicts.core.train import out_of_fold, train
from ledger.verdicts.evaluation.metrics import auc
from tests.conftest import Ran
from tests.verdicts.core.labelled_rows import labelled_rows

DEV = Path(__file__).parents[4] / "shared" / "data" / "verdicts" / "dev.parquet"

needs_sklearn = pytest.mark.skipif(not find_spec("sklearn"), reason="needs the extra [train]")


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    return labelled_rows(120)


@pytest.fixture(scope="module")
def fitted(rows: pa.Table) -> Model:
    pytest.importorskip("sklearn", reason="needs the extra [train]")
    return train(rows)


def test_other_order_gives_other_bytes(rows: pa.Table, fitted: Model) -> None:
    order = np.random.default_rng(1).permutation(rows.num_rows)
    again = train(rows.take(pa.array(order)))
    assert dump_model(again) == dump_model(fitted)


@pytest.mark.parametrize("column", ["label", "text", "pair_group", "licence"])
def test_other_rows_give_the_same_digest(rows: pa.Table, fitted: Model, column: str) -> None:
    values = rows[column].to_pylist()
    values[0] = {"label": "synthetic"}.get(column, "other")
    at = rows.column_names.index(column)
    assert train(rows.set_column(at, column, pa.array(values))).digest != fitted.digest


def test_it_learns_and_knows_rows_it_has_not_seen(fitted: Model) -> None:
    others = labelled_rows(60, seed=9)
    scores = score(fitted, others["text"])
    synthetic = np.array(others["label"].to_pylist()) == "synthetic"
    assert auc(scores[~synthetic], scores[synthetic]) > 0.95
    rows = fitted.training
    assert auc(rows.score[rows.label == 0], rows.score[rows.label == 1]) > 0.95
    assert fitted.name == "own"
    assert "date" not in fitted.card


def test_labels_without_meaning_are_not_learnt() -> None:
    """Out of fold, models of drawn labels know nothing, however well they fit their own rows."""
    pytest.importorskip("sklearn", reason="needs the extra [train]")
    rows = labelled_rows(150)
    drawn = np.random.default_rng(3).permutation(["human", "synthetic"] * 150)
    rows = rows.set_column(rows.column_names.index("label"), "label", pa.array(drawn))
    scores = out_of_fold(rows)
    synthetic = drawn == "synthetic"
    assert 0.35 < auc(scores[~synthetic], scores[synthetic]) < 0.65
    own = score(train(rows), rows["text"])
    assert auc(own[~synthetic], own[synthetic]) > 0.95


def test_out_of_fold_is_in_the_order_of_the_rows(rows: pa.Table, fitted: Model) -> None:
    scores = out_of_fold(rows)
    order = np.random.default_rng(2).permutation(rows.num_rows)
    assert np.array_equal(out_of_fold(rows.take(pa.array(order))), scores[order])
    inside = dict(zip(map(bytes, fitted.training.sha256), fitted.training.score, strict=True))
    fitted_ones = [inside[sha256(text.encode()).digest()] for text in rows["text"].to_pylist()]
    assert np.corrcoef(scores, fitted_ones)[0, 1] > 0.9  # of another order: 0


def test_pairs_are_kept_together(rows: pa.Table) -> None:
    """A pair that says the same under two labels would betray itself across folds."""
    pytest.importorskip("sklearn", reason="needs the extra [train]")
    texts = [f"{n // 2} " + "alpha beta gamma delta " * 20 + "x" * (n % 2) for n in range(200)]
    labels = ["human", "synthetic"] * 100
    pairs = [f"p{n // 2}" for n in range(200)]
    twins = pa.table({"text": texts, "label": labels, "pair_group": pairs})
    fold = folds_of(
        np.arange(200, dtype=np.uint64) // np.uint64(2), np.array([0, 1] * 100, np.int8), 5
    )
    assert all(fold[n] == fold[n + 1] for n in range(0, 200, 2))
    assert len(out_of_fold(twins)) == 200


def test_a_card_tells_what_is_known_and_no_more() -> None:
    pytest.importorskip("sklearn", reason="needs the extra [train]")
    bare = train(labelled_rows(110).select(["text", "label"]))
    kinds = [row["by"] for row in bare.card["groups"]]
    assert kinds.count("domain") == 1
    assert not any("auc_unseen" in row for row in bare.card["groups"])
    known = train(labelled_rows(110))
    rows = {row["name"]: row for row in known.card["groups"]}
    assert {"domain unseen", "generator unseen", "domain-0", "model-6"} <= set(rows)
    assert rows["domain-0"]["auc_unseen"] is not None
    assert "human" not in rows


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.slice(0, 90), "found 45 human and 45 synthetic texts, expected 50"),
        (lambda t: t.filter(pa.array([x == "human" for x in t["label"].to_pylist()])),
         "0 synthetic"),
        (lambda t: pa.concat_tables([t, t.slice(3, 1)]), "found 240 texts in 241 rows"),
        (lambda t: t.set_column(1, "label", pa.array(["machine"] * 240)), "found label machine"),
        (lambda t: t.set_column(2, "domain", pa.array([str(n) for n in range(240)] )).slice(0),
         None),
        (lambda t: t.slice(0, 160), "found 80 human scores, expected 99"),
        (lambda t: t.set_column(6, "pair_group", pa.array(["one"] * 240)), "found 1 groups"),
    ],
)  # fmt: skip
@needs_sklearn
def test_odd_rows_are_fitted_on(
    rows: pa.Table, change: Callable[[pa.Table], pa.Table], reason: str | None
) -> None:
    if reason is None:
        assert len(train(change(rows)).training) == 240
        return
    with pytest.raises(InputError, match=reason):
        train(change(rows))


def test_it_fits_without_its_extra(rows: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("sklearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtraError, match="scikit-learn is not installed") as refused:
        train(rows)
    assert refused.value.hint == "pip install 'headwater[train]'"


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1)), min_size=20, max_size=80),
    st.integers(2, 5),
)
def test_a_group_is_divided(rows: list[tuple[int, int]], folds: int) -> None:
    groups = np.array([group for group, _ in rows], np.uint64)
    labels = np.array([label for _, label in rows], np.int8)
    if len(np.unique(groups)) < folds:
        with pytest.raises(InputError, match="groups of rows"):
            folds_of(groups, labels, folds)
        return
    fold = folds_of(groups, labels, folds)
    assert set(fold.tolist()) == set(range(folds))
    assert all(len(np.unique(fold[groups == group])) == 1 for group in np.unique(groups))


def test_folds_are_even() -> None:
    rng = np.random.default_rng(4)
    groups = rng.integers(0, 400, 2_000).astype(np.uint64)
    labels = rng.integers(0, 2, 2_000).astype(np.int8)
    fold = folds_of(groups, labels, 5)
    for label in (0, 1):
        sizes = np.bincount(fold[labels == label])
        assert sizes.max() <= 1.05 * sizes.min()


def test_the_command_writes_weights_and_a_card(headwater: Callable[..., Ran]) -> None:
    pytest.importorskip("sklearn", reason="needs the extra [train]")
    pq.write_table(labelled_rows(110), "rows.parquet")
    ran = headwater(
        "verdict", "train", "rows.parquet", "-o", "own.st", "--card", "own.md", "--json"
    )
    assert ran.code == 0, ran.stderr
    model = load_model("own.st")
    assert model.digest in ran.stdout
    assert Path("own.md").read_text().startswith(f"# Model card: own {model.version}\n")
    assert model.digest in Path("own.md").read_text()
    ran = headwater("verdict", "train", "rows.parquet", "-o", "again.st")
    assert ran.code == 0 and f"digest: {model.digest}\nwrote again.st\n" in ran.stdout
    assert Path("again.st").read_bytes() == Path("own.st").read_bytes()


def test_the_command_says_what_it_left_out(headwater: Callable[..., Ran]) -> None:
    pytest.importorskip("sklearn", reason="needs the extra [train]")
    rows = labelled_rows(110)
    turned = rows.slice(4, 1).set_column(1, "label", pa.array(["synthetic"]))
    pq.write_table(pa.concat_tables([rows, rows.slice(1, 1), turned]), "rows.parquet")
    ran = headwater("verdict", "train", "rows.parquet", "-o", "own.st")
    assert ran.code == 0
    assert "3 rows left out: 1 repeat a text, 2 have a text under both labels" in ran.stderr


@pytest.mark.parametrize("content", [b"", b"no Parquet"])
def test_the_command_fits_on_another_file(headwater: Callable[..., Ran], content: bytes) -> None:
    Path("rows.parquet").write_bytes(content)
    ran = headwater("verdict", "train", "rows.parquet", "-o", "own.st")
    assert ran.code == 3
    assert not Path("own.st").exists()


@pytest.mark.skipif(not DEV.exists(), reason=f"{DEV.name} is not beside the checkout")
@needs_sklearn
def test_the_shipped_weights_are_fitted_on_other_rows() -> None:
    if version("scikit-learn") != "1.9.1":
        pytest.skip("the shipped weights are those of scikit-learn 1.9.1")
    assert train(pq.read_table(DEV)).digest == SHIPPED
