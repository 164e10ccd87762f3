"""headwater review agreement: what all decisions come to."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("agreement")
@click.argument("dataset", metavar="NAME@VERSION")
@pass_output
def command(out: Output, dataset: str) -> None:
    """Show what people decided of a dataset's documents, and how far they agree.

    The share of AI text is estimated from the random draw alone, each decision weighted by the
    chance with which its document was drawn. Agreement is that of decisions from before the
    evidence was shown. It does not say that people are right.

    \b
    Example:
      headwater review agreement notes@1
    """
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.review.showing import statistics_data, statistics_lines
    from ledger.provenance.review.statistics import dataset_statistics

    with open_ledger(out.ledger) as log:
        found = dataset_statistics(log, dataset)
    out.result("\n".join(statistics_lines(found, dataset)), statistics_data(found, dataset))
