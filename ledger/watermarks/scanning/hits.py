"""The documents in which something was found, read once more: where it lies in the raw text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ledger.corpus.neardup.side import Digests, digest_rows, distinct, find_digests
from ledger.engines import Source
from ledger.errors import DocumentMismatchError
from ledger.watermarks.scanning.claims import Hit, Span
from ledger.watermarks.scanning.decide import Decisions
from ledger.watermarks.scanning.targets import ScanTarget
from ledger.watermarks.tokenization import Tokenizer
from ledger.watermarks.unicode_marks import Stripped, UnicodeMark, strip

__all__ = ["Read", "Token", "byte_spans", "read_hits"]

Token = tuple[int, int, int]
"""(first token, end, -log10 p in thousandths)."""


@dataclass(frozen=True)
class Read:
    """Marks found, each with its document, and the Unicode marks of each document that has any."""

    hits: tuple[tuple[ScanTarget, Hit], ...]
    unicode: Mapping[str, tuple[UnicodeMark, ...]]


def byte_spans(
    stripped: Stripped, tokenizer: Tokenizer, tokens: int, spans: Sequence[Token]
) -> tuple[Span, ...]:
    """Spans of tokens with their bytes in the raw text.

    Raises DocumentMismatchError where the text has other than `tokens` tokens.
    """
    if not spans:
        return ()
    ranges = tokenizer.offsets(stripped.text)
    if len(ranges) != tokens:
        raise DocumentMismatchError(
            f"a text of {tokens:,} tokens has {len(ranges):,} now",
            hint="delete the sidecars beside the ledger and run the same command again",
        )
    starts = np.array([ranges[start, 0] for start, _, _ in spans], np.int64)
    ends = np.array([ranges[end - 1, 1] for _, end, _ in spans], np.int64)
    first, last = stripped.ranges_to_raw(starts, ends)
    return tuple(
        Span(start, end, low, high, milli)
        for (start, end, milli), low, high in zip(spans, first.tolist(), last.tolist(), strict=True)
    )


def read_hits(
    decisions: Decisions,
    targets: Sequence[ScanTarget],
    tokenizers: Mapping[str, Tokenizer],
    sources: Sequence[Source],
    flagged: Digests,
) -> Read:
    """What was found, by document: claimed pairs, and Unicode marks of the `flagged` digests.

    `targets` are in the order of the decisions' marks. Raises DocumentMismatchError for a document
    that is in no source any more, and what the sources raise.
    """
    pairs, corpus = decisions.pairs, decisions.corpus
    places: dict[int, list[int]] = {}
    for place in decisions.claimed.tolist():
        places.setdefault(int(pairs.document[place]), []).append(place)
    wanted = distinct(np.concatenate([corpus.digests[sorted(places)], flagged]))
    hits: dict[int, list[tuple[ScanTarget, Hit]]] = {}
    unicode: dict[str, tuple[UnicodeMark, ...]] = {}
    for digest, text in _texts(sources, wanted):
        subject = f"sha256:{digest.tobytes().hex()}"
        stripped = strip(text)
        if stripped.marks:
            unicode[subject] = stripped.marks
        document = int(find_digests(digest.reshape(1, 32), corpus.digests)[0])
        hits[document] = [
            _hit(decisions, place, subject, targets, tokenizers, stripped)
            for place in places.get(document, ())
        ]
    found = tuple(hit for document in sorted(hits) for hit in hits[document])
    return Read(found, dict(sorted(unicode.items())))


def _hit(
    decisions: Decisions,
    place: int,
    subject: str,
    targets: Sequence[ScanTarget],
    tokenizers: Mapping[str, Tokenizer],
    stripped: Stripped,
) -> tuple[ScanTarget, Hit]:
    pairs = decisions.pairs
    target = targets[int(pairs.mark[place])]
    tokens = int(pairs.tokens[place])
    spans = [(start, end, micro // 1000) for start, end, micro in pairs.spans(place)]
    return target, Hit(
        document=subject,
        tokens=tokens,
        counted=int(pairs.counted[place]),
        statistic_micro=int(pairs.statistic[place]),
        neg_log10_p_milli=int(pairs.micro[place]) // 1000,
        spans=byte_spans(stripped, tokenizers[target.tokenizer], tokens, spans),
    )


def _texts(sources: Sequence[Source], wanted: Digests) -> Iterator[tuple[Digests, str]]:
    """Each wanted digest once, with its text, in the order of the sources."""
    seen = np.zeros(len(wanted), np.bool_)
    for source in sources:
        if seen.all():
            return
        for table in source.tables():
            place = find_digests(digest_rows(table.column("sha256")), wanted)
            for row in np.flatnonzero(place >= 0).tolist():
                if not seen[place[row]]:
                    seen[place[row]] = True
                    yield wanted[place[row]], table.column("text")[row].as_py()
    if not seen.all():
        missing = wanted[int(np.argmin(seen))]
        raise DocumentMismatchError(
            f"document sha256:{missing.tobytes().hex()}: in no input any more",
            hint="an input was changed while it was scanned",
        )
