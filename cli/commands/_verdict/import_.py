"""headwater verdict import: what a vendor's detector said of documents, as claims."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...output import Output, pass_output

if TYPE_CHECKING:
    from ledger.verdicts.imported.record import Imported

__all__ = ["command"]


@click.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE…",
)
@click.option("--form", required=True, metavar="NAME", help="pangram, gptzero or columns.")
@click.option("--vendor", metavar="NAME", help="Whose results they are; needed with columns.")
@click.option("--version", metavar="V", help="The detector's, where a record does not say.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="OURS=THEIRS",
    help="What they call score, stated, version, sha256 or text.",
)
@pass_output
def command(
    out: Output,
    files: tuple[Path, ...],
    form: str,
    vendor: str | None,
    version: str | None,
    columns: tuple[str, ...],
) -> None:
    """Record a vendor's results as claims about documents of the ledger.

    Each record of a FILE (.json, .jsonl, .csv or .parquet) names its document by `sha256`, or
    brings its exact `text`, of which only the digest is kept. What the vendor calls a text is
    recorded in its own words and counts for nothing by itself: a vendor's detector is calibrated on
    known human text like ours, and then ranks documents.

    \b
    Examples:
      headwater verdict import results.jsonl --form pangram
      headwater verdict import ours.csv --form columns --vendor example --version 3
      headwater verdict calibrate blogs --human old@1 --detector pangram
    """
    pairs = {}
    for column in columns:
        name, equals, theirs = column.partition("=")
        if not equals or not theirs:
            raise click.UsageError(f"--column {column}: expected OURS=THEIRS")
        pairs[name] = theirs
    from ledger.provenance.opening import open_ledger
    from ledger.verdicts.imported.record import import_results

    with open_ledger(out.ledger, write=True) as log:
        found = import_results(log, files, form, vendor=vendor, version=version, columns=pairs)
    out.result(_text(found), _data(found))


def _text(found: "Imported") -> str:
    from ledger.errors import printable

    lines = [
        f"{printable(found.vendor)}: {found.results:,} results read, {found.claims:,} of documents "
        f"of this ledger, {found.fresh:,} of them new"
    ]
    for number, words in (
        (found.unknown, "of documents that this ledger does not have, left out"),
        (found.silent, "that say nothing"),
        (found.repeated, "came again for the same document; the last one counts"),
    ):
        if number:
            lines.append(f"{number:,} {words}")
    lines += [f"detector: {printable(name)}" for name in found.detectors]
    if found.claims:
        lines.append(
            "they count for nothing until calibrated: headwater verdict calibrate NAME "
            f"--human NAME@VERSION --detector {printable(found.vendor)}"
        )
    return "\n".join(lines)


def _data(found: "Imported") -> dict[str, object]:
    return {
        "vendor": found.vendor,
        "results": found.results,
        "unknown": found.unknown,
        "silent": found.silent,
        "repeated": found.repeated,
        "claims": found.claims,
        "fresh": found.fresh,
        "detectors": list(found.detectors),
    }
