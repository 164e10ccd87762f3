"""headwater author show: one author."""

import click

from ...output import Output, pass_output
from ._shown import author_data, author_lines

__all__ = ["command"]


@click.command("show")
@click.argument("name")
@pass_output
def command(out: Output, name: str) -> None:
    """Show an author's key, since when it counts, and who it is.

    NAME is the key's name, or its label (name+hash8) where several share a name.

    \b
    Example:
      headwater author show ada.example.org
    """
    from ledger.provenance.authors import find_author
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        author = find_author(log, name)
    out.result("\n".join(author_lines(author)), author_data(author))
