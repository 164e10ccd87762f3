"""headwater ingest: files in, claims in the log."""

from collections.abc import Mapping
from pathlib import Path

import click

from ..output import Output, pass_output

_SHOWN = 6  # kinds of what was passed over; --json has them all


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--dataset", metavar="NAME@VERSION", help="The dataset the documents belong to.")
@click.option(
    "--describe",
    "describe_with",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A dataset.toml; by default the one in or beside PATH.",
)
@click.option("--format", "format_name", metavar="NAME", help="Read as this format, not by suffix.")
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Record the good rows and write the bad ones here, with reasons.",
)
@click.option(
    "--max-document-bytes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Reject documents over this size (64 MiB).",
)
@click.option(
    "--ai-since",
    metavar="YYYY-MM[-DD]",
    help="From when the writers had AI tools: the organisation's own boundary.",
)
@click.option(
    "--option",
    "settings",
    multiple=True,
    metavar="READER.OPTION=VALUE",
    help="A reader's own option, such as git.rev=v4.1.",
)
@pass_output
def command(
    output: Output,
    paths: tuple[Path, ...],
    dataset: str | None,
    describe_with: Path | None,
    format_name: str | None,
    rejects: Path | None,
    max_document_bytes: int | None,
    ai_since: str | None,
    settings: tuple[str, ...],
) -> None:
    """Record documents and where they came from.

    Nothing is recorded unless every row can be read; --rejects records the good ones and writes
    the others to a file. Running the same command again records only what is missing.

    \b
    Example:
      headwater ingest corpus.jsonl.gz --dataset news@2022
    """
    from dataclasses import asdict, replace

    from ledger.corpus.dataset import month_or_day
    from ledger.corpus.ingest import ingest
    from ledger.corpus.readers import DEFAULTS, parse_settings
    from ledger.provenance.opening import open_ledger

    options = replace(DEFAULTS, settings=parse_settings(settings))
    if max_document_bytes is not None:
        options = replace(options, max_document_bytes=max_document_bytes)
    with (
        open_ledger(output.ledger, write=True) as log,
        output.progress(", ".join(path.name for path in paths[:3])) as advance,
    ):
        found = ingest(
            log,
            paths,
            dataset=dataset,
            describe_with=describe_with,
            format=format_name,
            rejects=rejects,
            options=options,
            ai_tools_since=None if ai_since is None else month_or_day(ai_since),
            progress=lambda what, done, total, documents: advance(done, total, documents),
        )
    span = f", entries {found.first:,}–{found.size - 1:,}" if found.size > found.first else ""
    lines = [
        f"{found.dataset}: recorded {found.recorded:,} of {found.documents:,} documents "
        f"({found.bytes:,} bytes) from {found.inputs:,} "
        f"input{'s' if found.inputs != 1 else ''}{span}"
    ]
    if found.already:
        lines.append(f"{found.already:,} were already recorded")
    if found.rejected:
        rows = "1 row" if found.rejected == 1 else f"{found.rejected:,} rows"
        lines.append(f"{rows} rejected, written to {rejects}")
    for title, counts in (("passed over", found.passed), ("not read", found.left_over)):
        if counts:
            lines.append(f"{title}: {_listed(counts)}")
    lines += [f"evidence E{item.level}, {item.outcome}: {item.detail}" for item in found.evidence]
    output.result("\n".join(lines), asdict(found))


def _listed(counts: Mapping[str, int]) -> str:
    """`what (count)` of the most frequent, and how many others there are."""
    most = sorted(counts, key=lambda what: (-counts[what], what))
    said = [f"{what} ({counts[what]:,})" for what in most[:_SHOWN]]
    if more := sum(counts[what] for what in most[_SHOWN:]):
        said.append(f"others ({more:,})")
    return ", ".join(said)
