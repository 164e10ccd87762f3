"""headwater watermark recipient: what providers encrypt their keys to."""

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("recipient")
@pass_output
def command(out: Output) -> None:
    """Print what providers encrypt their keys to, for you.

    It is not secret; send it over a channel on which you cannot be impersonated. The private half
    is made on first use and lies in the config folder.

    \b
    Example:
      headwater watermark recipient
    """
    from ledger.log.keys import KeyRing
    from ledger.watermarks.registry.recipients import my_recipient

    mine = my_recipient(KeyRing())
    if mine.created:
        out.say(f"made {mine.path}, the private half: keep it as you keep your keys")
    out.result(mine.recipient, {"recipient": mine.recipient, "file": str(mine.path)})
