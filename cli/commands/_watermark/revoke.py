"""headwater watermark revoke: a mark's key is no longer its provider's alone."""

from datetime import UTC, datetime

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("revoke")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--because", metavar="TEXT", help="Why, in words that everybody may read.")
@click.option(
    "--forgeable-from",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]),
    metavar="DATE",
    help="Since when others could have made the mark (UTC). Absent: it was never safe.",
)
@pass_output
def command(out: Output, name: str, because: str | None, forgeable_from: datetime | None) -> None:
    """Say that a mark's key leaked, and since when.

    Text that checked evidence dates before that moment keeps its label; of any other the mark says
    no more than a public key's does. Nothing is deleted: this is a new signed entry.

    \b
    Example:
      headwater watermark revoke example.org/chat --forgeable-from 2026-10-01 --because "leaked"
    """
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.registry.changes import revoke

    from ._shown import registered_data, registered_lines

    moment = None
    if forgeable_from is not None:
        moment = int(forgeable_from.replace(tzinfo=UTC).timestamp())
    with open_ledger(out.ledger, write=True) as log:
        done = revoke(log, name, because=because, forgeable_from=moment)
    out.result("\n".join(registered_lines(done)), registered_data(done))
