"""Spans of one content, looked for in another: found where their exact bytes stand, or drifted.

Where they stand once, that is the place; where several times, the place whose surroundings are
those of the tag. Bytes that were changed are never called found: nobody spoke of the new ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.provenance.tags.spans import SUM_MODULUS, Range, Span

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["LEAST_BYTES", "MAX_CONTENT", "Drifted", "Found", "find_again"]

LEAST_BYTES = 32  # a shorter span is found only where its surroundings are the same, too
MAX_CONTENT = 64 << 20  # bytes; the search takes about 40 times as much memory
_MOST_PLACES = 10_000  # candidates that are hashed for one span
_MOST_HASHED = 256 << 20  # bytes hashed for one span


@dataclass(frozen=True, slots=True)
class Found:
    """Where a span's exact bytes stand now."""

    start: int
    end: int

    @property
    def range(self) -> Range:
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class Drifted:
    """A span that is nowhere, or in several places of which none is its own.

    `reason` is "gone", "ambiguous", or "too_long" for a content over MAX_CONTENT.
    """

    span: Span
    reason: str


def find_again(spans: Sequence[Span], new_content: bytes) -> tuple[Found | Drifted, ...]:
    """For each span where it is in `new_content`. O(n) a span, in numpy; no text is needed.

    A span is found at the one place that has its bytes and, of equal prefix and suffix, the most;
    at least one of them where it is shorter than LEAST_BYTES.
    """
    if len(new_content) > MAX_CONTENT:
        return tuple(
            Found(*span.range) if _stands(span, new_content) else Drifted(span, "too_long")
            for span in spans
        )
    sums: npt.NDArray[np.int64] | None = None
    powers: npt.NDArray[np.int64] | None = None
    found: list[Found | Drifted] = []
    for span in spans:
        if _stands(span, new_content):
            found.append(Found(*span.range))
            continue
        if sums is None or powers is None:
            sums, powers = _sums(new_content)
        found.append(_search(span, new_content, sums, powers))
    return tuple(found)


def _stands(span: Span, content: bytes) -> bool:
    """Whether the span and what surrounds it are where they were."""
    start = span.start
    return (
        span.end <= len(content)
        and sha256(memoryview(content)[start : span.end]).digest() == span.sha256
        and _surrounded(span, content, start) == 2
    )


def _search(span: Span, content: bytes, sums: Any, powers: Any) -> Found | Drifted:
    length = span.end - span.start
    places = _places(span, length, sums, powers)
    if len(places) > _MOST_PLACES or len(places) * length > _MOST_HASHED:
        return Drifted(span, "ambiguous")
    view = memoryview(content)
    exact = [at for at in places if sha256(view[at : at + length]).digest() == span.sha256]
    if not exact:
        return Drifted(span, "gone")
    ranks = [_surrounded(span, content, at) for at in exact]
    best = max(ranks)
    if ranks.count(best) > 1 or (best == 0 and length < LEAST_BYTES):
        return Drifted(span, "ambiguous")
    at = exact[ranks.index(best)]
    return Found(at, at + length)


def _surrounded(span: Span, content: bytes, at: int) -> int:
    """How many of prefix and suffix stand around the span if it began at `at`: 0, 1 or 2.

    An empty one stands only at the content's own end.
    """
    end = at + span.end - span.start
    before, after = at - span.prefix_bytes, end + span.suffix_bytes
    rank = 0
    if before >= 0 and (span.prefix_bytes or at == 0):
        rank += sha256(content[before:at]).digest() == span.prefix
    if after <= len(content) and (span.suffix_bytes or end == len(content)):
        rank += sha256(content[end:after]).digest() == span.suffix
    return rank


def _sums(content: bytes) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":
    """S and B, both of n+1: B[i] = 256^i mod M; S[i] = sum of content[j]·B[n-1-j] for j < i, mod M.

    Then the number that bytes a to b spell is (S[b]-S[a]) / B[n-b] mod M.
    """
    import numpy as np

    size = len(content)
    powers = np.ones(size + 1, np.int64)
    known = 1
    while known <= size:  # doubling: B[k+i] = B[k]·B[i]
        step = min(known, size + 1 - known)
        factor = int(powers[known - 1]) * 256 % SUM_MODULUS
        powers[known : known + step] = powers[:step] * factor % SUM_MODULUS
        known += step
    terms = np.frombuffer(content, np.uint8).astype(np.int64)
    terms *= powers[:size][::-1]
    terms %= SUM_MODULUS
    sums = np.zeros(size + 1, np.int64)
    np.cumsum(terms, out=sums[1:])  # n·M < 2^63 for n < 2^32
    return sums, powers


def _places(span: Span, length: int, sums: Any, powers: Any) -> list[int]:
    """Where bytes with the span's sum stand."""
    import numpy as np

    size = len(sums) - 1
    if length > size:
        return []
    windows = (sums[length:] - sums[: size - length + 1]) % SUM_MODULUS
    wanted = powers[: size - length + 1][::-1] * span.sum % SUM_MODULUS
    places: list[int] = np.flatnonzero(windows == wanted).tolist()
    return places
