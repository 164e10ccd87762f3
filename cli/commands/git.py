"""headwater git: hooks, notes and trailers of a git repository. Its commands lie in `_git/`."""

import click

from ..lazy import LazyGroup

__all__ = ["command"]


class _Noun(LazyGroup):
    """A noun's commands, in one list."""

    format_commands = click.Group.format_commands


@click.group(
    "git",
    cls=_Noun,
    package=f"{__package__}._git",
    first=("install", "uninstall", "import", "export", "blame"),
)
def command() -> None:
    """Tags in a git repository, without a thought by those who commit.

    Hooks add `Assisted-by:` to a commit that holds a tagged text; notes (refs/notes/ai) and
    trailers are read into the ledger, and written from it. What nothing covers is unknown.
    """
