"""headwater verdict evaluate: what a detector is worth on labelled rows."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...output import Output, pass_output

if TYPE_CHECKING:
    from ledger.verdicts.evaluation.report import Evaluation

__all__ = ["command"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("evaluate")
@click.argument("file", type=_FILE, metavar="FILE.parquet")
@click.option(
    "--folds",
    type=click.IntRange(2, 100),
    metavar="N",
    help="Score each row with a model trained anew on the other parts of N.",
)
@click.option(
    "--redraw",
    "redraws",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Also try verdicts, shares and batches on N random divisions of the rows.",
)
@click.option(
    "--reference-model",
    "reference",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A causal language model on this machine: asks the articles' vote of 300 rows.",
)
@click.option("--weights", type=_FILE, metavar="FILE", help="Weights other than the shipped ones.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Of everything that is drawn at random.",
)
@pass_output
def command(
    out: Output,
    file: Path,
    folds: int | None,
    redraws: int | None,
    reference: Path | None,
    weights: Path | None,
    seed: int,
) -> None:
    """Measure the detector on rows known to be human or AI text.

    FILE has the columns text and label (human or synthetic); a group is shown for each value of
    domain, generator, mode, stratum and source_dataset, where it has them. Rows that trained the
    weights are refused: --folds 5 scores every row with a model that saw neither it nor a row of
    its pair_group. Figures with --folds are of those models; the cut is that of the weights.

    AUC, TPR, Brier score and calibration error (15 bins of equal width) are of all rows; precision
    is at equal class weights, at the recall that the articles claim for their vote. A group of AI
    text alone is set against the human rows of its domains. `flagged` is the share of its rows
    above the weights' cut, which 1 % of the human texts they were made with passed.

    With --redraw, of rows with 100 words or more: half of the human rows calibrate, and the share
    of the others at p ≤ 5 % is counted; 250 human rows calibrate batches of 120, at a level of 1 %,
    with and without 25 % AI text. Of rows with 150 words or more: 200 human rows calibrate shares
    of 5, 10 and 25 % in mixtures of 600, and the intervals that cover the share are counted. What
    stands for AI text there is the weights' training sample, or with --folds half of the AI rows;
    neither it nor the 200 rows are in a mixture. All domains are pooled.

    \b
    Examples:
      headwater verdict evaluate labelled.parquet
      headwater verdict evaluate labelled.parquet --folds 5 --redraw 300
      headwater --json verdict evaluate labelled.parquet --reference-model ~/models/small
    """
    from ledger.verdicts.core.model import load_model, shipped
    from ledger.verdicts.evaluation.evaluate import evaluate

    with out.progress(file.name) as advance:
        found = evaluate(
            file,
            shipped() if weights is None else load_model(weights),
            folds=folds,
            redraws=redraws,
            reference=reference,
            seed=seed,
            progress=lambda done, total: advance(done, total, done),
        )
    for said in _warnings(found):
        out.warn(said)
    out.result("\n".join(_lines(out, found)), found.plain())


def _warnings(found: "Evaluation") -> list[str]:
    counts, said = found.counts, []
    if counts.repeated:
        said.append(f"{counts.repeated:,} rows repeat an earlier text and were left out")
    if counts.contradictory:
        said.append(f"{counts.contradictory:,} rows have both labels for one text; left out")
    if found.folds and counts.ungrouped:
        said.append(
            f"{counts.ungrouped:,} rows have no pair_group: models may have seen texts akin to them"
        )
    return said


def _lines(out: Output, found: "Evaluation") -> list[str]:
    counts, quality = found.counts, found.quality
    lines = [
        f"{counts.rows:,} texts: {counts.human:,} human, {counts.synthetic:,} synthetic; "
        f"{counts.insufficient:,} get no verdict: too short, or no English prose",
        f"scores of {found.scored_by}",
        f"cut of {found.detector.name} {found.detector.version}, {found.detector.digest}",
        "",
        out.table(
            ["all rows", "", ""],
            [
                ("AUC", f"{quality.auc:.3f}", ""),
                ("TPR at 1 % FPR", _percent(quality.tpr_at_1pct), ""),
                ("TPR at 5 % FPR", _percent(quality.tpr_at_5pct), ""),
                ("precision at recall 0.79", f"{quality.precision_at_recall_79:.3f}", "balanced"),
                ("Brier score", f"{quality.brier:.3f}", ""),
                ("calibration error", f"{quality.ece:.3f}", "15 bins"),
            ],
        ),
        "",
        *_parts(found),
        *_vote(found),
        "",
        out.table(
            ["by", "name", "rows", "AUC", "flagged", "of human", "of synthetic"],
            [
                (
                    group.by,
                    group.name,
                    group.n,
                    "-" if group.auc is None else f"{group.auc:.3f}",
                    _percent(group.flagged_1pct),
                    _percent(group.flagged_1pct_human),
                    _percent(group.flagged_1pct_synthetic),
                )
                for group in found.groups
            ],
        ),
    ]
    return lines + _redrawn(out, found)


def _parts(found: "Evaluation") -> list[str]:
    lines = []
    if (part := found.instruct) is not None:
        lines.append(
            f"≥ 150 words, unattacked instruct text: precision {part.precision_at_recall_79:.3f} "
            f"at recall 0.79, AUC {part.auc:.3f} "
            f"({part.human:,} human, {part.synthetic:,} synthetic; "
            f"{part.left_out:,} continuations and attacked texts left out)"
        )
    if (people := found.non_native) is not None:
        lines.append(
            f"non-native writers: {_percent(people.flagged_1pct)} of {people.n:,} human texts "
            f"flagged; {people.called:,} are long enough for a verdict"
        )
    return lines


def _vote(found: "Evaluation") -> list[str]:
    vote = found.vote
    if vote is None:
        return [f"the articles' vote: not asked; {found.vote_reason}"]
    from ledger.verdicts.reference.vote import CLAIMED

    precision = "-" if vote.precision is None else f"{vote.precision:.3f}"
    lines = [
        f"the articles' vote on {vote.n:,} of the rows: precision {precision}, "
        f"recall {vote.recall:.3f}, FPR {vote.fpr:.3f} "
        f"(they claim {CLAIMED.precision:g} at {CLAIMED.recall:g})"
    ]
    if vote.core_precision is not None:
        lines.append(
            f"on the same rows, at that recall: precision {vote.core_precision:.3f}; "
            f"AUC {vote.core_auc:.3f}"
        )
    return lines


def _redrawn(out: Output, found: "Evaluation") -> list[str]:
    drawn = found.redrawn
    if drawn is None:
        return []
    verdicts, batches = drawn.verdicts, drawn.batches
    rows = [
        (
            "conformal FPR at 5 %",
            _percent(verdicts.fpr),
            f"{verdicts.calibration:,} human texts calibrate, {verdicts.tested:,} are asked about",
        ),
        ("interval covers the share", _percent(drawn.coverage), "of all mixtures"),
        *(
            (
                f"  at {100 * share.share:g} %",
                _percent(share.covered / share.redraws),
                f"estimate {_percent(share.estimate)}, ± {100 * share.half_width:.1f} points"
                + (f", {share.repeated} of 600 texts twice" if share.repeated else ""),
            )
            for share in drawn.shares
        ),
        ("half-width", f"{100 * drawn.half_width:.1f} points", "mean"),
        ("batch FPR at 1 %", _percent(batches.fpr), f"{batches.clean:,} human batches"),
        ("batch power", _percent(batches.power), f"{batches.contaminated:,} with 25 % AI text"),
    ]
    return [
        "",
        out.table([f"{drawn.redraws:,} redraws", "", ""], rows),
        f"AI sample of the shares: {found.ai_sample}",
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
