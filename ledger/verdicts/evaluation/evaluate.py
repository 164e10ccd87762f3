"""Scores for labelled rows, and everything that is said of how good they are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.errors import InputError, printable
from ledger.verdicts.core.model import Model, cut_of
from ledger.verdicts.core.score import score
from ledger.verdicts.core.train import out_of_fold
from ledger.verdicts.evaluation import metrics
from ledger.verdicts.evaluation.groups import groups, instruct_slice, non_native
from ledger.verdicts.evaluation.redraw import Drawn, redraw
from ledger.verdicts.evaluation.report import Counts, Detector, Evaluation, Quality
from ledger.verdicts.evaluation.rows import UNKNOWN, Rows, read_rows
from ledger.verdicts.evaluation.vote import ask_vote, open_reference
from ledger.verdicts.outcomes import ALPHA_AI, MIN_WORDS, PREVALENCE_WORDS
from ledger.verdicts.statistics.conformal import least_documents
from ledger.verdicts.text.prose import Why, measure

__all__ = ["evaluate"]

Bools = npt.NDArray[np.bool_]
Progress = Callable[[int, int], None]

_NO_VOTE = "no reference model was given: --reference-model PATH"


def evaluate(
    path: Path,
    model: Model,
    *,
    folds: int | None = None,
    redraws: int | None = None,
    reference: Path | None = None,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Evaluation:
    """Measure a detector on the labelled rows of a file.

    Scores are those of the model's weights, which may not have been trained on any of the rows; or
    with `folds`, of models trained anew on all other pair groups. The weights' cut is used for
    `flagged_1pct` either way. `redraws` and `reference` add figures (see redraw and vote).
    Raises MalformedError and InputError for rows that will not do, MissingExtraError for what
    `folds` and `reference` need.
    """
    rows = read_rows(path)
    language_model = None if reference is None else open_reference(reference)
    measured = measure(rows.texts)
    if folds is None:
        _refuse_trained(rows, model)
        scores = score(model, rows.texts)
    else:
        scores = out_of_fold(_grouped(rows), folds)
    measurable = (measured.why == Why.OK) & (measured.words >= MIN_WORDS)
    cut = model.cut_1pct
    redrawn = None
    if redraws is not None:
        ai_sample = _training_scores(model) if folds is None else None
        drawn = Drawn(scores, rows.synthetic, measured.words, measurable, ai_sample)
        redrawn = redraw(drawn, redraws, seed)
    vote = None
    if language_model is not None:
        vote = ask_vote(rows, scores, language_model, seed, progress)
    return Evaluation(
        counts=_counts(rows, measurable),
        detector=Detector(
            model.name,
            model.version,
            model.digest,
            cut,
            None if folds is None else _own_cut(scores[measurable & ~rows.synthetic]),
        ),
        folds=folds,
        seed=seed,
        quality=_quality(scores, rows.synthetic),
        groups=groups(rows, scores, measured.words, cut),
        instruct=instruct_slice(rows, scores, measured.words),
        non_native=non_native(rows, scores, measurable, cut),
        vote=vote,
        vote_reason=_NO_VOTE if vote is None else None,
        redrawn=redrawn,
    )


def _own_cut(human: metrics.Scores) -> float | None:
    """The cut that out-of-fold scores set; None where they are too few for one."""
    return cut_of(human) if len(human) >= least_documents(ALPHA_AI) else None


def _counts(rows: Rows, measurable: Bools) -> Counts:
    known = rows.column("pair_group")
    count, synthetic = len(rows.synthetic), int(rows.synthetic.sum())
    return Counts(
        rows=count,
        human=count - synthetic,
        synthetic=synthetic,
        repeated=rows.repeated,
        contradictory=rows.contradictory,
        insufficient=int((~measurable).sum()),
        ungrouped=count if known is None else int((known == UNKNOWN).sum()),
    )


def _quality(scores: metrics.Scores, synthetic: Bools) -> Quality:
    human, models = scores[~synthetic], scores[synthetic]
    chance = metrics.probability(scores)
    return Quality(
        auc=metrics.auc(human, models),
        tpr_at_1pct=metrics.tpr_at_fpr(human, models, 0.01),
        tpr_at_5pct=metrics.tpr_at_fpr(human, models, 0.05),
        precision_at_recall_79=metrics.precision_at_recall(human, models),
        brier=metrics.brier(chance, synthetic),
        ece=metrics.calibration_error(chance, synthetic),
    )


def _training_scores(model: Model) -> metrics.Scores:
    """Out-of-fold scores of the AI texts that the weights were made of, long enough to count."""
    training = model.training
    long = (training.label == 1) & (training.words >= PREVALENCE_WORDS)
    return np.asarray(training.score[long], np.float64)


def _refuse_trained(rows: Rows, model: Model) -> None:
    """Raise InputError if a text is among those that the weights were made of."""
    known = np.ascontiguousarray(model.training.sha256).view("V32").ravel()
    seen = np.isin(rows.sha256.view("V32").ravel(), known)
    if seen.any():
        count, first = int(seen.sum()), int(np.argmax(seen))
        raise InputError(
            f"{printable(rows.path)}: {count:,} of {len(seen):,} texts trained these weights, the "
            f"first in {rows.place(first)}; expected texts that the weights have not seen",
            hint="--folds 5 scores each row with a model that has not seen it; or leave them out",
        )


def _grouped(rows: Rows) -> pa.Table:
    """The rows with a pair group: each its own where the file says none."""
    if "pair_group" in rows.table.column_names:
        return rows.table
    unknown = pa.array(np.full(rows.table.num_rows, UNKNOWN), pa.large_string())
    return rows.table.append_column("pair_group", unknown)
