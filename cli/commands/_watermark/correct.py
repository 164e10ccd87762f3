"""headwater watermark correct: say anew what a mark is."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("correct")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@pass_output
def command(out: Output, file: Path) -> None:
    """Say anew what a mark of yours is.

    FILE is a description with its name and version. A changed key or parameter makes it another
    mark: what was found before no longer counts.

    \b
    Example:
      headwater watermark correct chat.toml
    """
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.registry.changes import correct

    from ._shown import registered_data, registered_lines

    with open_ledger(out.ledger, write=True) as log:
        done = correct(log, file)
    out.result("\n".join(registered_lines(done)), registered_data(done))
