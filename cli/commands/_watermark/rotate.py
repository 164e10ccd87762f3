"""headwater watermark rotate: a new version takes over from a mark."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("rotate")
@click.argument("name", metavar="NAME[@VERSION]")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@pass_output
def command(out: Output, name: str, file: Path) -> None:
    """Have a new version take over from a mark.

    FILE describes it. The old version is retired, and what carries the old mark is still found.

    \b
    Example:
      headwater watermark rotate example.org/chat chat-2.toml
    """
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.registry.changes import rotate

    from ._shown import registered_data, registered_lines

    with open_ledger(out.ledger, write=True) as log:
        new, old = rotate(log, name, file)
    lines = [*registered_lines(new), "", *registered_lines(old)]
    out.result("\n".join(lines), {"new": registered_data(new), "old": registered_data(old)})
