"""headwater tag withdraw: take a tag back."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("withdraw")
@click.argument("name", metavar="ID")
@click.option("--because", metavar="WORDS", help="Why, for whoever reads the log; names nobody.")
@pass_output
def command(out: Output, name: str, because: str | None) -> None:
    """Take a tag back, and what this ledger said again of it.

    ID is the tag's claim, or its first digits, or its entry. Nothing leaves the log: a withdrawal
    is an entry of its own. To correct a tag, make another with --supersedes.

    \b
    Example:
      headwater tag withdraw 015b0aa34375 --because 'tagged the wrong file'
    """
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.tags.find import withdraw_tag

    with open_ledger(out.ledger, write=True) as log:
        entry, recorded = withdraw_tag(log, name, because)
    first = recorded[0]
    more = len(recorded) - 1
    lines = [
        f"withdrew tag {entry.claim_id}, entry {first.index}"
        if first.new
        else f"tag {entry.claim_id} was withdrawn before, at entry {first.index}"
    ]
    if more:
        lines.append(f"and {more:,} that repeated it of other renderings")
    out.result(
        "\n".join(lines),
        {
            "claim": entry.claim_id,
            "document": entry.subject,
            "entries": [item.index for item in recorded],
            "new": first.new,
        },
    )
