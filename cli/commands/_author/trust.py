"""headwater author trust: from now on this key's signatures count."""

import click

from ...output import Output, pass_output
from ._shown import author_data

__all__ = ["command"]


@click.command("trust")
@click.argument("key")
@click.option("--person", metavar="WORDS", help="Whose it is; kept in the vault alone, erasable.")
@pass_output
def command(out: Output, key: str, person: str | None) -> None:
    """Name an author's key in the ledger: what it signs counts from then on.

    KEY is a vkey, the name of a key of yours, or an SSH public key: its file, or its line. Get it
    from its owner over a channel you trust. What was recorded before is not attested by it.

    \b
    Examples:
      headwater author trust ada.example.org --person 'Ada Example <ada@example.org>'
      headwater author trust ~/.ssh/id_ed25519.pub
    """
    from ledger.provenance.authors import find_author, key_given, trust_author
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.location, write=True) as log:
        verifier = key_given(log.keys, key)
        recorded = trust_author(log, verifier, person)
        before = find_author(log, verifier.vkey).claims if recorded.new else 0
    with open_ledger(out.ledger) as log:  # tags that wait come after their author's key
        author = find_author(log, verifier.vkey)
    if before:
        out.say(
            f"claims that bear its signature from before: {before:,}; they do not count until "
            "they are recorded again, by the same `headwater tag` or `headwater tag import`"
        )
    said = f"named at entry {recorded.index}" if recorded.new else "was named before"
    out.result(f"{verifier.label} {said}: its signatures count", author_data(author))
