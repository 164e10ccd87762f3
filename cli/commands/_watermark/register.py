"""headwater watermark register: a mark, from its description or its signed entry."""

from pathlib import Path

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("register")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The envelope with the key, where the provider sent it apart from the entry.",
)
@click.option(
    "-o",
    "--output",
    "entry",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the signed entry here, to hand it to others.",
)
@pass_output
def command(out: Output, file: Path, key: Path | None, entry: Path | None) -> None:
    """Register a mark.

    FILE is a description in TOML of a mark of your own, which is signed with your key of use
    `provider`, or an entry that another provider signed and whose key you trust. Where the
    mark's key is at hand, its conformance vectors must be reproduced; without it the mark is
    registered unverified, cannot be looked for, and makes no label.

    A key that is not public is encrypted, and lies in the ledger's vault: only your config folder
    opens it. Delete it from the description, or keep that file as you keep keys.

    \b
    A description:
      name = "example.org/chat"            version = "1"
      provider = "Example Ltd"             algorithm = "gumbel-philox/single@1"
      vocab_size = 50257                   tokenizer = "tokenizer.json"
      key_class = "committed"              parameters = { context_width = 4 }
      key = { key = "1234567890123456789" }
    or key_class = "public", "remote", or "sealed" to recipients = { NAME = "hwr1…" }

    \b
    Examples:
      headwater key generate marks.example.org --use provider
      headwater watermark register chat.toml -o chat.entry.json
      headwater watermark register theirs.entry.json --key theirs.key.json
    """
    from ledger.corpus.atomic import whole_file
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.registry.entry import format_entry_file
    from ledger.watermarks.registry.register import register

    from ._shown import registered_data, registered_lines

    with open_ledger(out.ledger, write=True) as log:
        done = register(log, file, key=key)
    lines, data = registered_lines(done), registered_data(done)
    if entry is not None:
        with whole_file(entry) as to:
            to.write(format_entry_file(done.file))
        lines.append(f"wrote {entry}")
        data["file"] = str(entry)
    out.result("\n".join(lines), data)
