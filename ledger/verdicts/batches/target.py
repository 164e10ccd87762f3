"""What a command is asked to audit, and what it does when the result is there."""

import re
from collections.abc import Sequence
from pathlib import Path

from ledger.corpus.atomic import whole_file
from ledger.errors import GateError, InputError, printable
from ledger.verdicts.batches.audit import Asked, Report
from ledger.verdicts.batches.compare import FLOOR
from ledger.verdicts.batches.picture import svg

__all__ = ["dataset_of", "refuse_gate", "refuse_held", "write_plot"]

_DATASET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9._-]*")
_HINT = "headwater verdict calibrate makes a calibration; --human PATH names known human text"


def dataset_of(targets: Sequence[str]) -> str | None:
    """The one dataset that is named, or None where files are.

    What is spelled like a dataset is a file where one of that name is there. Raises InputError for
    a dataset among others.
    """
    named = [
        target
        for target in targets
        if _DATASET.fullmatch(target) is not None and not Path(target).exists()
    ]
    if named and len(targets) > 1:
        raise InputError(
            f"{printable(named[0])}: a dataset among {len(targets):,} inputs, expected one by "
            "itself, or files"
        )
    return named[0] if named else None


def refuse_gate(gate: bool, asked: Asked, *, human: bool) -> None:
    """Raise GateError for a gate on the article's floor, or with nothing to compare with."""
    if gate and asked.rules.rule == FLOOR:
        raise GateError(
            f"rule {FLOOR}: found --gate, expected a calibration to gate by",
            hint="without --rule, batches are held against known human text",
        )
    if gate and not human:
        raise GateError("no calibration: found --gate, expected known human text", hint=_HINT)


def refuse_held(gate: bool, report: Report) -> None:
    """With a gate, raise GateError if a batch is held or nothing could be compared."""
    if not gate:
        return
    if not report.audited.known:
        raise GateError(
            f"{printable(report.what)}: no calibration that counts, expected one to gate by",
            hint=_HINT,
        )
    held = report.audited.held
    if held:
        raise GateError(
            f"{printable(report.what)}: {len(held):,} of {len(report.audited.judged):,} batches "
            f"held, the first {printable(held[0].batch.name, 80)}",
            hint="look at their documents (--json lists them) before training on them",
        )


def write_plot(path: Path, report: Report) -> None:
    """Draw a control chart into a file, whole or not at all. Raises StorageError."""
    with whole_file(path) as file:
        file.write(svg(report).encode())
