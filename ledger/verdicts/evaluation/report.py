"""What an evaluation found, and its JSON form."""

from dataclasses import dataclass
from typing import Any

from ledger.verdicts.evaluation.groups import Group, NonNative, Slice
from ledger.verdicts.evaluation.metrics import BINS
from ledger.verdicts.evaluation.redraw import Redrawn
from ledger.verdicts.evaluation.vote import VoteResult

__all__ = ["Counts", "Detector", "Evaluation", "Quality"]


@dataclass(frozen=True)
class Detector:
    """The weights whose cut is quoted. `refit_cut` is that of out-of-fold scores, if there are."""

    name: str
    version: str
    digest: str
    cut_1pct: float
    refit_cut: float | None


@dataclass(frozen=True)
class Counts:
    """Texts that were scored, and what else there was in the file.

    `insufficient` were scored and get no verdict. `ungrouped` have no pair group, so that with
    folds a relative of theirs may have trained the model that scored them.
    """

    rows: int
    human: int
    synthetic: int
    repeated: int
    contradictory: int
    insufficient: int
    ungrouped: int


@dataclass(frozen=True)
class Quality:
    """Figures over all rows, however short: see metrics."""

    auc: float
    tpr_at_1pct: float
    tpr_at_5pct: float
    precision_at_recall_79: float
    brier: float
    ece: float


@dataclass(frozen=True)
class Evaluation:
    """One file under one detector. `vote` is None for `vote_reason`, `redrawn` if not asked for."""

    counts: Counts
    detector: Detector
    folds: int | None
    seed: int
    quality: Quality
    groups: tuple[Group, ...]
    instruct: Slice | None
    non_native: NonNative | None
    vote: VoteResult | None
    vote_reason: str | None
    redrawn: Redrawn | None

    @property
    def scored_by(self) -> str:
        if self.folds is None:
            return "the weights"
        return f"{self.folds} models, each trained on all pair groups but those it scores"

    @property
    def ai_sample(self) -> str:
        """What stands for AI text where a share is estimated."""
        if self.folds is None:
            return "the weights' out-of-fold scores of their synthetic training texts"
        return "half of the synthetic rows, drawn anew, none of them in the mixtures"

    def plain(self) -> dict[str, Any]:
        """JSON values; shares and scores to six digits."""
        quality = {key: round(value, 6) for key, value in vars(self.quality).items()}
        return {
            **vars(self.counts),
            "model": {
                "name": self.detector.name,
                "version": self.detector.version,
                "digest": self.detector.digest,
            },
            "cut_1pct": round(self.detector.cut_1pct, 6),
            "refit_cut_1pct": (
                None if self.detector.refit_cut is None else round(self.detector.refit_cut, 6)
            ),
            "folds": self.folds,
            "seed": self.seed,
            "protocol": {
                "scored_by": self.scored_by,
                "ece_bins": BINS,
                "ai_sample": self.ai_sample if self.redrawn else None,
            },
            **quality,
            "groups": [group.plain() for group in self.groups],
            "instruct_150": None if self.instruct is None else self.instruct.plain(),
            "non_native_human": None if self.non_native is None else self.non_native.plain(),
            "article_vote": None if self.vote is None else self.vote.plain(),
            "article_vote_reason": self.vote_reason,
            "article_vote_rows": None if self.vote is None else self.vote.rows(),
            **({} if self.redrawn is None else self.redrawn.plain()),
        }
