"""headwater manifest export: an epoch of a manifest in a trainer's own format."""

from pathlib import Path

import click

from ...output import Output, pass_output
from ._options import epoch_option, manifest_argument

__all__ = ["command"]


@click.command("export")
@manifest_argument
@click.option("--to", required=True, metavar="FORMAT", help="hf, mds, megatron, webdataset, …")
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A new folder.",
)
@epoch_option
@click.option(
    "--shard-bytes",
    type=click.IntRange(1),
    default=1 << 26,
    show_default=True,
    help="Size of a file at most, unless a single document is larger.",
)
@pass_output
def command(out: Output, folder: Path, to: str, target: Path, epoch: int, shard_bytes: int) -> None:
    """Write the documents of an epoch, in its order, as a trainer's library reads them.

    Every text is hashed on the way. What reads the files afterwards does not: to check documents
    while they stream is `ledger.open_manifest`'s work.
    """
    from ledger.manifests.exporting import export
    from ledger.manifests.formats import find_format
    from ledger.manifests.opening.open import open_manifest

    form = find_format(to)
    written = export(open_manifest(folder), form, target, epoch=epoch, shard_bytes=shard_bytes)
    rows = [[item.path, item.rows, item.size, item.sha256.hex()[:16]] for item in written]
    data = [
        {
            "bytes": item.size,
            "file": item.path,
            "rows": item.rows,
            "sha256": f"sha256:{item.sha256.hex()}",
        }
        for item in written
    ]
    out.result(out.table(["file", "documents", "bytes", "sha256"], rows), data)
    out.say(f"wrote {target}; whoever reads it checks no document against the manifest")
