"""What a calibration is not made of, and why: each a clear refusal before anything is recorded."""

from collections.abc import Mapping, Sequence

from ledger.corpus.neardup.side import Digests, find_digests
from ledger.errors import InputError, printable
from ledger.reserves.statement import NAME
from ledger.verdicts.calibration.sample import Part
from ledger.verdicts.outcomes import ALPHA_AI, MIN_WORDS
from ledger.verdicts.scanning.detectors import Detector
from ledger.verdicts.scanning.gather import Scored
from ledger.verdicts.statistics.conformal import least_documents

__all__ = ["USABLE", "check_parts", "check_request", "refuse_documents", "shown"]

USABLE = 499
"""Human documents from which p has five steps below the level of one in a hundred."""

_MAX_NAME = 200
_NAMED = 3


def check_request(name: str, human: Sequence[str], valid_days: int, at_most: int) -> None:
    """Raise InputError for a name, a set of sources or a number that no calibration can have."""
    if NAME.fullmatch(name) is None:
        raise InputError(
            f"{printable(name)!r}: expected letters, digits, . _ and -, 100 of them at most",
            hint="headwater verdict calibrate blogs --human NAME@VERSION",
        )
    if not human:
        raise InputError(
            "no human text, expected a dataset, a reserve or the folder of one",
            hint="--human NAME@VERSION, reserve:NAME or DIR",
        )
    if valid_days < 1:
        raise InputError(f"valid for {valid_days} days, expected at least 1")
    if at_most < least_documents(ALPHA_AI):
        raise InputError(
            f"at most {at_most:,} documents a source, expected at least "
            f"{least_documents(ALPHA_AI)} for {100 * ALPHA_AI:g} %"
        )


def refuse_documents(scored: Scored, ai: Scored | None, detector: Detector, name: str) -> None:
    """Raise InputError where human documents are AI text, or trained the detector."""
    usable = scored.take(scored.measurable)
    trained = usable.digests[detector.trained_on(usable.digests)]
    if len(trained):
        raise InputError(
            f"{printable(name)}: {len(trained):,} documents trained {detector.label}: "
            f"{shown(trained)}; expected text that it never saw",
            hint="leave them out: what it says of them is no test",
        )
    if ai is None:
        return
    both = usable.digests[find_digests(usable.digests, ai.digests) >= 0]
    if len(both):
        raise InputError(
            f"{printable(name)}: {len(both):,} documents are AI text, too: {shown(both)}; "
            "expected sets that share none",
            hint="a document of both sets is wrong in one of them",
        )


def check_parts(
    parts: Mapping[str, Part], made: Mapping[str, object], without: Mapping[str, int]
) -> None:
    """Raise InputError for a source that was `made` before, or has too few documents.

    `without` counts those it could not use, by reason.
    """
    least = least_documents(ALPHA_AI)
    for source, part in parts.items():
        if source in made:
            raise InputError(f"{printable(source)} is named twice as human text")
        if len(source) > _MAX_NAME:
            raise InputError(
                f"{printable(source)}: a name of {len(source)} characters, "
                f"expected at most {_MAX_NAME}"
            )
        if len(part) < least:
            others = ", ".join(
                f"{count:,} {reason.replace('_', ' ')}" for reason, count in without.items()
            )
            raise InputError(
                f"{printable(source)}: found {len(part):,} human documents of {MIN_WORDS} words "
                f"of prose or more{f' (and {others})' if others else ''}, expected at least "
                f"{least} for {100 * ALPHA_AI:g} %",
                hint="--allow-asserted takes dates that nobody checked, and the calibration says so"
                if without.get("only_asserted")
                else f"{USABLE} or more give a usable resolution",
            )


def shown(digests: Digests) -> str:
    """The first few of some documents, for a message."""
    names = [f"sha256:{row.tobytes().hex()}" for row in digests[:_NAMED]]
    return ", ".join(names) + (", …" if len(digests) > _NAMED else "")
