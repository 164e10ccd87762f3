"""headwater review list: what waits to be read."""

from pathlib import Path

import click

from ...output import Output, pass_output
from .._options import roots_option
from ._options import draw_options, policy_option

__all__ = ["command"]


@click.command("list")
@click.argument("dataset", metavar="NAME@VERSION")
@draw_options
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most."
)
@policy_option
@roots_option
@pass_output
def command(
    out: Output,
    dataset: str,
    sample: int | None,
    seed: int | None,
    limit: int,
    policy: str | None,
    roots: tuple[Path, ...],
) -> None:
    """List the documents of a dataset that wait to be read, the next first.

    Asked about are a random draw from every label, what claims contradict each other about, some of
    each batch that was held, and what a detector is unsure of. Why a document is asked about is not
    shown beside it: whoever reads it is not to know.

    \b
    Example:
      headwater review list notes@1 --sample 200
    """
    from ledger.provenance.in_use import choose_policy
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.review.queue import build_queue
    from ledger.provenance.review.showing import queue_data, queue_rows

    with open_ledger(out.ledger) as log:
        chosen = choose_policy(log, policy)
        queue = build_queue(log, dataset, chosen, sample=sample, seed=seed, roots=roots)
    counts, tasks = queue_rows(queue, limit)
    text = out.table(["asked about because", "open", "disputed", "settled"], counts)
    if tasks:
        waiting = out.table(["task", "document", "decided", "needs"], tasks)
        text += f"\n\n{len(queue.waiting):,} wait, the next first\n{waiting}"
    else:
        text += "\n\nnothing waits"
    out.result(text, queue_data(queue, limit))
