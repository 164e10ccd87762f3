"""headwater author revoke: from now on this key's signatures do not count."""

import click

from ...output import Output, pass_output
from ._shown import author_data

__all__ = ["command"]


@click.command("revoke")
@click.argument("name")
@click.option("--because", metavar="WORDS", help="Why, for whoever reads the log; names nobody.")
@pass_output
def command(out: Output, name: str, because: str | None) -> None:
    """Take back that an author's key is named here.

    What is recorded from now on, it does not attest. What the log holds already stays attested: it
    was there before. If the key was stolen earlier, withdraw those tags, too.

    \b
    Example:
      headwater author revoke ada.example.org --because 'the key was lost'
    """
    from ledger.provenance.authors import find_author, revoke_author
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger, write=True) as log:
        author = find_author(log, name)
        recorded = revoke_author(log, author, because)
        author = find_author(log, author.verifier.vkey)
    label = author.verifier.label
    text = f"{label} was revoked before, at entry {author.key.gaps[-1][0]}"
    if recorded:
        text = f"revoked {label} at entry {recorded[-1].index}"
    out.result(text, author_data(author))
