"""headwater tag export: what a text's tags say, in a form that others read."""

from pathlib import Path

import click

from ...output import Output, pass_output
from .._options import in_a_folder

__all__ = ["command"]

_FILE = click.Path(path_type=Path)


@click.command("export")
@click.argument("file", metavar="FILE", type=_FILE)
@click.option(
    "--as",
    "form",
    required=True,
    type=click.Choice(["sentence", "html", "trailer", "front-matter", "json-ld", "sidecar"]),
    help="An AI Attribution statement, or the form of a convention.",
)
@click.option(
    "-o",
    "--output",
    "target",
    type=_FILE,
    metavar="FILE",
    callback=in_a_folder,
    help="Write the whole text with the disclosure in it. Else only the disclosure is printed.",
)
@pass_output
def command(out: Output, file: Path, form: str, target: Path | None) -> None:
    """Say what the tags of FILE say to whoever reads it.

    Only tags that were declared or signed are said to others: what was imported from a file or is
    of little weight is not, nor what a detector found. -o writes other bytes than those that were
    tagged: ingest and tag the file that you publish.

    \b
    Examples:
      headwater tag export letter.md --as sentence
      headwater tag export letter.md --as front-matter -o public/letter.md
    """
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.tags.exporting import exported
    from ledger.provenance.tags.tagging import read_text

    text = read_text(file)
    if form == "sentence" and target is not None:
        raise click.UsageError("found -o with --as sentence, which stands in no text")
    with open_ledger(out.ledger) as log:
        data = exported(log, text.content, form, name=file.name, whole=target is not None)
    if target is None:
        said = data.decode()
        out.result(said.removesuffix("\n"), {"file": str(file), "as": form, "text": said})
        return
    target.write_bytes(data)
    out.result(f"wrote {target}", {"file": str(file), "as": form, "output": str(target)})
