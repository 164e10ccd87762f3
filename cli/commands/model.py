"""headwater model: language models and what they came from. Its commands lie in `_model/`."""

import click

from ..lazy import LazyGroup

__all__ = ["command"]


class _Noun(LazyGroup):
    """A noun's commands, in one list."""

    format_commands = click.Group.format_commands


@click.group(
    "model",
    cls=_Noun,
    package=f"{__package__}._model",
    first=("register", "list", "lineage"),
)
def command() -> None:
    """Register language models and ask what they came from.

    A model that learned from what models wrote is a generation later than they are. Generations
    are lower bounds: what nobody recorded counts as unknown, never as human.
    """
