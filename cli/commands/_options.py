"""Options that several commands have, spelled once."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

__all__ = [
    "alpha_option",
    "engine_options",
    "in_a_folder",
    "marks_option",
    "roots_option",
    "tokenizers_option",
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


def engine_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--engine`, `--workers` and `--ray-address`, handed over as one value: `workers`."""

    @click.option(
        "--engine",
        default="local",
        show_default=True,
        metavar="NAME",
        help="What does the work: local, processes of this machine; ray (docs/scale.md).",
    )
    @click.option(
        "--workers", type=click.IntRange(min=1), metavar="N", help="Processes; one a processor."
    )
    @click.option(
        "--ray-address",
        metavar="HOST:PORT",
        help="A Ray cluster that runs; auto: this machine's. Else one is started for this call.",
    )
    @wraps(command)
    def with_engine(
        *arguments: Any, engine: str, workers: int | None, ray_address: str | None, **others: Any
    ) -> None:
        from ledger.engines import Engine, engine_of

        chosen = engine_of(Engine(engine, workers, ray_address))  # wrong names before any work
        command(*arguments, workers=chosen, **others)

    return with_engine
