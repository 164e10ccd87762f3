"""headwater scan: look through a dataset with detectors, and record what they found."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..output import Output, pass_output
from ._options import alpha_option, engine_options, marks_option, roots_option, tokenizers_option
from ._scan_marks import marks_data, marks_text
from ._scan_verdicts import verdicts_data, verdicts_text

if TYPE_CHECKING:
    from ledger.engines import Workers
    from ledger.errors import GateError
    from ledger.log.log import Log
    from ledger.verdicts.calibration.find import Profile

__all__ = ["command"]

_MARKS, _CLASSIFIER = "watermarks", "classifier"
_NO_MARKS = "no marks were looked for: none is registered whose key is at hand"


@click.command("scan")
@click.argument("dataset", metavar="NAME@VERSION")
@click.option(
    "--detector",
    "detectors",
    multiple=True,
    type=click.Choice([_MARKS, _CLASSIFIER]),
    help="Ask this one only; may be repeated. Else all that are ready.",
)
@marks_option
@tokenizers_option
@alpha_option
@click.option(
    "--calibration",
    metavar="NAME[@VERSION]",
    help="The human text to rank documents in. Else the newest calibration.",
)
@roots_option
@engine_options
@pass_output
def command(
    out: Output,
    dataset: str,
    detectors: tuple[str, ...],
    names: tuple[str, ...],
    tokenizers: tuple[Path, ...],
    alpha: float,
    calibration: str | None,
    roots: tuple[Path, ...],
    workers: "Workers",
) -> None:
    """Look for AI text in a dataset: by registered watermarks, and by a calibrated classifier.

    Each run is one entry of the ledger: what was asked, at what level, how many documents were too
    short to tell, and what was found. What is found of a document becomes a claim about it, which
    decides its label: a mark makes known AI text if nobody but the provider had the key, suspected
    if others could have made it; a classifier makes a suspicion at most, and only where it is
    calibrated on known human text. Documents without a finding stay unknown.

    Token ids and scores are kept in LEDGER.sidecars, so that the next run need not make them again:
    whoever reads token ids reads the texts, so keep the folder as you keep those, or delete it:
    nothing is lost.

    \b
    Examples:
      headwater scan crawl@2025
      headwater scan crawl@2025 --watermark example.org/chat --alpha 1e-6
      headwater scan crawl@2025 --detector classifier --calibration blogs
    """
    from ledger.provenance.documents import find_dataset
    from ledger.provenance.opening import open_ledger
    from ledger.verdicts.scanning.scan import scan_dataset as ask_classifier
    from ledger.watermarks.scanning.files import alpha_milli_of
    from ledger.watermarks.scanning.ready import Ready, make_ready
    from ledger.watermarks.scanning.scan import scan_dataset as look_for_marks

    milli, asked = alpha_milli_of(alpha), detectors or (_MARKS, _CLASSIFIER)
    with open_ledger(out.ledger, write=True) as log:
        find_dataset(log.connection, dataset)  # before what is wrong with the detectors is said
        needed = bool(calibration) or _CLASSIFIER in detectors
        profile, refusal = None, None
        if _CLASSIFIER in asked:
            profile, refusal = _profile(log, calibration, needed)
        if refusal is not None:
            out.say(f"no verdicts and no gate: {refusal}")
            out.say(f"hint: {refusal.hint}")
        ready = Ready((), ())
        if _MARKS in asked:
            optional = profile is not None and not names and not detectors
            ready = make_ready(log, names, tokenizers, optional=optional)
        marks = verdicts = None
        with out.progress(dataset) as advance:
            options: dict[str, Any] = {
                "roots": roots,
                "workers": workers,
                "progress": lambda what, done, total, rows: advance(done, total, rows),
            }
            if ready.targets:
                marks = look_for_marks(
                    log, dataset, ready.targets, ready.tokenizers, alpha_milli=milli, **options
                )
            if profile is not None:
                verdicts = ask_classifier(log, dataset, profile, **options)
    parts = []
    if marks is not None:
        parts.append("\n".join(marks_text(out, marks)))
    elif _MARKS in asked:
        parts.append(_NO_MARKS)
    if verdicts is not None:
        parts.append("\n".join(verdicts_text(out, verdicts)))
    data = {
        "dataset": dataset,
        **({} if marks is None else marks_data(marks)),
        "verdicts": None if verdicts is None else verdicts_data(verdicts),
        "no_verdicts": None if refusal is None else str(refusal),
    }
    out.result("\n\n".join(parts), data)


def _profile(
    log: "Log", name: str | None, needed: bool
) -> "tuple[Profile | None, GateError | None]":
    """The calibration to rank in, or why there is none; raises that where one is needed."""
    from ledger.errors import GateError
    from ledger.verdicts.calibration.find import find_profile

    try:
        return find_profile(log, name, at=log.clock()), None
    except GateError as error:
        if needed:
            raise
        return None, error
