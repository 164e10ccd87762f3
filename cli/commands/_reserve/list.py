"""headwater reserve list: the reserves a ledger has recorded."""

from dataclasses import asdict

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("list")
@pass_output
def command(out: Output) -> None:
    """List the sealed reserves and anchors, with their versions."""
    from ledger.provenance.opening import open_ledger
    from ledger.reserves.sealed import list_reserves

    with open_ledger(out.ledger) as log:
        found = list_reserves(log)
    headers = ["reserve", "version", "before", "documents", "bytes", "content root", "entry", ""]
    rows = [
        [
            row.name,
            row.version,
            row.shown_before,
            row.documents,
            row.bytes,
            row.content_root.removeprefix("sha256:")[:16],
            row.index,
            "superseded" if row.superseded else "",
        ]
        for row in found
    ]
    out.result(out.table(headers, rows) if rows else "no reserves", [asdict(row) for row in found])
