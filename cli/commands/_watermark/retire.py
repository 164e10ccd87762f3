"""headwater watermark retire: a mark is no longer made."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("retire")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--because", metavar="TEXT", help="Why, in words that everybody may read.")
@pass_output
def command(out: Output, name: str, because: str | None) -> None:
    """Say that a mark of yours is no longer made.

    What carries it is still found.

    \b
    Example:
      headwater watermark retire example.org/chat --because "model withdrawn"
    """
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.registry.changes import retire

    from ._shown import registered_data, registered_lines

    with open_ledger(out.ledger, write=True) as log:
        done = retire(log, name, because=because)
    out.result("\n".join(registered_lines(done)), registered_data(done))
