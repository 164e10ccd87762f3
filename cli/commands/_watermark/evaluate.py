"""headwater watermark evaluate: what the detector finds in files of vectors."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...output import Output, pass_output

if TYPE_CHECKING:
    from ledger.watermarks.scanning.evaluate import Evaluation

__all__ = ["command"]


@click.command("evaluate")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.jsonl…",
)
@click.option(
    "--skip-unsupported",
    is_flag=True,
    help="Documents of schemes that are not in the catalogue are counted, and no error.",
)
@pass_output
def command(out: Output, files: tuple[Path, ...], skip_unsupported: bool) -> None:
    """Measure detection where the marks are known.

    Each line of a FILE is a JSON object with family, scheme, params, key_id, watermarked, and
    generated_ids (or, for marks of characters, text). Only generated_ids are scored. A marked
    document is tested with its own key; an unmarked one with every key that the other files name.
    `iou` says how well the reported spans cover a marked part of 200 tokens or more.

    \b
    Examples:
      headwater watermark evaluate vectors/*.jsonl
      headwater --json watermark evaluate hf_synthid.jsonl neg.jsonl
    """
    from ledger.errors import InputError, printable
    from ledger.watermarks.scanning.evaluate import evaluate

    found = evaluate(files, unsupported="count")
    out.result("\n\n".join(_tables(out, found)), found.plain())
    if found.unsupported and not skip_unsupported:
        skip = "--skip-unsupported takes that for no error"
        first, count = found.unsupported[0], sum(row.unsupported for row in found.unsupported)
        raise InputError(
            f"{count:,} {'document was' if count == 1 else 'documents were'} not looked at, the "
            f"first of family {printable(first.family)}: {first.reason}",
            hint=f"{first.hint}; {skip}" if first.hint else skip,
        )


def _tables(out: Output, found: "Evaluation") -> Iterator[str]:
    if found.marked:
        yield out.table(
            ["marked", "documents", "p < 1e-3", "p < 1e-6", "median log10 p", "IoU"],
            [
                (
                    row.family,
                    row.documents,
                    row.detected_1e3,
                    row.detected_1e6,
                    f"{row.median_log10_p:.2f}",
                    None if row.iou is None else f"{row.iou:.3f}",
                )
                for row in found.marked
            ],
        )
    if found.unmarked:
        yield out.table(
            ["unmarked", "documents", "keys", "pairs", "p < 1e-3", "p < 1e-6"],
            [
                (row.family, row.documents, row.keys, row.pairs, row.hits_1e3, row.hits_1e6)
                for row in found.unmarked
            ],
        )
    if found.unicode:
        yield out.table(
            ["characters", "documents", "detected", "false flags"],
            [(row.family, row.documents, row.detected, row.false_flags) for row in found.unicode],
        )
    if found.unsupported:
        yield out.table(
            ["not looked at", "documents", "of these", "because"],
            [(row.family, row.documents, row.unsupported, row.reason) for row in found.unsupported],
        )
