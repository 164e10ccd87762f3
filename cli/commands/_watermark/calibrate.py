"""headwater watermark calibrate: how often a mark is found where it cannot be."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...output import Output, pass_output
from .._options import engine_options, roots_option, tokenizers_option

if TYPE_CHECKING:
    from ledger.engines import Workers

__all__ = ["command"]


@click.command("calibrate")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option(
    "--reserve",
    required=True,
    metavar="NAME|DIR",
    help="A sealed reserve of human text: its NAME[@VERSION] in the ledger, or its folder.",
)
@tokenizers_option
@roots_option
@engine_options
@pass_output
def command(
    out: Output,
    name: str,
    reserve: str,
    tokenizers: tuple[Path, ...],
    roots: tuple[Path, ...],
    workers: "Workers",
) -> None:
    """Count a mark's false alarms in a sealed reserve.

    Its texts are older than the mark and cannot bear it. The counts are recorded, tied to the
    reserve's content root, and quoted by every later detection of the mark.

    \b
    Example:
      headwater watermark calibrate example.org/chat --reserve before-2023
    """
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.scanning.calibrate import calibrate
    from ledger.watermarks.scanning.ready import make_ready

    with open_ledger(out.ledger, write=True) as log:
        ready = make_ready(log, [name], tokenizers)
        with out.progress(f"{name} in {reserve}") as advance:
            done = calibrate(
                log,
                ready.targets[0],
                ready.tokenizers[0],
                reserve,
                roots=roots,
                workers=workers,
                progress=lambda what, done, total, rows: advance(done, total, rows),
            )
    body = done.body
    levels = [body.at_2, body.at_3, body.at_4, body.at_5, body.at_6]
    rows = [
        (f"1e-{place}", count, f"{body.tested / 10**place:>16g}")
        for place, count in enumerate(levels, 2)
    ]
    lines = [
        f"{done.target.name} in {body.reserve}: {body.documents:,} documents, {body.tested:,} of "
        "them long enough to test",
        "",
        out.table(["p at or below", "documents", "expected at most"], rows),
        "",
        "p is this mark's alone; a search for n marks asks for an n-th of its level of each",
        f"{'recorded as' if done.new else 'already recorded as'} entry {done.entry:,}",
    ]
    out.result(
        "\n".join(lines),
        {**body.plain(), "entry": done.entry, "claim_id": done.claim_id, "new": done.new},
    )
