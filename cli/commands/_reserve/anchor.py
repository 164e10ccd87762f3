"""headwater reserve anchor: a set whose authors are attested, for the last stage of training."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...output import Output, pass_output
from .._options import engine_options, roots_option

if TYPE_CHECKING:
    from ledger.engines import Workers

__all__ = ["command"]

FOLDER = click.Path(path_type=Path)


@click.command("anchor")
@click.argument("name")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="NAME@VERSION",
    help="What to choose from; may be repeated. Else every dataset.",
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
@click.option("--again", is_flag=True, help="Write the lost folder of a sealed anchor once more.")
@click.option("-o", "--output", "folder", required=True, metavar="DIR", type=FOLDER, help="New.")
@pass_output
def command(
    out: Output,
    name: str,
    datasets: tuple[str, ...],
    against: tuple[str, ...],
    roots: tuple[Path, ...],
    issuer: str | None,
    workers: "Workers",
    again: bool,
    folder: Path,
) -> None:
    """Seal the documents whose authors signed for them, for the last stage of training only.

    As `reserve seal`, but what counts is a signed statement by an author whose key the ledger
    names, and no date. What is declared or found to be AI-written stays out all the same.

    \b
    Example:
      headwater reserve anchor our-writers --dataset essays@3 -o anchor
    """
    from ledger.provenance.opening import open_ledger
    from ledger.reserves.sealing.seal import seal
    from ledger.reserves.sealing.words import sealed_data, sealed_lines
    from ledger.reserves.selection.rule import make_rule

    with open_ledger(out.ledger, write=True) as log, out.progress(name) as advance:
        rule = make_rule(log, name, datasets=datasets, against=against, anchor=True)
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
