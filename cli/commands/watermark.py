"""headwater watermark: registered marks, and a search for them; commands in `_watermark/`."""

import click

from ..lazy import LazyGroup

__all__ = ["command"]


class _Noun(LazyGroup):
    """A noun's commands, in one list."""

    format_commands = click.Group.format_commands


@click.group(
    "watermark",
    cls=_Noun,
    package=f"{__package__}._watermark",
    first=(
        "register", "list", "show", "check", "detect", "calibrate", "correct", "rotate", "retire",
        "revoke", "share", "recipient", "export", "import", "evaluate",
    ),
)  # fmt: skip
def command() -> None:
    """Register watermarks of language models, and look for them in text.

    A mark is a scheme with its parameters, a key and a tokenizer, signed by its provider. A finding
    says that a text is consistent with a key; whoever can detect a mark may be able to forge it.
    `headwater scan` looks for all registered marks in a dataset.
    """
