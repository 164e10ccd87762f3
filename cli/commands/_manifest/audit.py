"""headwater manifest audit: which documents a batch of a training run held."""

from pathlib import Path

import click

from ...output import Output, pass_output
from ._options import epoch_option, manifest_argument

__all__ = ["command"]


@click.command("audit")
@manifest_argument
@click.option("--batch", type=click.IntRange(0), metavar="N", help="Which batch, from 0.")
@click.option("--batch-size", type=click.IntRange(1), required=True, help="Of all ranks together.")
@epoch_option
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
    batch_size: int,
    epoch: int,
    start: int,
    document: str | None,
) -> None:
    """Name the documents of a batch, past or to come, or the batches of a document.

    Batches follow from the manifest alone, for any number of ranks and workers. No text is read.

    \b
    Examples:
      headwater manifest audit run-7 --batch 1200 --batch-size 64
      headwater manifest audit run-7 --document sha256:… --batch-size 64
    """
    if (batch is None) == (document is None):
        raise click.UsageError("expected one of --batch and --document")
    from ledger.manifests.opening.open import open_manifest

    manifest = open_manifest(folder)
    if document is None:
        assert batch is not None
        found = manifest.audit(batch, batch_size, epoch, start)
        out.result("\n".join(found), found)
        return
    places = [at for at in manifest.positions(document, epoch) if at >= start]
    batches = sorted({(at - start) // batch_size for at in places})
    text = "\n".join(map(str, batches)) if batches else f"in no batch of epoch {epoch}"
    out.result(text, {"batches": batches, "document": document, "positions": places})
