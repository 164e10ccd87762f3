"""What every document of a set scored, put together from the sidecars of its sources."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.neardup.side import Digests, digest_rows, find_digests
from ledger.engines import Workers, fold, run, split
from ledger.engines.root import row_bytes
from ledger.errors import DocumentMismatchError
from ledger.log.content_root import content_root
from ledger.provenance.overlap import Reference
from ledger.verdicts.core.model import Model
from ledger.verdicts.scanning.mapping import RESULTS, classifying
from ledger.verdicts.text.prose import Why

__all__ = ["NO_RESULT", "STRIPE", "Phase", "Scored", "gather_scores", "reason_name"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

Phase = Callable[[int, int, int], None]
"""Hears (jobs done, jobs in all, documents so far)."""

NO_RESULT = 100
"""Why a document has no score, beyond text.prose.Why: its vendor said nothing of it."""

STRIPE = 64 << 20
"""Bytes of an input that one sidecar is made of, about; whoever shares them divides alike."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Distinct documents, by digest: uint8[n, 32], ascending.

    `words` are those of prose; `why` is OK, another of text.prose.Why, or NO_RESULT; `milli` the
    score in thousandths, rounded down, 0 where `why` is not OK.
    """

    digests: Digests
    words: Ints
    why: npt.NDArray[np.int8]
    milli: Ints

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def measurable(self) -> Mask:
        """Which documents have a score."""
        return np.asarray(self.why == Why.OK, np.bool_)

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        """The scores, in the detector's unit."""
        return self.milli / 1000

    def take(self, rows: Ints | Mask) -> "Scored":
        """Some of the documents, in ascending order."""
        return Scored(self.digests[rows], self.words[rows], self.why[rows], self.milli[rows])

    def reasons(self) -> dict[str, int]:
        """How many documents have no score, by reason."""
        codes, counts = np.unique(self.why[~self.measurable], return_counts=True)
        return {
            reason_name(code): count
            for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
        }

    @cached_property
    def root(self) -> bytes:
        """RFC 6962 root over the documents' rows, as ledger.engines.content_root makes it."""
        columns = [
            pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(32), len(self), [None, pa.py_buffer(np.ascontiguousarray(self.digests))]
            ),
            pa.array(self.words),
            pa.array(self.why),
            pa.array(self.milli, mask=~self.measurable),
        ]
        rows = row_bytes(pa.table(columns, schema=RESULTS))
        return content_root(sorted({sha256(row).digest() for row in rows}))


def reason_name(why: int) -> str:
    """Why a document has no score, as outputs say it."""
    return "no_result" if why == NO_RESULT else Why(why).name.lower()


def gather_scores(
    reference: Reference,
    model: Model,
    folder: Path,
    *,
    workers: Workers = None,
    progress: Phase | None = None,
) -> Scored:
    """Score every document of a set; sidecars lie in `folder`, and are not made twice.

    The result depends on neither order, division nor workers. Raises DocumentMismatchError where
    the sources hold other documents than were recorded, and what reading and the engine raise.
    """
    sources = [part for source in reference.sources for part in split(source, STRIPE)]
    sidecars = run(classifying(model), sources, folder, workers=workers, progress=progress)
    start: list[Scored] = [_none()]
    every = _distinct(fold(sidecars, lambda table: [_part(table)], lambda a, b: a + b, start))
    if reference.members is not None:
        among = np.frombuffer(reference.members, np.uint8).reshape(-1, 32)
        every = every.take(find_digests(every.digests, among) >= 0)
    if len(every) != reference.documents:
        raise DocumentMismatchError(
            f"{reference.name}: {len(every):,} documents found in its inputs, "
            f"expected {reference.documents:,}",
            hint="an input was changed, or is read in another way than it was",
        )
    return every


def _none() -> Scored:
    none = np.zeros(0, np.int64)
    return Scored(np.zeros((0, 32), np.uint8), none, none.astype(np.int8), none)


def _part(table: pa.Table) -> Scored:
    return Scored(
        digest_rows(table.column("sha256")),
        table.column("words").to_numpy(),
        table.column("why").to_numpy(),
        table.column("score_milli").combine_chunks().fill_null(0).to_numpy(zero_copy_only=False),
    )


def _distinct(parts: list[Scored]) -> Scored:
    """Equal texts have equal rows, so any of them will do."""
    digests = np.concatenate([part.digests for part in parts])
    words = np.ascontiguousarray(digests).view(">u8").astype(np.uint64)
    order = np.lexsort((words[:, 3], words[:, 2], words[:, 1], words[:, 0]))
    words = words[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (words[1:] != words[:-1]).any(axis=1)
    rows = order[fresh]
    return Scored(
        digests[rows],
        np.concatenate([part.words for part in parts])[rows],
        np.concatenate([part.why for part in parts])[rows],
        np.concatenate([part.milli for part in parts])[rows],
    )
