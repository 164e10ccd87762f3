"""headwater watermark share: hand a mark's key to somebody, encrypted."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("share")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option(
    "--to",
    "recipients",
    multiple=True,
    required=True,
    metavar="WHO=hwr1…",
    help="Who, and what `watermark recipient` prints there. May be repeated.",
)
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The envelope to hand over.",
)
@pass_output
def command(out: Output, name: str, recipients: tuple[str, ...], file: Path) -> None:
    """Encrypt the key of a mark to somebody.

    To a regulator, an auditor, a customer. Only they can open it. Whoever has the key can look for
    the mark, and may be able to forge it.

    \b
    Example:
      headwater watermark share example.org/chat --to regulator=hwr1… -o chat.key.json
    """
    from ledger.corpus.atomic import whole_file
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.registry.changes import share

    named = {}
    for given in recipients:
        who, _, to = given.rpartition("=")
        if not who:
            raise click.UsageError(f"found --to {given}, expected WHO=hwr1…")
        named[who] = to
    with open_ledger(out.ledger) as log:
        envelope = share(log, name, named)
    with whole_file(file) as to_write:
        to_write.write(envelope.data)
    out.result(
        f"wrote {file}, for {', '.join(named)}", {"file": str(file), "recipients": sorted(named)}
    )
