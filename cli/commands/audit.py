"""headwater audit: measurements of a whole dataset; its commands are the files of `_audit/`."""

import click

from ..lazy import LazyGroup

__all__ = ["command"]


class _Noun(LazyGroup):
    """A noun's commands, in one list."""

    format_commands = click.Group.format_commands


@click.group(
    "audit",
    cls=_Noun,
    package=f"{__package__}._audit",
    first=("contamination", "entropy", "overlap", "tail"),
)
def command() -> None:
    """Measure a dataset as a whole: its share of AI text, its batches, what it shares with others.

    What is measured is recorded in the ledger, and a certificate quotes it; `tail` and `published`
    only print.
    """
