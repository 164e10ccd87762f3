"""headwater git blame: who wrote which lines of a file, as far as anybody said."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("blame")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@pass_output
def command(out: Output, file: Path) -> None:
    """Show who wrote which lines of FILE.

    Claims about exactly these bytes come first; other lines are followed to the commit that added
    them, and to where tagged bytes have moved. What nobody spoke of is unknown, and that is all
    that is known of it. `entry` is the claim's place in the ledger: `headwater entry show N`.
    """
    from ledger.provenance.git.blame import blame_file
    from ledger.provenance.git.words import blamed_data, blamed_rows
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        blamed = blame_file(log, file)
    for index in blamed.withheld:
        out.warn(f"entry {index}: which bytes it speaks of is withheld here")
    headers = ["lines", "bytes", "assistance", "model", "evidence", "entry", ""]
    rows = blamed_rows(blamed)
    out.result(out.table(headers, rows) if rows else "no lines", blamed_data(blamed))
