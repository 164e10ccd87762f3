"""Options that several commands of `headwater manifest` have."""

from pathlib import Path

import click

__all__ = ["epoch_option", "manifest_argument"]

manifest_argument = click.argument(
    "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True)
)
epoch_option = click.option(
    "--epoch", type=click.IntRange(0), default=0, show_default=True, metavar="N", help="Which one."
)
