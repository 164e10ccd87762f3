"""headwater verdict calibrate: score human text that you know, for others to be ranked in."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...output import Output, pass_output
from .._options import engine_options, roots_option

if TYPE_CHECKING:
    from ledger.engines import Workers
    from ledger.verdicts.calibration.make import Calibrated, SourceMade

__all__ = ["command"]


@click.command("calibrate")
@click.argument("name")
@click.option(
    "--human",
    multiple=True,
    required=True,
    metavar="NAME@VERSION|reserve:NAME|DIR",
    help="A source of human text: a dataset, or a sealed reserve by name or folder. Repeatable.",
)
@click.option(
    "--before",
    metavar="DATE",
    help="Of the datasets, what checked evidence dates before this day (or ai-since).",
)
@click.option("--allow-asserted", is_flag=True, help="With --before: dates nobody checked, too.")
@click.option(
    "--by",
    type=click.Choice(["topic"]),
    help="Make a source of each topic that has 100 documents or more.",
)
@click.option(
    "--synthetic",
    metavar="NAME@VERSION",
    help="A dataset of AI text. Else the samples that the detector was made from.",
)
@click.option(
    "--detector",
    metavar="VENDOR[@VERSION]",
    help="Calibrate a vendor's imported results instead of our own detector.",
)
@click.option(
    "--valid-days", type=click.IntRange(min=1, max=3650), default=365, show_default=True,
    help="After these it no longer counts.",
)  # fmt: skip
@click.option(
    "--at-most", type=click.IntRange(min=1, max=50_000), default=5_000, show_default=True,
    help="Documents kept of each source: those of least SHA-256.",
)  # fmt: skip
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A tokenizer.json for `audit entropy`. Else words.",
)
@roots_option
@engine_options
@pass_output
def command(
    out: Output,
    name: str,
    human: tuple[str, ...],
    before: str | None,
    allow_asserted: bool,
    by: str | None,
    synthetic: str | None,
    detector: str | None,
    valid_days: int,
    at_most: int,
    tokenizer: Path | None,
    roots: tuple[Path, ...],
    workers: "Workers",
) -> None:
    """Make a calibration: human text that you know, scored, in which other texts are ranked.

    A verdict then says which share of such human documents score as high. It holds for text like
    that of the calibration, so take it from where the texts to be judged are from, and make it
    again when they change. 99 documents of 100 words or more are the least for a level of 1 %; 499
    make it usable. Scores, lengths and digests are kept in the vault, no text.

    \b
    Examples:
      headwater verdict calibrate news --human reserve:before-2023
      headwater verdict calibrate crawl --human crawl@2025 --before 2022-11-30 --by topic
    """
    if allow_asserted and before is None:
        raise click.UsageError("found --allow-asserted without --before DATE")
    from ledger.provenance.opening import open_ledger
    from ledger.verdicts.calibration.human import Dated
    from ledger.verdicts.calibration.make import calibrate

    with open_ledger(out.ledger, write=True) as log, out.progress(name) as advance:
        made = calibrate(
            log,
            name,
            human,
            dated=None if before is None else Dated(before, allow_asserted),
            by_topic=by == "topic",
            synthetic=synthetic,
            detector=detector,
            valid_days=valid_days,
            at_most=at_most,
            tokenizer=tokenizer,
            roots=roots,
            workers=workers,
            progress=lambda what, done, total, rows: advance(done, total, rows),
        )
    out.result("\n".join(_text(out, made)), _data(made))


def _text(out: Output, made: "Calibrated") -> Iterator[str]:
    from ledger.errors import printable
    from ledger.verdicts.calibration.find import day_of
    from ledger.verdicts.calibration.refuse import USABLE

    body = made.body
    detector = f"{body.detector} {body.detector_version}"
    if body.source != "headwater":
        detector = f"{detector} of {body.source}"
    until = day_of(body.expires_at)
    yield f"{body.name}@{body.version}: {printable(detector)}, valid until {until}"
    yield ""
    yield out.table(
        ["human text", "documents", "taken"],
        [
            (name, source.documents, count)
            for source in made.sources
            for name, count in source.kept.items()
        ],
    )
    yield f"AI text: {body.synthetic:,} documents" + (
        "" if body.synthetic_root else " that the detector was made from, scored as if unseen"
    )
    for source in made.sources:
        yield from _notes(source)
    yield ""
    if made.smallest < USABLE:
        yield (
            f"{made.smallest:,} documents of a source: no p below 1 in {made.smallest + 1:,}, nor "
            f"that in a class of length; {USABLE} or more give a usable resolution"
        )
    yield "a p-value holds for text like this; of other text it says little"
    yield f"{'recorded as' if made.new else 'already recorded as'} entry {made.entry:,}"


def _notes(source: "SourceMade") -> Iterator[str]:
    from ledger.errors import printable
    from ledger.verdicts.calibration.human import reason_words

    name = printable(source.name)
    for reason, count in source.left_out.items():
        yield f"{name}: left out {count:,}: {reason_words(reason)}"
    for reason, count in source.unmeasured.items():
        yield f"{name}: not asked {count:,}: {reason.replace('_', ' ')}"
    if source.before is not None:
        how = "some by their own word" if source.asserted else "as checked evidence shows"
        yield f"{name}: before {source.before}, {how}"
        if source.late:
            yield f"{name}: {source.late}"
    if source.above_cut is not None:
        yield (
            f"{name}: {source.above_cut:,} of {source.sampled:,} score above the detector's own "
            "cut, which 1 % of its human samples do"
        )
    if source.suspected:
        yield (
            f"{name}: its seal left out {source.suspected:,} documents that a detector had found "
            "like AI samples; if this one, p is too small here"
        )


def _data(made: "Calibrated") -> dict[str, Any]:
    return {
        **made.body.plain(),
        "sources": [
            {
                "name": source.name,
                "documents": source.documents,
                "left_out": dict(source.left_out),
                "unmeasured": dict(source.unmeasured),
                "kept": dict(source.kept),
                "above_cut": source.above_cut,
                "suspected": source.suspected,
            }
            for source in made.sources
        ],
        "entry": made.entry,
        "claim_id": made.claim_id,
        "new": made.new,
    }
