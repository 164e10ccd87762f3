"""headwater git uninstall: takes the hooks away, and puts back what was there."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("uninstall")
@pass_output
def command(out: Output) -> None:
    """Remove the hooks, and put back what was there, byte for byte.

    Everything of ours below the git folder goes: the hooks, what they noted, our line in the
    config. Refused while tags wait there for a ledger; commits, trailers and notes stay.
    """
    from pathlib import Path

    from ledger.provenance.git.install import uninstall

    done = uninstall(Path.cwd())
    for line in done.left:
        out.warn(line)
    removed = ", ".join(done.removed)
    out.result(
        f"removed: {removed}" if removed else "no hooks of ours were there",
        {"removed": list(done.removed), "left": list(done.left)},
    )
