"""headwater manifest diff: what changed from one manifest to another."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("diff")
@click.argument("before", metavar="NAME|DIR")
@click.argument("after", metavar="NAME|DIR")
@pass_output
def command(out: Output, before: str, after: str) -> None:
    """Say which documents came and went between two manifests, and which shares moved.

    Of a DIR every row is read, and must have the content root that was signed. Of a NAME or
    NAME@VERSION the ledger's vault says who is selected.
    """
    from contextlib import nullcontext

    from ledger.manifests.building.diff import compare, diff_data, diff_lines, side_of
    from ledger.provenance.opening import open_ledger

    named = not (Path(before).is_dir() and Path(after).is_dir())
    with open_ledger(out.ledger) if named else nullcontext() as log:
        found = compare(side_of(log, before), side_of(log, after))
    out.result("\n".join(diff_lines(found)), diff_data(found))
