"""headwater reserve seal: dated documents with their text, in files that nobody changes unseen."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...output import Output, pass_output
from .._options import engine_options, roots_option

if TYPE_CHECKING:
    from ledger.engines import Workers

__all__ = ["command"]

FOLDER = click.Path(path_type=Path)


@click.command("seal")
@click.argument("name")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="NAME@VERSION",
    help="What to choose from; may be repeated. Else every dataset.",
)
@click.option(
    "--before",
    metavar="DATE",
    help="The cut-off, 2022-11-30 unless given; ai-since: when the datasets' writers got AI tools.",
)
@click.option(
    "--min-evidence",
    "level",
    default="E3",
    show_default=True,
    metavar="LEVEL",
    help="The weakest checked evidence that counts, E1 to E5.",
)
@click.option(
    "--allow-asserted", is_flag=True, help="Take dates that nobody checked, too; the seal says so."
)
@click.option(
    "--against",
    multiple=True,
    metavar="NAME@VERSION",
    help="Leave out what is like a document there; datasets of channel own_synthetic always are.",
)
@roots_option
@click.option("--issuer", metavar="NAME", help="Your organisation. Else the ledger's name.")
@engine_options
@click.option("--again", is_flag=True, help="Write the lost folder of a sealed reserve once more.")
@click.option("-o", "--output", "folder", required=True, metavar="DIR", type=FOLDER, help="New.")
@pass_output
def command(
    out: Output,
    name: str,
    datasets: tuple[str, ...],
    before: str | None,
    level: str,
    allow_asserted: bool,
    against: tuple[str, ...],
    roots: tuple[Path, ...],
    issuer: str | None,
    workers: "Workers",
    again: bool,
    folder: Path,
) -> None:
    """Seal the documents that existed before a day, as evidence shows, with their text.

    Every text is read and hashed again. What is edited later, declared or found to be AI-written,
    taken down, or like a dataset it is held against stays out, and is counted. DIR/content is the
    same from any ledger that holds the same claims; DIR/receipts says who sealed it and when.
    Sealing other documents under the same NAME makes the next version, which names this one.

    \b
    Examples:
      headwater reserve seal before-2023 --dataset news@2022 -o sealed
      headwater reserve seal ours --before ai-since --allow-asserted -o sealed-ours
    """
    from ledger.provenance.opening import open_ledger
    from ledger.reserves.sealing.seal import seal
    from ledger.reserves.sealing.words import sealed_data, sealed_lines
    from ledger.reserves.selection.rule import make_rule, parse_level

    weakest = parse_level(level)
    with open_ledger(out.ledger, write=True) as log, out.progress(name) as advance:
        rule = make_rule(
            log,
            name,
            datasets=datasets,
            before=before,
            min_level=weakest,
            allow_asserted=allow_asserted,
            against=against,
        )
        sealed = seal(
            log,
            rule,
            folder,
            roots=roots,
            issuer=issuer,
            again=again,
            workers=workers,
            progress=lambda what, done, total, documents: advance(done, total, documents),
        )
    out.result("\n".join(sealed_lines(sealed)), sealed_data(sealed))
