"""headwater reserve show: what a reserve says of itself."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("show")
@click.argument("reserve", metavar="NAME|DIR")
@pass_output
def command(out: Output, reserve: str) -> None:
    """Show a reserve: how many documents, by which evidence, what was left out and why.

    NAME or NAME@VERSION is looked up in the ledger. A DIR is read as it lies there, unchecked.
    """
    from ledger.provenance.opening import open_ledger
    from ledger.reserves.sealing.words import show_data, show_folder, show_lines, show_reserve

    if Path(reserve).is_dir():
        shown = show_folder(Path(reserve))
    else:
        with open_ledger(out.ledger) as log:
            shown = show_reserve(log, reserve)
    out.result("\n".join(show_lines(shown)), show_data(shown))
