"""headwater model list: the registered models."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("list")
@pass_output
def command(out: Output) -> None:
    """List the registered models with the generation of what they write."""
    from ledger.manifests.training import manifest_names
    from ledger.provenance.models.lineage import lineage_data, lineage_of
    from ledger.provenance.models.opening import models_of
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        models, names = models_of(log), manifest_names(log)
        trees = [lineage_of(models, standing, names) for standing in models]
    rows = [
        (
            tree.reference,
            f"{tree.generation} or later",
            tree.base.reference if tree.base is not None else "",
            ", ".join(tree.manifests),
            ", ".join(tree.aliases),
            str(tree.index),
        )
        for tree in trees
    ]
    headers = ["model", "generation", "tuned from", "trained on", "called", "entry"]
    none = "no models yet; headwater model register NAME@VERSION"
    out.result(out.table(headers, rows) if rows else none, [lineage_data(tree) for tree in trees])
