"""What a search needs, by name: decoders of marks, and the tokenizers that they score with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import InputError, printable
from ledger.log.log import Log
from ledger.provenance.overlap import sidecar_folder
from ledger.watermarks.registry.states import open_marks
from ledger.watermarks.scanning.calibrate import newest_calibration
from ledger.watermarks.scanning.targets import ScanTarget, target_of
from ledger.watermarks.tokenization.kept import find_kept, keep
from ledger.watermarks.tokenization.load import Tokenizer, load

__all__ = ["Ready", "make_ready"]


@dataclass(frozen=True)
class Ready:
    """Marks that can be looked for, and a tokenizer for each."""

    targets: tuple[ScanTarget, ...]
    tokenizers: tuple[Tokenizer, ...]


def make_ready(
    log: Log,
    names: Sequence[str] = (),
    tokenizers: Sequence[Path] = (),
    *,
    optional: bool = False,
) -> Ready:
    """The named marks, or every mark that can be looked for here.

    `tokenizers` are files; one that was given before is found beside the ledger. Raises
    UnknownNameError, VerificationError for a named mark that is not verified, InputError where a
    mark's tokenizer is not there, or nothing can be looked for; if that is `optional`, not.
    """
    folder = sidecar_folder(log.location)
    opened = open_marks(log, list(names) or None)
    if not opened and optional and not tokenizers:
        return Ready((), ())
    if not opened:
        raise InputError(
            f"{log.location}: no mark can be looked for, expected a registered one with its key",
            hint="headwater watermark list names all; headwater watermark show NAME says why not",
        )
    targets = []
    for mark in opened:
        record = newest_calibration(log, mark.subject)
        targets.append(target_of(mark, None if record is None else record.claim_id))
    given: dict[str, Tokenizer] = {}
    for path in tokenizers:
        tokenizer = load(path)
        if all(target.tokenizer != tokenizer.definition for target in targets):
            wanted = ", ".join(sorted({target.tokenizer for target in targets}))
            raise InputError(
                f"{printable(path)}: tokenizer {tokenizer.definition}, expected {wanted}",
                hint="ids of another tokenizer say nothing; get the file that marks text",
            )
        given[tokenizer.definition] = tokenizer
    known: dict[str, Tokenizer] = {}
    for target in targets:
        found = (
            known.get(target.tokenizer)
            or given.get(target.tokenizer)
            or find_kept(folder, target.tokenizer)
        )
        if found is None:
            raise InputError(
                f"mark {printable(target.name)}: its tokenizer is not here, expected one with the "
                f"fingerprint {target.tokenizer}",
                hint="--tokenizer FILE names the tokenizer.json of the model that bears the mark",
            )
        known[target.tokenizer] = found
    for tokenizer in given.values():
        keep(tokenizer, folder)
    return Ready(tuple(targets), tuple(known.values()))
