"""headwater review next: one document to read."""

from pathlib import Path

import click

from ...output import Output, pass_output
from .._options import roots_option
from ._options import draw_options, key_option, policy_option

__all__ = ["command"]


@click.command("next")
@click.argument("dataset", metavar="NAME@VERSION")
@key_option
@click.option("--skip", is_flag=True, help="Pass over the one you have; not asked again for a day.")
@click.option(
    "--mode",
    type=click.Choice(["audit", "conflict", "held", "uncertain", "complaint"]),
    help="Only documents that are asked about for this reason.",
)
@click.option(
    "--lease",
    type=click.IntRange(1, 1440),
    default=30,
    show_default=True,
    metavar="MINUTES",
    help="For how long nobody else gets it.",
)
@click.option(
    "--characters",
    type=click.IntRange(1, 1_000_000),
    default=6_000,
    show_default=True,
    metavar="N",
    help="How much of the text to show.",
)
@draw_options
@policy_option
@roots_option
@pass_output
def command(
    out: Output,
    dataset: str,
    key: str | None,
    skip: bool,
    mode: str | None,
    lease: int,
    characters: int,
    sample: int | None,
    seed: int | None,
    policy: str | None,
    roots: tuple[Path, ...],
) -> None:
    """Show the next document for you to read: the text, and nothing that anybody says of it.

    It is yours for a while, so that nobody else reads the same one at once. You are not asked about
    texts that you signed as their author, nor twice about one. Characters that a screen would hide
    or obey are spelled out.

    \b
    Example:
      headwater review next notes@1
    """
    from ledger.provenance.in_use import choose_policy
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.review.queue import build_queue
    from ledger.provenance.review.reader import claim_signer, next_task
    from ledger.provenance.review.showing import task_data, task_lines

    with open_ledger(out.ledger) as log:
        chosen = choose_policy(log, policy)
        signer = claim_signer(log.keys, key)
        queue = build_queue(log, dataset, chosen, sample=sample, seed=seed, roots=roots)
        found = next_task(
            log, queue, signer, mode=mode, skip=skip, lease=60 * lease, roots=roots
        )  # fmt: skip
    if found is None:
        out.result("nothing is left for you to read", {"task": None})
        return
    queued, text, until = found
    out.result(
        "\n".join(task_lines(queued, text, characters)), task_data(queued, text, characters, until)
    )
