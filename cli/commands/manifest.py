"""headwater manifest: signed selections for training runs. Its commands lie in `_manifest/`."""

import click

from ..lazy import LazyGroup

__all__ = ["command"]


class _Noun(LazyGroup):
    """A noun's commands, in one list."""

    format_commands = click.Group.format_commands


@click.group(
    "manifest",
    cls=_Noun,
    package=f"{__package__}._manifest",
    first=("build", "show", "diff", "audit", "export", "pull"),
)
def command() -> None:
    """Select documents for a training run, in controlled ratios, and sign what was selected.

    A manifest says how much of what, by which seed and thresholds, and holds the texts, so that a
    trainer can check every document while it streams.
    """
