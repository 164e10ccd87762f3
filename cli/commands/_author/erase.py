"""headwater author erase: forget who an author is."""

import click

from ...output import Output, pass_output
from ._shown import author_data

__all__ = ["command"]


@click.command("erase")
@click.argument("name")
@click.option("--because", metavar="WORDS", help="Why, for whoever reads the log; names nobody.")
@pass_output
def command(out: Output, name: str, because: str | None) -> None:
    """Destroy what the vault knows of who an author is.

    The key that opens it is destroyed with it, so that what the log commits to can never be opened
    again; every entry and proof still holds. The author's public key stays, and what it signed
    counts: to end that, revoke it. Backups of the vault are yours to destroy.

    \b
    Example:
      headwater author erase ada.example.org --because 'asked for by the person'
    """
    from ledger.provenance.authors import erase_author, find_author
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger, write=True) as log:
        author = find_author(log, name)
        recorded, lost = erase_author(log, author, because)
        author = find_author(log, author.verifier.vkey)
    count = "1 value" if lost == 1 else f"{lost:,} values"
    out.result(
        f"erased {count} about {author.verifier.label}; entry {recorded.index} says so",
        author_data(author) | {"erased": lost, "erasure": recorded.index},
    )
