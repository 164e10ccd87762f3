"""headwater tag import: record receipts that somebody sent."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("import")
@click.argument(
    "receipts", nargs=-1, required=True, metavar="RECEIPT…", type=click.Path(path_type=Path)
)
@pass_output
def command(out: Output, receipts: tuple[Path, ...]) -> None:
    """Record receipts that others wrote with `headwater tag --receipt`: all, or none.

    A signature counts where this ledger named its author's key before (`headwater author trust`).
    The text itself is not needed: a tag waits for its document.

    \b
    Example:
      headwater tag import letter.receipt.json
    """
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.tags.taking import read_receipts, take

    tags = read_receipts(receipts)
    with open_ledger(out.ledger, write=True) as log:
        taken = take(log, tags)
    rows = [
        (item.tag.claim_id, item.tag.body.assistance, item.recorded.index, item.signer or "nobody")
        for item in taken
    ]
    lines = [out.table(["claim", "ai", "entry", "signed by a known key"], rows)]
    for item in taken:
        if item.note is not None:
            out.warn(item.note)
    out.result(
        "\n".join(lines),
        {
            "tags": [
                {
                    "claim": item.tag.claim_id,
                    "document": item.tag.subject,
                    "entry": item.recorded.index,
                    "new": item.recorded.new,
                    "signed_by": item.signer,
                }
                for item in taken
            ]
        },
    )
