"""headwater reserve: dated documents, sealed with their text. Its commands lie in `_reserve/`."""

import click

from ..lazy import LazyGroup

__all__ = ["command"]


class _Noun(LazyGroup):
    """A noun's commands, in one list."""

    format_commands = click.Group.format_commands


@click.group(
    "reserve",
    cls=_Noun,
    package=f"{__package__}._reserve",
    first=("seal", "anchor", "list", "show", "check", "prove", "stamp"),
)
def command() -> None:
    """Seal dated documents, and ask sealed ones.

    A reserve holds texts that existed before a date, with the evidence for it, in files that
    nobody can change unseen. That a text is old does not say who wrote it.
    """
