"""Rates the candidates of a mix: the scan's scores, and who is a copy. What is recorded, is kept.

The scores are an attachment of the manifest: four bytes a candidate, in the order of their digests,
big-endian. From them, and the ledger, the same classes follow without any text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ledger.engines import Source, Workers, run, split
from ledger.errors import DocumentMismatchError, VerificationError
from ledger.log.runs import keys_of
from ledger.manifests.tail.copies import copies_among
from ledger.manifests.tail.scores import PPM, UNRATED, scoring
from ledger.manifests.tail.table import Table
from ledger.reserves.selection.digests import Digests, matrix_of, positions

__all__ = [
    "METHOD",
    "REASONS",
    "UNRATED_WORDS",
    "Rated",
    "format_scores",
    "parse_scores",
    "rate",
    "table_said",
]

Ints = npt.NDArray[np.int64]
Progress = Callable[[str, int, int, int], None]

METHOD: Final = "rare words v1"
REASONS: Final = (*UNRATED, "copy")
"""Why a document is unrated; the score of reason number k, from 0, is -1 - k."""

UNRATED_WORDS: Final[Mapping[str, str]] = {
    "copy": "much like another",
    "list": "with few common words",
    "opaque": "mostly not words",
    "short": "too short",
    "unknown": "with many words that no other document has",
}

_COPY = -len(REASONS)
_STRIPE = 64 << 20


@dataclass(frozen=True, eq=False)
class Rated:
    """int64[n]: each candidate's score, 0 to 10^6, or below 0 where it is unrated."""

    score: Ints

    @property
    def reasons(self) -> dict[str, int]:
        """Documents by why they are unrated, those that there are."""
        counts = np.bincount(-1 - self.score[self.score < 0], minlength=len(REASONS)).tolist()
        return {name: count for name, count in zip(REASONS, counts, strict=True) if count}

    @property
    def digest(self) -> bytes:
        """SHA-256 of the scores as they are kept."""
        return sha256(format_scores(self.score)).digest()


def rate(
    digests: Digests,
    sources: Sequence[Source],
    table: Table,
    folder: Path,
    *,
    workers: Workers = None,
    progress: Progress | None = None,
) -> Rated:
    """Rate n documents, ascending by digest, against `table`. Sidecars lie in `folder`.

    Of documents of any score above 0 that are much alike, all but one are copies. Raises
    DocumentMismatchError where a document is in no source, and what reading them raises.
    """
    pieces = [piece for source in sources for piece in split(source, _STRIPE)]
    score, seen = np.zeros(len(digests), np.int64), np.zeros(len(digests), np.bool_)
    keys = keys_of(digests)
    heard = None if progress is None else partial(progress, "looking for rare words")
    for sidecar in run(scoring(table), pieces, folder, workers=workers, progress=heard):
        for found in sidecar.tables():
            at = positions(digests, keys, matrix_of(found.column("sha256")))
            score[at[at >= 0]] = found.column("score").to_numpy()[at >= 0]
            seen[at[at >= 0]] = True
    if not seen.all():
        first = digests[int(np.argmin(seen))].tobytes().hex()
        raise DocumentMismatchError(
            f"{int((~seen).sum()):,} documents are not in their inputs, the first sha256:{first}",
            hint="--root DIR names the folder that the inputs lie below now",
        )
    some = np.flatnonzero(score > 0)
    heard = None if progress is None else partial(progress, "comparing rare documents")
    copies = copies_among(
        np.ascontiguousarray(digests[some]), sources, folder, workers=workers, progress=heard
    )
    score[some[copies]] = _COPY
    return Rated(score)


def format_scores(score: Ints) -> bytes:
    """Four bytes a score, two's complement, big-endian."""
    return score.astype(">i4").tobytes()


def parse_scores(data: bytes, documents: int, where: str) -> Rated:
    """The scores in an attachment. Raises VerificationError where they are others'."""
    if len(data) != 4 * documents:
        raise VerificationError(
            f"{where}: {len(data)} bytes of scores, expected 4 for each of {documents} candidates"
        )
    score = np.frombuffer(data, ">i4").astype(np.int64)
    if len(score) and (int(score.min()) < _COPY or int(score.max()) > PPM):
        raise VerificationError(f"{where}: scores from {int(score.min())} to {int(score.max())}, "
                                f"expected {_COPY} to {PPM}")  # fmt: skip
    return Rated(score)


def table_said(table: Table) -> dict[str, Any]:
    """A table as the statement has it."""
    return {
        "digest": table.digest,
        "documents": table.texts,
        "tokens": table.tokens,
        "types": len(table),
    }
