"""Options that several commands have, spelled once."""

from pathlib import Path

import click

__all__ = [
    "alpha_option",
    "in_a_folder",
    "marks_option",
    "roots_option",
    "tokenizers_option",
    "workers_option",
]


def in_a_folder(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """The file to write, refused before anything is read or recorded where its folder is not."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"no such folder: {path.parent}")
    return path


alpha_option = click.option(
    "--alpha",
    default=1e-9,
    show_default=True,
    type=float,
    help="Risk of a false alarm per text, shared among the marks looked for.",
)
marks_option = click.option(
    "--watermark",
    "names",
    multiple=True,
    metavar="NAME[@VERSION]",
    help="Look for this registered mark. Else for every mark whose key is at hand.",
)
roots_option = click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Look for inputs that have moved below this folder.",
)
tokenizers_option = click.option(
    "--tokenizer",
    "tokenizers",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The tokenizer.json of a model that bears a mark; one given before is remembered.",
)
workers_option = click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes; one a processor."
)
