"""headwater author: whose signatures count, and who they are; commands in `_author/`."""

import click

from ..lazy import LazyGroup

__all__ = ["command"]


class _Noun(LazyGroup):
    """A noun's commands, in one list."""

    format_commands = click.Group.format_commands


@click.group(
    "author",
    cls=_Noun,
    package=f"{__package__}._author",
    first=("list", "show", "trust", "revoke", "erase"),
)
def command() -> None:
    """Know authors by their keys.

    What an author signs counts from the entry on that names the key. Name and address stand in no
    entry: they lie in the vault, where `erase` destroys them and every proof still holds.
    """
