"""headwater log: the log as others see it."""

import click

from ..output import Output, pass_output

__all__ = ["command"]


@click.group("log")
def command() -> None:
    """Read what the log publishes."""


@command.command("checkpoint")
@pass_output
def checkpoint(out: Output) -> None:
    """Print the newest signed checkpoint, byte for byte.

    A checkpoint is the log's name, its size, its root hash and a signature over the three: who
    keeps one can later prove that no entry below it changed. The form is a C2SP signed note.

    \b
    Example:
      headwater log checkpoint > checkpoint.txt
    """
    from ledger.log.notes import parse_note
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        found, note = log.checkpoint()
        unsigned = log.size - found.size
    signers = [f"{s.name}+{s.key_id.hex()}" for s in parse_note(note).signatures]
    out.result(
        note.removesuffix("\n"),
        {
            "log_name": found.log_name,
            "size": found.size,
            "root": found.root.hex(),
            "signed_by": signers,
            "unsigned": unsigned,
            "note": note,
        },
    )
    if unsigned:
        out.say(
            f"{unsigned:,} newer entries are not signed; the next command that writes signs them"
        )
