"""headwater author list: whose signatures count."""

import click

from ...output import Output, pass_output
from ._shown import author_data, author_row

__all__ = ["command"]


@click.command("list")
@pass_output
def command(out: Output) -> None:
    """List the authors whose keys the ledger names, revoked ones too.

    \b
    Example:
      headwater author list
    """
    from ledger.provenance.authors import authors_known
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        known = authors_known(log)
    text = "no authors; headwater author trust KEY"
    if known:
        text = out.table(["key", "who", "entry", "claims", "state"], map(author_row, known))
    out.result(text, {"authors": [author_data(author) for author in known]})
