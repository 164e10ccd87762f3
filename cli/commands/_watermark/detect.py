"""headwater watermark detect: look for registered marks in single texts."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...output import Output, pass_output
from .._options import alpha_option, marks_option, tokenizers_option

if TYPE_CHECKING:
    from ledger.watermarks.scanning.detect import MarkFinding, TextFindings

__all__ = ["command"]

_LISTED = 6


@click.command("detect")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE…",
)
@marks_option
@tokenizers_option
@alpha_option
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw where the strongest mark lies, as SVG. For one FILE.",
)
@pass_output
def command(
    out: Output,
    files: tuple[Path, ...],
    names: tuple[str, ...],
    tokenizers: tuple[Path, ...],
    alpha: float,
    plot: Path | None,
) -> None:
    """Look for registered marks in single texts.

    Marks of invisible and look-alike characters are told too. A finding says that a text is
    consistent with a key, never who wrote it; whoever can detect a mark may be able to forge it.
    `undecidable` means that a text is too short for the level that was asked for. Nothing is
    recorded: `headwater scan` does that for a dataset.

    \b
    Examples:
      headwater watermark detect essay.txt
      headwater watermark detect essay.txt --watermark example.org/chat --plot essay.svg
    """
    if plot is not None and len(files) != 1:
        raise click.UsageError(f"found --plot with {len(files)} files, expected one of them")
    from ledger.corpus.atomic import whole_file
    from ledger.provenance.opening import open_ledger
    from ledger.watermarks.scanning.files import (
        alpha_milli_of,
        check_files,
        detect_file,
        draw,
    )
    from ledger.watermarks.scanning.ready import make_ready

    milli = alpha_milli_of(alpha)
    check_files(files)
    with open_ledger(out.ledger) as log:
        ready = make_ready(log, names, tokenizers)
    found = [detect_file(file, ready, alpha_milli=milli) for file in files]
    lines = [line for file, one in zip(files, found, strict=True) for line in _text(out, file, one)]
    lines += _notes(found)
    data = [_data(file, one) for file, one in zip(files, found, strict=True)]
    if plot is not None:
        with whole_file(plot) as to:
            to.write(draw(found[0], files[0].name).encode())
        lines.append(f"wrote {plot}")
        data[0]["plot"] = str(plot)
    out.result("\n".join(lines), data)


def _text(out: Output, file: Path, found: "TextFindings") -> Iterator[str]:
    from ledger.errors import printable
    from ledger.watermarks.scanning.files import bar

    from ._shown import OUTCOMES, plain_p

    yield str(file)
    yield out.table(
        ["mark", "outcome", "p", "tokens", "counted", "needed"],
        [
            (
                mark.target.name,
                OUTCOMES[mark.outcome],
                plain_p(mark.corrected),
                mark.tokens,
                mark.counted,
                mark.least,
            )
            for mark in found.marks
        ],
    )
    for mark in found.marks:
        if mark.outcome == "detected":
            yield ""
            yield (
                f"consistent with key {printable(mark.target.name)}, "
                f"p = {plain_p(mark.corrected)}; whoever can detect may be able to forge"
            )
            yield from bar(mark).splitlines()[:2]
            yield from _spans(mark)
    if found.unicode:
        yield ""
        yield "marks of characters, which decide no label"
        yield out.table(
            ["kind", "bytes", "characters", "note"],
            [
                (item.kind, f"{item.start:,} to {item.end:,}", item.count, item.note)
                for item in found.unicode
            ],
        )
    yield ""


def _spans(mark: "MarkFinding") -> Iterator[str]:
    from ._shown import plain_p

    strongest = sorted(mark.spans, key=lambda span: -span.neg_log10_p_milli)[:_LISTED]
    for span in sorted(strongest, key=lambda span: span.start):
        yield (
            f"tokens {span.start:,} to {span.end:,}, bytes {span.first_byte:,} to "
            f"{span.end_byte:,}: p = {plain_p(-span.neg_log10_p_milli / 1000)}"
        )
    if len(mark.spans) > _LISTED:
        yield f"and {len(mark.spans) - _LISTED:,} weaker parts; --json lists them all"


def _notes(found: Sequence["TextFindings"]) -> Iterator[str]:
    """What holds for all of the texts, once."""
    from ledger.errors import printable

    marks = [mark for one in found for mark in one.marks]
    keys, level = len(found[0].marks), f"1e-{found[0].alpha_milli / 1000:g}"
    shared = f", corrected for {keys:,} marks looked for" if keys > 1 else ""
    yield f"found: p at or below {level}{shared}"
    outcomes = {mark.outcome for mark in marks}
    if "undecidable" in outcomes:
        yield (
            f"undecidable: fewer tokens counted than `needed` to reach {level}, even if all of "
            "them were marked"
        )
    if "below_alpha" in outcomes:
        yield "not found: says nothing of who wrote the text"
    warnings = [
        f"warning: {printable(mark.target.name)}: {printable(warning, 400)}"
        for mark in marks
        if mark.outcome == "detected"
        for warning in mark.warnings
    ]
    yield from dict.fromkeys(warnings)


def _data(file: Path, found: "TextFindings") -> dict[str, Any]:
    return {
        "file": str(file),
        "document": found.document,
        "bytes": found.bytes,
        "alpha_milli": found.alpha_milli,
        "marks": [_mark(mark) for mark in found.marks],
        "unicode": [
            {
                "kind": item.kind,
                "start": item.start,
                "end": item.end,
                "count": item.count,
                "payload": None if item.payload is None else item.payload.hex(),
                "note": item.note,
            }
            for item in found.unicode
        ],
    }


def _mark(mark: "MarkFinding") -> dict[str, Any]:
    return {
        "mark": mark.target.name,
        "subject": mark.target.subject,
        "key_class": mark.target.key_class,
        "outcome": mark.outcome,
        "tokens": mark.tokens,
        "counted": mark.counted,
        "least": mark.least,
        "statistic": mark.statistic,
        "log10_p": mark.log10_p,
        "corrected": mark.corrected,
        "calibration": mark.target.calibration,
        "spans": [span.plain() for span in mark.spans],
        "warnings": list(mark.warnings),
    }
