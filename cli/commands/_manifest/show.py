"""headwater manifest show: what a manifest says of itself."""

from pathlib import Path

import click

from ...output import Output, pass_output
from .._options import in_a_folder
from ._shown import print_manifest

__all__ = ["command"]


@click.command("show")
@click.argument("manifest", metavar="NAME|DIR")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    callback=in_a_folder,
    help="Draw the strata here, as SVG.",
)
@pass_output
def command(out: Output, manifest: str, plot: Path | None) -> None:
    """Show a manifest: its strata with the shares reached, its bounds, its gates.

    NAME or NAME@VERSION is looked up in the ledger. A DIR is read as it lies there, unchecked.
    """
    from ledger.errors import RefusedError
    from ledger.manifests.picture import write_plot
    from ledger.manifests.showing import show_folder, show_manifest
    from ledger.manifests.words import show_data, show_lines
    from ledger.provenance.opening import open_ledger

    if Path(manifest).is_dir():
        shown = show_folder(Path(manifest))
    else:
        with open_ledger(out.ledger) as log:
            shown = show_manifest(log, manifest)
    above, below = show_lines(shown)
    if plot is not None:
        if shown.strata is None:
            raise RefusedError(
                f"{manifest}: the vault withholds its strata", hint="name its folder instead"
            )
        write_plot(plot, shown.statement, shown.strata)
        below = [*below, f"drew {plot}"]
    print_manifest(out, (above, below), show_data(shown))
