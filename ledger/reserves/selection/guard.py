"""Holds a selection against datasets it may not be like: what their owner's models wrote, say.

Each document is looked at by itself. What resembles something that matches is not a match.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ledger.engines import Progress, Source, Workers
from ledger.log.runs import keys_of
from ledger.provenance.overlap import Reference
from ledger.reserves.selection.digests import matrix_of, positions
from ledger.reserves.selection.select import Selection

__all__ = ["Guarded", "guard"]

_CLOSE = 800_000  # millionths of Jaccard similarity, or of one text's 5-grams in the other
_KINDS = ("exact", "normalised", "near", "contained")


@dataclass(frozen=True)
class Guarded:
    """What matched, as a mask over the selection, and how often against each dataset."""

    matched: "npt.NDArray[np.bool_]"
    runs: tuple[dict[str, Any], ...]


def guard(
    selection: Selection,
    sources: Sequence[Source],
    against: Sequence[Reference],
    folder: Path,
    *,
    workers: Workers = None,
    progress: Progress | None = None,
) -> Guarded:
    """Compare the selection, whose texts lie in `sources`, with each of `against`.

    Counts are of documents by their closest kind of match. Raises what reading the texts raises.
    """
    from ledger.corpus.neardup import METHOD, overlap

    matched = np.zeros(len(selection), np.bool_)
    runs = []
    for reference in against:
        kind = np.full(len(selection), len(_KINDS))
        method, documents = METHOD, 0
        if len(selection) and reference.documents:
            found = overlap(
                sources,
                reference.sources,
                folder,
                workers=workers,
                progress=progress,
                candidates_only=selection.digests.tobytes(),
                references_only=reference.members,
            )
            kind, method = _kinds(selection, found.pairs), found.method
            documents = found.counts.against_documents
        matched |= kind < len(_KINDS)
        counts = np.bincount(kind, minlength=len(_KINDS)).tolist()
        runs.append(
            {
                "against": reference.name,
                "against_documents": documents,
                "against_root": f"sha256:{reference.root.hex()}",
                "method": method,
                **dict(zip(_KINDS, counts, strict=False)),
            }
        )
    return Guarded(matched, tuple(runs))


def _kinds(selection: Selection, pairs: pa.Table) -> "npt.NDArray[np.int64]":
    """Each document's closest kind of match, an index of _KINDS; one more where there is none."""
    place = positions(
        selection.digests, keys_of(selection.digests), matrix_of(pairs.column("candidate"))
    )
    lies = pc.max_element_wise(pairs.column("containment_ppm"), pairs.column("contained_ppm"))
    found = np.full(pairs.num_rows, len(_KINDS))
    for kind, holds in (
        (3, pc.greater_equal(lies, _CLOSE)),
        (2, pc.greater_equal(pairs.column("jaccard_ppm"), _CLOSE)),
        (1, pc.equal(pairs.column("method"), "normalised")),
        (0, pc.equal(pairs.column("method"), "exact")),
    ):
        found[holds.to_numpy()] = kind
    kinds = np.full(len(selection), len(_KINDS))
    inside = place >= 0
    np.minimum.at(kinds, place[inside], found[inside])
    return kinds
