"""Fitting the two linear models on labelled texts, in a way that gives the same bytes again.

Logistic regression with an L2 penalty by liblinear: one thread, rows in the order of their digests,
and numbers rounded so that the last bits of a processor's arithmetic do not count. Scores by models
that saw nothing of a row's `pair_group` fit the combination, set the cut and are what the card says
of errors.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from ledger.errors import InputError, MissingExtraError
from ledger.verdicts.core.card import make_card, release_of
from ledger.verdicts.core.folds import FOLDS, Ints, Labels, folds_of, left_out
from ledger.verdicts.core.model import Floats, Model, cut_of, dump_model, parse_model
from ledger.verdicts.core.prepared import prepare
from ledger.verdicts.core.score import combined
from ledger.verdicts.outcomes import MIN_WORDS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["out_of_fold", "train"]

_PENALTY: Final = 10.0  # liblinear's C; a coarse grid out of fold: 1, 3, 10, 30

_PLACES: Final = 6  # of what is not kept as float16: the last bits differ between machines


def train(rows: pa.Table) -> Model:
    """Fit a detector on n labelled, distinct texts: the same rows in any order, the same bytes.

    Columns: text, label (human or synthetic), and where known domain, generator, source_dataset,
    licence, pair_group. Raises InputError for fewer than 50 rows of either label, a text twice, or
    too few human rows for a cut; MissingExtraError without scikit-learn.
    """
    prepared = prepare(rows)
    matrices, labels = prepared.matrices, prepared.labels
    held = _held_out(matrices, labels, folds_of(prepared.groups, labels, FOLDS))
    combination = _combination(held, labels)
    scores = combined(combination, *held.T).astype(np.float32).astype(np.float64)
    training = prepared.training(scores)
    cut = cut_of(scores[(labels == 0) & (training.words >= MIN_WORDS)])
    unseen = {}
    for name, groups in left_out(training).items():
        logits = _held_out(matrices, labels, folds_of(groups, labels, FOLDS))
        unseen[name] = combined(combination, *logits.T)
    fitted = [_fit(matrix, labels) for matrix in matrices]
    bias = np.array([fitted[0][1], fitted[1][1]])
    digest = prepared.digest()
    release = release_of(digest)
    model = Model(
        name=release.name,
        version=release.version,
        digest="",
        cut_1pct=cut,
        card=make_card(release, digest, _how(), training, prepared.licences, cut, unseen),
        training=training,
        pieces=fitted[0][0],
        runs=fitted[1][0],
        bias=np.round(bias, _PLACES),
        combination=combination,
    )
    return parse_model(dump_model(model), "the weights just fitted")


def out_of_fold(rows: pa.Table, folds: int = FOLDS) -> Floats:
    """Logits of n rows by models, and a combination, that saw no row of its `pair_group`.

    Columns and errors as `train`, in the order of `rows`.
    """
    prepared = prepare(rows)
    labels = prepared.labels
    fold = folds_of(prepared.groups, labels, folds)
    held = _held_out(prepared.matrices, labels, fold)
    scores = np.empty(len(labels))
    for part in np.unique(fold):
        inside = fold == part
        combination = _combination(held[~inside], labels[~inside])
        scores[prepared.order[inside]] = combined(combination, *held[inside].T)
    return scores


def _held_out(matrices: "Sequence[csr_matrix]", labels: Labels, fold: Ints) -> Floats:
    """The two logits of each row (n × 2), by models that did not see its fold."""
    held = np.empty((len(labels), len(matrices)))
    for part in np.unique(fold):
        inside = np.flatnonzero(fold == part)
        outside = np.flatnonzero(fold != part)
        for column, matrix in enumerate(matrices):
            weights, bias = _fit(matrix[outside], labels[outside])
            held[inside, column] = matrix[inside] @ weights + bias
    return held


def _how() -> str:
    return (
        f"logistic regression, liblinear of scikit-learn {version('scikit-learn')}, C {_PENALTY:g}"
    )


def _combination(held: Floats, labels: Labels) -> Floats:
    weights, bias = _fit(held, labels, 1e4)
    return np.round([bias, *weights], _PLACES)


def _fit(matrix: Any, labels: Labels, penalty: float = _PENALTY) -> tuple[Floats, float]:
    """Weights and bias of a logistic regression."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingExtraError("scikit-learn", "train") from None
    if len(np.unique(labels)) < 2:
        raise InputError("found rows of one label outside a fold, expected both")
    dual = matrix.shape[1] > matrix.shape[0]
    fitted = LogisticRegression(
        C=penalty, solver="liblinear", dual=dual, tol=1e-3 if dual else 1e-8, max_iter=1000,
        random_state=0,
    ).fit(matrix, labels)  # fmt: skip
    return fitted.coef_[0], float(fitted.intercept_[0])
