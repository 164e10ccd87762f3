"""headwater review import: decisions from another program."""

from pathlib import Path

import click

from ...output import Output, pass_output
from .._options import roots_option
from ._options import draw_options, policy_option

__all__ = ["command"]


@click.command("import")
@click.argument("dataset", metavar="NAME@VERSION")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--as",
    "form",
    default="jsonl",
    show_default=True,
    metavar="FORM",
    help="jsonl, label-studio or argilla.",
)
@draw_options
@policy_option
@roots_option
@pass_output
def command(
    out: Output,
    dataset: str,
    file: Path,
    form: str,
    sample: int | None,
    seed: int | None,
    policy: str | None,
    roots: tuple[Path, ...],
) -> None:
    """Record decisions that people made in another program.

    They bear no signature, so they count in statistics and decide no label. People go into the log
    as pseudonyms. The same file again records nothing new.

    \b
    Example:
      headwater review import notes@1 done.json --as label-studio
    """
    from ledger.provenance.in_use import choose_policy
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.review.exchange import find_form, import_decisions
    from ledger.provenance.review.queue import build_queue

    chosen_form = find_form(form)
    with open_ledger(out.ledger, write=True) as log:
        chosen = choose_policy(log, policy)
        queue = build_queue(log, dataset, chosen, sample=sample, seed=seed, roots=roots)
        done = import_decisions(log, queue, chosen_form, file)
    out.result(
        f"decisions {done.rows:,}, reviewers {done.reviewers:,}, new {done.new:,}; they count in "
        "statistics only",
        {"decisions": done.rows, "reviewers": done.reviewers, "new": done.new},
    )
