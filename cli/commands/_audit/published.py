"""headwater audit published: how much of what was published is declared AI."""

from dataclasses import asdict

import click

from ...output import Output, pass_output

__all__ = ["command"]


@click.command("published")
@click.argument("dataset", metavar="NAME@VERSION")
@pass_output
def command(out: Output, dataset: str) -> None:
    """Count, year by year, how much of a dataset is declared to be written by AI.

    For an organisation that tags what it publishes. What nobody tagged is shown as such and counts
    as neither. Nothing is recorded.

    \b
    Example:
      headwater audit published notes@2025
    """
    from ledger.provenance.models.published import published
    from ledger.provenance.opening import open_ledger

    with open_ledger(out.ledger) as log:
        found = published(log, dataset)
    rows = [
        (
            "unknown" if row.year is None else str(row.year),
            row.documents,
            row.declared,
            _percent(row.declared, row.documents),
            _percent(row.declared_bytes, row.bytes),
            row.without_ai,
            row.silent,
        )
        for row in found
    ]
    headers = [
        "year", "documents", "declared AI", "of documents", "of bytes", "declared without AI",
        "nothing declared",
    ]  # fmt: skip
    note = "note: this is what people and tools declared; what nobody declared may be either"
    out.result(
        "\n".join([out.table(headers, rows), note]),
        [{**asdict(row), "silent": row.silent} for row in found],
    )


def _percent(part: int, whole: int) -> str:
    return f"{part * 1000 // whole / 10:.1f} %" if whole else "-"
