"""headwater manifest audit: which documents a batch of a training run held."""

from pathlib import Path

import click

from ...output import Output, pass_output
from ._options import epoch_option, manifest_argument

__all__ = ["command"]


@click.command("audit")
@manifest_argument
@click.option("--batch", type=click.IntRange(0), metavar="N", help="Which batch, from 0.")
@click.option("--batch-size", type=click.IntRange(1), metavar="N", help="Of all ranks together.")
@epoch_option
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="With --document: how many of them, from that one on.",
)
@click.option(
    "--start",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="POSITION",
    help="Where the run began, or was resumed.",
)
@click.option("--document", metavar="SHA256", help="Instead: the batches that held this document.")
@pass_output
def command(
    out: Output,
    folder: Path,
    batch: int | None,
    batch_size: int | None,
    epoch: int,
    epochs: int,
    start: int,
    document: str | None,
) -> None:
    """Name the documents of a batch, past or to come, or the batches of a document.

    Batches follow from the manifest alone, for any number of ranks and workers. No text is read.
    Of a document that was taken down, its batches say what a model saw of it, and when.

    \b
    Examples:
      headwater manifest audit run-7 --batch 1200 --batch-size 64
      headwater manifest audit run-7 --document sha256:… --batch-size 64 --epochs 3
    """
    if (batch is None) == (document is None):
        raise click.UsageError("expected one of --batch and --document")
    if document is None and (batch_size is None or epochs != 1):
        raise click.UsageError("with --batch, expected --batch-size and no --epochs")
    from ledger.manifests.forgetting import places_of
    from ledger.manifests.opening.open import open_manifest

    manifest = open_manifest(folder)
    if document is None:
        assert batch is not None and batch_size is not None
        found = manifest.audit(batch, batch_size, epoch, start)
        out.result("\n".join(found), found)
        return
    asked = range(epoch, epoch + epochs)
    places = places_of(manifest, document, asked, batch_size, start)
    lines = [
        f"epoch {place.epoch}"
        + (f", batch {place.batch:,}" if place.batch is not None else "")
        + f", position {place.position:,}"
        for place in places
    ]
    which = f"epoch {epoch}" if epochs == 1 else f"epochs {asked[0]} to {asked[-1]}"
    out.result(
        "\n".join(lines) or f"in no batch of {which}",
        {
            "document": document,
            "manifest": manifest.statement.reference,
            "places": [
                {"batch": place.batch, "epoch": place.epoch, "position": place.position}
                for place in places
            ],
            "statement": manifest.digest,
        },
    )
