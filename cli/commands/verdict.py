"""headwater verdict: detectors of AI text, calibrated; one file a command in `_verdict/`."""

import click

from ..lazy import LazyGroup

__all__ = ["command"]


class _Noun(LazyGroup):
    """A noun's commands, in one list."""

    format_commands = click.Group.format_commands


@click.group(
    "verdict",
    cls=_Noun,
    package=f"{__package__}._verdict",
    first=("list", "calibrate", "evaluate", "import", "train"),
)
def command() -> None:
    """Calibrate detectors of AI text on human text that you know, and measure how far they err.

    A detector says that a text is like its samples of AI text; nobody can say more. What it says
    counts only where a calibration on known human text stands behind it, and then for a suspicion.
    `headwater scan` asks it about a dataset, `headwater audit contamination` estimates a share.
    """
