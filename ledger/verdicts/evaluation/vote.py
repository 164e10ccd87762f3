"""The articles' vote and our detector on the same rows: a sample, as a language model is slow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.verdicts.evaluation.metrics import Scores, auc, precision_at_recall
from ledger.verdicts.evaluation.rows import Rows

if TYPE_CHECKING:
    from ledger.verdicts.reference.causal import CausalModel

__all__ = ["SAMPLE", "VoteResult", "ask_vote", "judge", "open_reference", "sample_rows"]

SAMPLE: Final = 300
"""Rows, as many of each label as there are."""

_AT_ONCE = 20  # rows between two reports of progress

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class VoteResult:
    """What the vote calls synthetic of `n` rows, and what our scores do at the vote's recall.

    Both precisions are at equal class weights. `core_*` are None where the vote finds nothing.
    """

    n: int
    human: int
    synthetic: int
    precision: float | None
    recall: float
    fpr: float
    core_auc: float
    core_precision: float | None
    reference: Mapping[str, Any]

    def plain(self) -> dict[str, Any]:
        """JSON values of the vote itself."""
        return {
            "precision": None if self.precision is None else round(self.precision, 6),
            "recall": round(self.recall, 6),
            "fpr": round(self.fpr, 6),
        }

    def rows(self) -> dict[str, Any]:
        """JSON values of the rows, of our scores on them and of the language model."""
        return {
            "n": self.n,
            "human": self.human,
            "synthetic": self.synthetic,
            "core_auc": round(self.core_auc, 6),
            "core_precision_at_vote_recall": (
                None if self.core_precision is None else round(self.core_precision, 6)
            ),
            "reference_model": dict(self.reference),
        }


def sample_rows(synthetic: Bools, seed: int, size: int = SAMPLE) -> npt.NDArray[np.int64]:
    """Places of `size` rows in order, half of either label; where one has fewer, all of it."""
    random = np.random.default_rng([seed, size])
    human, models = (random.permutation(np.flatnonzero(synthetic == side)) for side in (0, 1))
    taken = min(len(models), size - min(len(human), size // 2))
    return np.sort(np.concatenate([human[: size - taken], models[:taken]]))


def open_reference(path: Path) -> "CausalModel":
    """The language model that the vote asks, in one thread and float32.

    Raises MissingExtraError without the extra [lm] and InputError where no model can be opened.
    """
    from ledger.verdicts.reference.causal import open_model

    return open_model(path)


def ask_vote(
    rows: Rows,
    scores: Scores,
    model: "CausalModel",
    seed: int,
    progress: Callable[[int, int], None],
) -> VoteResult:
    """Ask the articles' vote about a sample of the rows; `progress` hears of rows done and all."""
    from ledger.verdicts.reference.vote import article_vote

    chosen = sample_rows(rows.synthetic, seed)
    said = np.zeros(len(chosen), np.bool_)
    for start in range(0, len(chosen), _AT_ONCE):
        part = chosen[start : start + _AT_ONCE]
        vote = article_vote(rows.texts.take(pa.array(part)), model)
        said[start : start + len(part)] = vote.synthetic
        progress(start + len(part), len(chosen))
    return judge(said, rows.synthetic[chosen], scores[chosen], vars(model.identity))


def judge(
    said: Bools, synthetic: Bools, scores: Scores, reference: Mapping[str, Any]
) -> VoteResult:
    """Compare a vote with the truth, and with scores of the same rows."""
    recall, fpr = float(said[synthetic].mean()), float(said[~synthetic].mean())
    human, models = scores[~synthetic], scores[synthetic]
    return VoteResult(
        n=len(said),
        human=len(human),
        synthetic=len(models),
        precision=recall / (recall + fpr) if said.any() else None,
        recall=recall,
        fpr=fpr,
        core_auc=auc(human, models),
        core_precision=precision_at_recall(human, models, recall) if recall else None,
        reference=reference,
    )
