"""headwater audit contamination: which share of a dataset or folder resembles AI text."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...output import Output, pass_output
from .._options import engine_options, in_a_folder, roots_option

if TYPE_CHECKING:
    from ledger.engines import Workers
    from ledger.verdicts.contamination.dataset import Audited
    from ledger.verdicts.contamination.folder import FolderAudit

__all__ = ["command"]


@click.command("contamination")
@click.argument("target", metavar="NAME@VERSION|PATH")
@click.option(
    "--ai-since",
    metavar="YYYY-MM[-DD]",
    help="A folder: measure what is dated from this day on; what is older is the human text.",
)
@click.option(
    "--human",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="A folder: compare with the known human text here instead.",
)
@click.option("--calibration", metavar="NAME", help="A dataset: rank in this calibration.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Draw N documents.")
@click.option(
    "--stratify",
    type=click.Choice(["source", "topic", "period", "none"]),
    help="A dataset: draw from each in proportion.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="KEY",
    default=0,
    show_default=True,
    help="The key that documents are drawn by.",
)
@click.option(
    "--reviews",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE|recorded",
    help="A dataset: fold in people's decisions: those that `headwater review` recorded of its "
    "random draw, or (ai, human) on the documents that --json names to review, from the first on, "
    "in a CSV of document, decision and, if drawn otherwise, probability.",
)
@click.option(
    "--level",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="What the estimate may come to; else the lower end of the reported threshold.",
)
@click.option(
    "--upper-level",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="What the upper end of its interval may come to; else the upper end of the threshold.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    callback=in_a_folder,
    help="Draw the estimate here, as SVG.",
)
@roots_option
@engine_options
@pass_output
def command(
    out: Output,
    target: str,
    ai_since: str | None,
    human: Path | None,
    calibration: str | None,
    sample: int | None,
    stratify: str | None,
    seed: int,
    reviews: Path | None,
    level: float | None,
    upper_level: float | None,
    plot: Path | None,
    roots: tuple[Path, ...],
    workers: "Workers",
) -> None:
    """Estimate which share of a dataset or folder resembles AI text, with an interval.

    A dataset of the ledger is compared with a calibration on known human text (headwater verdict
    calibrate), and the result is recorded. A file or folder needs no ledger: its documents from
    before --ai-since are the known human text, nothing is recorded, and no file is written.

    It ends with status 4 if a limit is exceeded, after the result is printed. The limits are a
    threshold reported by Moveo AI; not a legal limit.

    \b
    Examples:
      headwater audit contamination crawl@2025
      headwater audit contamination docs/ --ai-since 2023-09
    """
    from ledger.verdicts.contamination.target import (
        is_folder,
        limits_of,
        refuse_failed,
        write_plot,
    )

    limits = limits_of(level, upper_level)
    found: Audited | FolderAudit
    if is_folder(target, asked=ai_since is not None or human is not None):
        _refuse_options("a file or folder", calibration=calibration, stratify=stratify,
                        reviews=reviews, root=roots or None)  # fmt: skip
        from ledger.corpus.dataset import month_or_day
        from ledger.verdicts.contamination.folder import audit_folder

        with out.progress(target) as advance:
            found = audit_folder(
                Path(target),
                since=None if ai_since is None else month_or_day(ai_since),
                human=human,
                sample=sample,
                seed=seed,
                workers=workers,
                progress=advance,
                **limits,
            )
    else:
        from ledger.provenance.opening import open_ledger
        from ledger.verdicts.contamination.dataset import Settings, audit_contamination
        from ledger.verdicts.contamination.reviews import read_decisions

        recorded = str(reviews) == "recorded"
        settings = Settings(
            sample=sample,
            stratify=stratify or "none",
            seed=seed,
            decisions=None if reviews is None or recorded else read_decisions(reviews),
            recorded=recorded,
            **limits,
        )
        with open_ledger(out.ledger, write=True) as log, out.progress(target) as advance:
            found = audit_contamination(
                log,
                target,
                settings,
                calibration=calibration,
                roots=roots,
                workers=workers,
                progress=advance,
            )
    lines, data = found.lines(), found.data()
    if plot is not None:
        write_plot(plot, found.found, found.context)
        lines.append(f"drew {plot}")
        data["plot"] = str(plot)
    out.result("\n".join(lines), data)
    refuse_failed(target, found.found)


def _refuse_options(what: str, **given: object) -> None:
    """Options of the other form. Raises UsageError for the first that was given."""
    for name, value in given.items():
        if value is not None:
            raise click.UsageError(f"found --{name} for {what}, expected it with NAME@VERSION")
