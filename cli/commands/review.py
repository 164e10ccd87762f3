"""headwater review: people who read. Its commands lie in `_review/`."""

import click

from ..lazy import LazyGroup

__all__ = ["command"]


class _Noun(LazyGroup):
    """A noun's commands, in one list."""

    format_commands = click.Group.format_commands


@click.group(
    "review",
    cls=_Noun,
    package=f"{__package__}._review",
    first=("list", "next", "decide", "agreement", "export", "import"),
)
def command() -> None:
    """Have people read what machines cannot decide.

    A reader sees the text first and the evidence after; two who agree settle a document, a third
    where they do not. A review alone never lowers a declaration or a detected mark.
    """
