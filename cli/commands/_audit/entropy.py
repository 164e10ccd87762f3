"""headwater audit entropy: which batches of a stream are unlike known human text."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...output import Output, pass_output
from .._options import engine_options, in_a_folder, roots_option

if TYPE_CHECKING:
    from ledger.engines import Workers
    from ledger.verdicts.batches.audit import Report

__all__ = ["command"]


@click.command("entropy")
@click.argument("targets", nargs=-1, required=True, metavar="NAME@VERSION|PATH…")
@click.option(
    "--calibration",
    metavar="NAME",
    help="Compare with this calibration of the ledger; for a dataset the newest by default.",
)
@click.option("--source", metavar="SOURCE", help="Compare with this source of it alone.")
@click.option(
    "--human",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="Files: compare with the known human text here; no ledger is needed.",
)
@click.option(
    "--batch-documents",
    type=click.IntRange(min=1),
    metavar="N",
    help="Make a batch of every N documents. Else every input file is one.",
)
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Count the tokens of this tokenizer.json instead of words.",
)
@click.option(
    "--window",
    type=click.IntRange(min=1_024),
    default=8_192,
    show_default=True,
    metavar="TOKENS",
    help="Measure diversity over this many tokens, or a half, a quarter … of them.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=0.01,
    show_default=True,
    help="Level of a batch's test: so many batches of human text are held by it.",
)
@click.option(
    "--rule",
    type=click.Choice(["calibrated", "floor-3.2"]),
    default="calibrated",
    show_default=True,
    help="floor-3.2 is the article's: hold a batch below 3.2 bits a token. Measured: it finds "
    "nothing. Of 3,000 documents none is below 4.68 bits, batches of 8,192 tokens have 9.3, and a "
    "sentence repeated 500 times has 3.33 and passes.",
)
@click.option("--gate", is_flag=True, help="End with status 4 if a batch is held.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    callback=in_a_folder,
    help="Draw a control chart here, as SVG.",
)
@roots_option
@engine_options
@pass_output
def command(
    out: Output,
    targets: tuple[str, ...],
    calibration: str | None,
    source: str | None,
    human: tuple[Path, ...],
    batch_documents: int | None,
    tokenizer: Path | None,
    window: int,
    alpha: float,
    rule: str,
    gate: bool,
    plot: Path | None,
    roots: tuple[Path, ...],
    workers: "Workers",
) -> None:
    """Find the batches of a stream of training text that are unlike known human text.

    Batches come in the order of training. Of each, the scores of its documents are tested against
    those of known human text; a running sum over the batches finds a small shift that lasts; and
    its entropy, repetition, compression and rare words are held against bands of such text, which
    finds floods of copies and templates. A batch that is held is for a person to look at.

    It only watches, unless --gate is given. Without known human text nothing is compared and there
    is no gate. The audit of a dataset of the ledger is recorded; that of files is not.

    \b
    Examples:
      headwater audit entropy crawl@2025 --batch-documents 500
      headwater audit entropy batches/*.jsonl --human blog-2019/ --gate --plot chart.svg
    """
    from ledger.verdicts.batches.audit import Asked, audit_dataset, audit_files
    from ledger.verdicts.batches.compare import Rules
    from ledger.verdicts.batches.page import HEADERS, plain, rows, sparkline, summary
    from ledger.verdicts.batches.target import dataset_of, refuse_gate, refuse_held, write_plot
    from ledger.verdicts.batches.tokens import load_tokenizer

    dataset = dataset_of(targets)
    if dataset is not None and human:
        raise click.UsageError("found --human for NAME@VERSION, expected --calibration NAME")
    if human and (calibration is not None or source is not None):
        raise click.UsageError("found --human and --calibration or --source, expected one of them")
    if dataset is None and (roots or (source is not None and calibration is None)):
        name = "root" if roots else "source"
        raise click.UsageError(f"found --{name} for files, expected it with NAME@VERSION")
    asked = Asked(Rules(rule, alpha), load_tokenizer(tokenizer), batch_documents, window)
    refuse_gate(gate, asked, human=bool(human) or calibration is not None or dataset is not None)
    found: Report
    paths = [Path(target) for target in targets]
    with out.progress(" ".join(targets)) as advance:
        if dataset is not None:
            from ledger.provenance.opening import open_ledger

            with open_ledger(out.ledger, write=True) as log:
                found = audit_dataset(
                    log,
                    dataset,
                    asked,
                    calibration=calibration,
                    source=source,
                    roots=roots,
                    workers=workers,
                    progress=advance,
                )
        elif calibration is not None:
            from ledger.provenance.opening import open_ledger

            with open_ledger(out.ledger) as log:
                found = audit_files(
                    paths,
                    asked,
                    log=log,
                    calibration=calibration,
                    source=source,
                    progress=advance,
                )
        else:
            found = audit_files(paths, asked, human=human, progress=advance)
    lines = [out.table(HEADERS, rows(found.audited)), "", *sparkline(found.audited)]
    lines += [*summary(found)]
    data = plain(found)
    if found.entry is not None:
        word = "recorded as" if found.entry.new else "already recorded as"
        lines.append(f"{word} entry {found.entry.index:,}")
    if plot is not None:
        write_plot(plot, found)
        lines.append(f"drew {plot}")
        data["plot"] = str(plot)
    out.result("\n".join(lines), data)
    refuse_held(gate, found)
