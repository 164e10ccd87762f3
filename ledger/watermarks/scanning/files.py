"""A search in files that people name, and the picture of what was found."""

import math
from pathlib import Path

from ledger.errors import InputError, printable
from ledger.watermarks.picture import Span, evidence_curve, svg, terminal_bar
from ledger.watermarks.scanning.detect import MarkFinding, TextFindings, detect_text
from ledger.watermarks.scanning.ready import Ready

__all__ = ["alpha_milli_of", "bar", "detect_file", "draw"]

_LARGEST = 64 << 20  # bytes of one text, as readers take them
_LN_10 = math.log(10)


def alpha_milli_of(alpha: float) -> int:
    """-log10 of a level in thousandths, rounded up. Raises InputError outside 1e-300 to 0.1."""
    if not 1e-300 <= alpha <= 0.1:
        raise InputError(f"alpha {alpha:g}, expected a level from 1e-300 to 0.1")
    return math.ceil(round(-1000 * math.log10(alpha), 6))


def detect_file(path: Path, ready: Ready, *, alpha_milli: int) -> TextFindings:
    """Look for marks in a text file. Raises InputError for one that is no text or too large."""
    shown = printable(path)
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"{shown}: {(error.strerror or str(error)).lower()}") from error
    if len(data) > _LARGEST:
        raise InputError(f"{shown}: more than {_LARGEST:,} bytes, expected one text")
    tokenizers = {tokenizer.definition: tokenizer for tokenizer in ready.tokenizers}
    return detect_text(data, ready.targets, tokenizers, alpha_milli=alpha_milli, where=shown)


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
