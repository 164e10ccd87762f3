"""What a command is asked about, and what it does when an estimate is there."""

import re
from pathlib import Path

from ledger.corpus.atomic import whole_file
from ledger.errors import GateError, InputError, printable
from ledger.verdicts.contamination.estimate import Contamination
from ledger.verdicts.contamination.page import Context, failure, threshold
from ledger.verdicts.contamination.picture import svg
from ledger.verdicts.outcomes import GATE_ESTIMATE, GATE_UPPER

__all__ = ["is_folder", "limits_of", "refuse_failed", "write_plot"]

_DATASET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9._-]*")


def is_folder(target: str, *, asked: bool) -> bool:
    """Whether `target` names a file or folder, and no NAME@VERSION of a ledger.

    What is spelled like a dataset is one unless it was `asked` for a folder.
    """
    return asked or _DATASET.fullmatch(target) is None


def limits_of(level: float | None, upper_level: float | None) -> dict[str, float]:
    """Limits in percent as shares 0 to 1, those reported where none is given.

    Raises InputError for an estimate that may lie above the upper end of its interval.
    """
    low = GATE_ESTIMATE if level is None else level / 100
    high = GATE_UPPER if upper_level is None else upper_level / 100
    if low > high:
        raise InputError(
            f"limits: found {low * 100:g} % for the estimate, expected at most {high * 100:g} %, "
            "the limit of its upper end",
            hint="--level is for the estimate, --upper-level for the upper end of its interval",
        )
    return {"level": low, "upper_level": high}


def refuse_failed(target: str, found: Contamination) -> None:
    """Raises GateError if a limit is exceeded; the hint says how many documents would decide."""
    if not found.passed:
        said, needed = failure(found)
        whose = threshold(found)
        hint = whose if needed is None else f"{needed}; {whose}"
        raise GateError(f"{printable(target)}: {said}", hint=hint)


def write_plot(path: Path, found: Contamination, context: Context) -> None:
    """Draw an estimate into a file, whole or not at all. Raises StorageError."""
    with whole_file(path) as file:
        file.write(svg(found, context).encode())
