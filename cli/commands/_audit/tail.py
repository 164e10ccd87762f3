"""headwater audit tail: how rare the words of a dataset are, and a table of word counts."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...output import Output, pass_output
from .._options import engine_options, in_a_folder, roots_option

if TYPE_CHECKING:
    from ledger.engines import Workers
    from ledger.manifests.tail.measure import Measured

__all__ = ["command"]


@click.command("tail")
@click.argument("dataset", metavar="NAME@VERSION|reserve:NAME@VERSION")
@click.option(
    "--table",
    "counts",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.tsv",
    help="Compare with these word counts; by default with the dataset's own.",
)
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=in_a_folder,
    metavar="FILE.tsv",
    help="Write the dataset's own word counts here.",
)
@roots_option
@engine_options
@pass_output
def command(
    out: Output,
    dataset: str,
    counts: Path | None,
    write: Path | None,
    roots: tuple[Path, ...],
    workers: "Workers",
) -> None:
    """Measure how much of each document is rare words, beside a table of word counts.

    A rare word is one that other documents have, too, and that is not among the most frequent that
    make up 90 % of the text. A mix's [tail] names such a table, so that documents with rare words
    are drawn more often. Noise has none: what no second document says is no word. Documents that
    are too short, mostly no words, lists, or much like another are in no class.

    Make the table of text that you trust, such as a sealed reserve, and keep the file: a manifest
    names it by its SHA-256. It holds the words themselves. Nothing is recorded in the ledger.

    \b
    Examples:
      headwater audit tail reserve:books@1 --write words.tsv
      headwater audit tail crawl@2025 --table words.tsv
    """
    if counts is not None and write is not None:
        raise click.UsageError("found --write beside --table, expected one of the two")
    from ledger.corpus.atomic import whole_file
    from ledger.errors import InputError
    from ledger.manifests.mix.axes import TABLE_SUFFIX
    from ledger.manifests.tail.measure import measure_tail
    from ledger.manifests.tail.table import load_table
    from ledger.provenance.opening import open_ledger

    if write is not None and write.suffix != TABLE_SUFFIX:
        raise InputError(f"{write}: expected a name that ends in {TABLE_SUFFIX}")
    table = None if counts is None else load_table(counts)
    with open_ledger(out.ledger) as log, out.progress(dataset) as advance:
        found = measure_tail(
            log,
            dataset,
            table,
            roots=roots,
            workers=workers,
            progress=lambda _, done, total, documents: advance(done, total, documents),
        )
    lines = _text(out, found)
    if write is not None and found.source is not None:
        with whole_file(write) as file:
            file.write(found.source)
        lines.append(f"wrote {len(found.table):,} words to {write}, {found.table.digest}")
    out.result("\n".join(lines), found.data() | {"wrote": None if write is None else str(write)})


def _text(out: Output, found: "Measured") -> list[str]:
    from ledger.manifests.tail.rate import UNRATED_WORDS
    from ledger.manifests.words import percent

    rated = int((found.rated.score >= 0).sum())
    against = "itself" if found.source is not None else "the table"
    lines = [
        f"{found.dataset}: {found.documents:,} documents against {against}, the word counts of "
        f"{found.table.texts:,} documents",
        "",
        out.table(
            ["words", "types", "tokens"],
            [[name, types, tokens] for name, (types, tokens) in found.kinds.items()],
        ),
        "",
        f"rare words of the {rated:,} documents that can be told",
        out.table(
            ["of the documents", "at most"],
            [[f"{place} %", percent(score)] for place, score in found.percentiles.items()],
        ),
        "",
    ]
    for reason, count in found.rated.reasons.items():
        lines.append(f"in no class: {count:,} {UNRATED_WORDS[reason]}")
    return lines
