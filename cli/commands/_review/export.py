"""headwater review export: tasks for another program."""

from pathlib import Path

import click

from ...output import Output, pass_output
from .._options import in_a_folder, roots_option
from ._options import draw_options, policy_option

__all__ = ["command"]


@click.command("export")
@click.argument("dataset", metavar="NAME@VERSION")
@click.option(
    "--as",
    "form",
    default="jsonl",
    show_default=True,
    metavar="FORM",
    help="jsonl, label-studio or argilla.",
)
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    callback=in_a_folder,
    help="The file to write: it holds the texts.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=100, show_default=True, help="How many at most."
)
@draw_options
@policy_option
@roots_option
@pass_output
def command(
    out: Output,
    dataset: str,
    form: str,
    target: Path,
    limit: int,
    sample: int | None,
    seed: int | None,
    policy: str | None,
    roots: tuple[Path, ...],
) -> None:
    """Write the tasks that wait, with their texts, for a program in which people review.

    \b
    Example:
      headwater review export notes@1 --as label-studio -o tasks.json
    """
    from ledger.provenance.in_use import choose_policy
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.review.exchange import export_tasks, find_form, write_export
    from ledger.provenance.review.queue import build_queue

    chosen_form = find_form(form)
    with open_ledger(out.ledger) as log:
        chosen = choose_policy(log, policy)
        queue = build_queue(log, dataset, chosen, sample=sample, seed=seed, roots=roots)
        exported = export_tasks(log, queue, chosen_form, limit, roots)
    write_export(target, exported)
    text = f"wrote {target}, for {chosen_form.title}; tasks {exported.tasks:,}"
    if exported.unread:
        text += f"; left out, whose text lies in none of their inputs, {exported.unread:,}"
    out.result(
        text, {"file": str(target), "tasks": exported.tasks, "left_out": exported.unread}
    )  # fmt: skip
