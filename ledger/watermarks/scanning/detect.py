"""One text against registered marks: what a person sees. Records nothing.

The text is taken as it is, its Unicode marks are told and left out of the copy that is tokenized,
and every place is given in bytes of the text as it came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError
from ledger.provenance.marks import correction_milli
from ledger.watermarks.detector import Detections, judge, statistics_of
from ledger.watermarks.scanning.claims import Span
from ledger.watermarks.scanning.decide import UNREACHABLE, least_units
from ledger.watermarks.scanning.hits import byte_spans
from ledger.watermarks.scanning.targets import ScanTarget, by_tokenizer
from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokenization import Tokenizer
from ledger.watermarks.tokens import Ids, Ints, Scores, Tokens
from ledger.watermarks.unicode_marks import UnicodeMark, strip

__all__ = ["MarkFinding", "Outcome", "TextFindings", "detect_ids", "detect_text", "evidence"]

Outcome = Literal["detected", "below_alpha", "undecidable"]

_LOG10 = float(np.log(10))


@dataclass(frozen=True)
class MarkFinding:
    """What one mark came to: p of this text and mark alone, `corrected` for all looked for.

    Both are log10, never above 0, and rounded towards 0 by at most 0.001. `least` units are needed
    for a decision at α, None where no length would do. `ratios` are what the units at the tokens
    `positions` speak for the mark, as natural logarithms: for a picture.
    """

    target: ScanTarget
    outcome: Outcome
    tokens: int
    counted: int
    least: int | None
    statistic: float
    log10_p: float
    corrected: float
    spans: tuple[Span, ...]
    warnings: tuple[str, ...]
    positions: Ints = field(repr=False, compare=False)
    ratios: npt.NDArray[np.float64] = field(repr=False, compare=False)


@dataclass(frozen=True)
class TextFindings:
    """A text by its digest, `bytes` long, and what was found of each mark asked for."""

    document: str
    bytes: int
    alpha_milli: int
    marks: tuple[MarkFinding, ...]
    unicode: tuple[UnicodeMark, ...]


def detect_text(
    text: str | bytes,
    targets: Sequence[ScanTarget],
    tokenizers: Mapping[str, Tokenizer],
    *,
    alpha_milli: int,
    where: str = "the text",
) -> TextFindings:
    """Look for marks in a text. `tokenizers` are by the fingerprint of their definition.

    Raises InputError for what is no UTF-8 or holds a lone surrogate, with `where`, and for a mark
    whose tokenizer is not there.
    """
    raw = _decoded(text, where)
    data = raw.encode()
    stripped = strip(raw)
    found: dict[str, MarkFinding] = {}
    for group in by_tokenizer(targets):
        tokenizer = tokenizers.get(group[0].tokenizer)
        if tokenizer is None:
            raise InputError(
                f"mark {group[0].name}: its tokenizer is not there, expected {group[0].tokenizer}",
                hint="--tokenizer FILE takes the tokenizer.json of the model that bears the mark",
            )
        tokens = tokenizer.encode_batch([stripped.text])
        for target in group:
            one = _find(tokens, target, len(targets), alpha_milli)
            milli = [(start, end, _milli(log_p)) for start, end, log_p in one.spans]
            spans = byte_spans(stripped, tokenizer, len(tokens.ids), milli)
            found[target.subject] = one.told(target, spans)
    return TextFindings(
        document=f"sha256:{sha256(data).hexdigest()}",
        bytes=len(data),
        alpha_milli=alpha_milli,
        marks=tuple(found[target.subject] for target in targets),
        unicode=stripped.marks,
    )


def detect_ids(
    ids: Sequence[int] | Ids, targets: Sequence[ScanTarget], *, alpha_milli: int
) -> tuple[MarkFinding, ...]:
    """Look for marks in token ids, which no bytes are known of: byte places are 0.

    Raises InputError for what is no token id.
    """
    by_tokenizer(targets)  # none is named twice
    if isinstance(ids, np.ndarray):
        tokens = Tokens(ids.astype(np.uint32), np.array([0, len(ids)], np.int64))
    else:
        tokens = Tokens.of([ids])
    findings = []
    for target in targets:
        one = _find(tokens, target, len(targets), alpha_milli)
        spans = tuple(Span(start, end, 0, 0, _milli(log_p)) for start, end, log_p in one.spans)
        findings.append(one.told(target, spans))
    return tuple(findings)


def evidence(scores: Scores, mark: Mark) -> tuple[Ints, npt.NDArray[np.float64]]:
    """(token positions, ln likelihood ratios) of a batch of one document, unit by unit.

    Of the alternatives that marked parts are looked for with, the one that the strongest part
    speaks for most.
    """
    chosen, most = np.zeros(len(scores.values)), -1.0
    for tilt in mark.null.tilts():
        ratios = tilt.llr(scores.values)
        walk = np.cumsum(ratios)
        rise = walk - np.minimum(np.minimum.accumulate(walk), 0.0)
        if rise.max(initial=0.0) > most:
            chosen, most = ratios, float(rise.max(initial=0.0))
    return scores.positions, chosen


@dataclass(frozen=True)
class _One:
    """One mark's result for one document, in tokens."""

    outcome: Outcome
    tokens: int
    counted: int
    least: int | None
    statistic: float
    milli: int
    corrected: int
    spans: list[tuple[int, int, float]]
    curve: tuple[Ints, npt.NDArray[np.float64]]

    def told(self, target: ScanTarget, spans: tuple[Span, ...]) -> MarkFinding:
        return MarkFinding(
            target=target,
            outcome=self.outcome,
            tokens=self.tokens,
            counted=self.counted,
            least=self.least,
            statistic=self.statistic,
            log10_p=-self.milli / 1000,
            corrected=-self.corrected / 1000,
            spans=spans,
            warnings=target.warnings,
            positions=self.curve[0],
            ratios=self.curve[1],
        )


def _find(tokens: Tokens, target: ScanTarget, keys: int, alpha_milli: int) -> _One:
    mark = target.open()
    scores = mark.score(tokens, mark.prepare(tokens))
    found: Detections = judge(scores, mark)
    counted, least = int(found.counted[0]), least_units(mark, alpha_milli, keys)
    milli = _milli(float(found.log_p[0]))
    corrected = max(milli - correction_milli(keys), 0)
    outcome: Outcome = "below_alpha" if counted >= least else "undecidable"
    if milli - correction_milli(keys) >= alpha_milli:
        outcome = "detected"
    return _One(
        outcome=outcome,
        tokens=len(tokens.ids),
        counted=counted,
        least=least if least < UNREACHABLE else None,
        statistic=float(statistics_of(scores)[0]),
        milli=milli,
        corrected=corrected,
        spans=found.spans.of(0),
        curve=evidence(scores, mark),
    )


def _milli(log_p: float) -> int:
    """-log10 p in thousandths, rounded down."""
    return int(np.floor(-log_p / _LOG10 * 1000))


def _decoded(text: str | bytes, where: str) -> str:
    try:
        if isinstance(text, bytes):
            return text.decode()
        text.encode()
    except UnicodeDecodeError as error:
        raise InputError(f"{where}, byte {error.start}: not UTF-8, expected text") from None
    except UnicodeEncodeError as error:
        raise InputError(
            f"{where}, character {error.start}: a surrogate by itself, expected Unicode text"
        ) from None
    return text
