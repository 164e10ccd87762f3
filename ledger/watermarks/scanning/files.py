"""A search in files that people name, and the picture of what was found."""

import math
from collections.abc import Sequence
from pathlib import Path

from ledger.errors import InputError, printable
from ledger.watermarks.picture import Span, evidence_curve, svg, terminal_bar
from ledger.watermarks.scanning.detect import MarkFinding, TextFindings, detect_text
from ledger.watermarks.scanning.ready import Ready

__all__ = ["alpha_milli_of", "bar", "check_files", "detect_file", "draw"]

_LARGEST = 64 << 20  # bytes of one text, as readers take them
_LN_10 = math.log(10)


def alpha_milli_of(alpha: float) -> int:
    """-log10 of a level in thousandths, rounded up. Raises InputError outside 1e-300 to 0.1."""
    if not 1e-300 <= alpha <= 0.1:
        raise InputError(
            f"alpha: found {alpha:g}, expected a level from 1e-300 to 0.1",
            hint="--alpha 1e-9 is a false alarm in 1,000,000,000 texts",
        )
    return math.ceil(round(-1000 * math.log10(alpha), 6))


def check_files(paths: Sequence[Path]) -> None:
    """Raises InputError for the first that cannot be read, before anything is got ready."""
    for path in paths:
        _read(path, 1)


def detect_file(path: Path, ready: Ready, *, alpha_milli: int) -> TextFindings:
    """Look for marks in a text file. Raises InputError for one that is no text or too large."""
    shown, data = printable(path), _read(path, _LARGEST + 1)
    if len(data) > _LARGEST:
        raise InputError(f"{shown}: more than {_LARGEST:,} bytes, expected one text")
    tokenizers = {tokenizer.definition: tokenizer for tokenizer in ready.tokenizers}
    return detect_text(data, ready.targets, tokenizers, alpha_milli=alpha_milli, where=shown)


def _read(path: Path, most: int) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{printable(path)}: {reason}, expected a text") from error


def bar(found: MarkFinding) -> str:
    """Where the mark lies, as one line of characters with its parts below."""
    return terminal_bar(found.tokens, _spans(found))


def draw(found: TextFindings, name: str) -> str:
    """The strongest mark of a text as an SVG drawing; `name` is the text's."""
    strongest = min(found.marks, key=lambda mark: mark.log10_p)
    return svg(
        strongest.tokens,
        _spans(strongest),
        evidence_curve(strongest.positions, strongest.ratios),
        name,
        key=strongest.target.name,
        log_p=strongest.corrected * _LN_10,
        found=strongest.outcome == "detected",
    )


def _spans(found: MarkFinding) -> list[Span]:
    return [
        Span(span.start, span.end, -span.neg_log10_p_milli * _LN_10 / 1000) for span in found.spans
    ]
