"""headwater tag status: which tags have found their document."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...output import Output, pass_output
from .._options import engine_options, roots_option

if TYPE_CHECKING:
    from ledger.engines import Workers
    from ledger.provenance.tags.attach import Attached
    from ledger.provenance.tags.matching import Standing

__all__ = ["command"]

_SHOWN = 20


@click.command("status")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="NAME@VERSION",
    help="Only documents of this dataset count; may be repeated. Else those of all.",
)
@click.option("--search", is_flag=True, help="Read the texts, for tags that wait; records them.")
@click.option("--tags", "listed", is_flag=True, help="List every tag, not only those that wait.")
@roots_option
@engine_options
@pass_output
def command(
    out: Output,
    datasets: tuple[str, ...],
    search: bool,
    listed: bool,
    roots: tuple[Path, ...],
    workers: "Workers",
) -> None:
    """Say which tags have found their document.

    A tag is of exact bytes. One whose document was never ingested waits for it. With --search the
    texts of the datasets are read for other renderings of what was tagged: other line endings,
    Unicode forms, layout, Markdown without its marks. There the tag is said again, unsigned, with
    its spans where they are found.

    \b
    Examples:
      headwater tag status
      headwater tag status --dataset site@2026 --search
    """
    from ledger.provenance.opening import open_ledger
    from ledger.provenance.tags.matching import matches, summed

    attached = None
    with open_ledger(out.ledger, write=search) as log:
        if search:
            from ledger.provenance.tags.attach import attach, datasets_read

            with out.progress("searching") as advance:
                attached = attach(
                    log, datasets or datasets_read(log), roots=roots, workers=workers,
                    progress=advance,
                )  # fmt: skip
        found = matches(log, datasets)
    counts = summed(found)
    rows = [item for item in found if listed or item.state == "waiting"]
    lines = [
        f"{counts.matched:,} of {counts.tags:,} tags matched: {counts.exact:,} exactly, "
        f"{counts.rendered:,} in another rendering ({counts.lost_spans:,} with drifted spans); "
        f"{counts.waiting:,} wait for their document"
    ]
    if attached is not None:
        lines.append(_searched(attached))
    if rows:
        shown = rows if listed else rows[:_SHOWN]
        lines += ["", out.table(["entry", "claim", "ai", "model", "state"], map(_row, shown))]
        if len(shown) < len(rows):
            lines.append(f"and {len(rows) - len(shown):,} more; --tags lists all")
    out.result(
        "\n".join(lines),
        {
            "tags": counts.tags,
            "matched": counts.matched,
            "exact": counts.exact,
            "rendered": counts.rendered,
            "drifted_spans": counts.lost_spans,
            "waiting": counts.waiting,
            "searched": None if attached is None else attached.searched,
            "recorded": None if attached is None else attached.recorded,
            "listed": [
                {
                    "entry": item.index,
                    "claim": item.claim_id,
                    "document": item.entry.subject,
                    "state": item.state,
                    "drifted_spans": item.lost_spans,
                    "body": dict(item.entry.body),
                }
                for item in rows
            ],
        },
    )


def _searched(attached: "Attached") -> str:
    return (
        f"searched {attached.searched:,} documents: {len(attached.recorded):,} tags said again, "
        f"{attached.lost_spans:,} with drifted spans"
    )


def _row(item: "Standing") -> tuple[object, ...]:
    body = item.entry.body
    state = item.state + (", spans drifted" if item.lost_spans else "")
    return item.index, item.claim_id[:19], body["assistance"], body.get("model"), state
