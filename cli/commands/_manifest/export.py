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
@click.option("--key", metavar="NAME", help="The statement key to sign with; else the manifest's.")
@pass_output
def command(
    out: Output,
    folder: Path,
    to: str,
    target: Path,
    epoch: int,
    shard_bytes: int,
    key: str | None,
) -> None:
    """Write the documents of an epoch, in its order, as a trainer's library reads them.

    Every text is hashed on the way, and the digest of every file signed: `headwater verify` checks
    the folder whole. What reads the files afterwards checks nothing: to check documents while they
    stream is `ledger.open_manifest`'s work. Refused where the ledger at hand knows a document of
    it to be taken down.
    """
    from ledger.log.keys import KeyRing
    from ledger.manifests.exporting import export, signed_export
    from ledger.manifests.exports.sign import export_signer
    from ledger.manifests.formats import find_format
    from ledger.manifests.opening.open import open_manifest
    from ledger.manifests.pulling import refuse_if_down
    from ledger.provenance.trust import key_label

    form, manifest = find_format(to), open_manifest(folder)
    asked = refuse_if_down(manifest, out.ledger)
    signer = export_signer(KeyRing(), manifest, key)
    if signer is None:
        written = export(manifest, form, target, epoch=epoch, shard_bytes=shard_bytes)
    else:
        written = signed_export(
            manifest, form, target, signer, epoch=epoch, shard_bytes=shard_bytes
        )
    rows = [[item.path, item.rows, item.size, item.sha256.hex()[:16]] for item in written]
    files = [
        {
            "bytes": item.size,
            "file": item.path,
            "rows": item.rows,
            "sha256": f"sha256:{item.sha256.hex()}",
        }
        for item in written
    ]
    table = out.table(["file", "documents", "bytes", "sha256"], rows)
    vkey = None if signer is None else signer.verifier.vkey
    lines = [f"signed by {key_label(vkey)}: headwater verify {target}"] if vkey is not None else []
    data = {"files": files, "folder": str(target), "signer": vkey}
    out.result("\n".join([table, *lines]), data)
    out.say(f"wrote {target}; whoever reads it checks no document against the manifest")
    if not asked:
        out.warn("its ledger is not at hand: what was taken down since was not asked")
    if signer is None:
        labels = " or ".join(map(key_label, manifest.signers))
        out.warn(
            f"not signed, found no private key of {labels}: nobody can check these files; "
            "--key NAME signs with another"
        )
