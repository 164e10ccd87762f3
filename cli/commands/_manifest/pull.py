"""headwater manifest pull: record who took a manifest."""

from pathlib import Path

import click

from ...output import Output, pass_output
from ._options import manifest_argument

__all__ = ["command"]


@click.command("pull")
@manifest_argument
@click.option("--consumer", required=True, metavar="NAME", help="What takes it, by its own name.")
@pass_output
def command(out: Output, folder: Path, consumer: str) -> None:
    """Check a manifest and record that a consumer takes it, the first time it does.

    Refused if documents of it have been taken down since. Who pulled a manifest is who must hear
    of a takedown.
    """
    from ledger.manifests.opening.open import open_manifest
    from ledger.manifests.pulling import pull
    from ledger.provenance.opening import open_ledger

    manifest = open_manifest(folder)
    with open_ledger(out.ledger, write=True) as log:
        pulled = pull(log, manifest, consumer)
    new, index = pulled.recorded.new, pulled.recorded.index
    state = "pulled" if new else "was pulled before"
    lines = [f"{manifest.statement.reference}: {state} by {consumer}; entry {index}"]
    if pulled.against.superseded_by is not None:
        lines.append(f"superseded by {pulled.against.superseded_by}")
    out.result(
        "\n".join(lines),
        {
            "consumer": consumer,
            "index": index,
            "manifest": manifest.statement.reference,
            "new": new,
            "statement": manifest.digest,
            "superseded_by": pulled.against.superseded_by,
        },
    )
