"""headwater model lineage: what a model came from."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("lineage")
@click.argument("model", metavar="NAME@VERSION")
@pass_output
def command(out: Output, model: str) -> None:
    """Show what a model was tuned from and trained on, back to what nobody here knows.

    An alias does as well.
    """
    from ledger.manifests.training import manifest_names
    from ledger.provenance.models.lineage import lineage_data, lineage_lines, lineage_of
    from ledger.provenance.models.opening import find_model, models_of
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        models = models_of(log)
        tree = lineage_of(models, find_model(models, model), manifest_names(log))
    out.result("\n".join(lineage_lines(tree)), lineage_data(tree))
