"""Documents much like one of an anchor: what is kept for the last stage must not come in before it.

The same comparison as between datasets and reserves: equal bytes, equal after normalising, Jaccard
similarity of word 5-grams of 0.8 or more, or one text's 5-grams in the other to that share.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from ledger.engines import Progress, Source, Workers
from ledger.log.log import Log
from ledger.log.runs import keys_of
from ledger.reserves.sealed import reserves
from ledger.reserves.selection.digests import Digests, matrix_of, positions
from ledger.reserves.texts import reserve_texts

__all__ = ["anchors_of", "near_anchors"]

Mask = npt.NDArray[np.bool_]

_CLOSE: Final = 800_000  # millionths
_NAMED: Final = ("exact", "normalised")


def anchors_of(log: Log) -> list[str]:
    """NAME@VERSION of every anchor of the ledger, older versions too."""
    found = [entry.body for _, entry in reserves(log) if entry.body["stage"] == "final"]
    return [f"{body['name']}@{body['version']}" for body in found]


def near_anchors(
    log: Log,
    anchors: Sequence[str],
    digests: Digests,
    sources: Sequence[Source],
    folder: Path,
    *,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Progress | None = None,
) -> Mask:
    """bool[n]: which of n documents, ascending by digest, are like one of the anchors'.

    Sketches lie in `folder`. Raises what reading either side's texts raises.
    """
    from ledger.corpus.neardup import overlap

    like = np.zeros(len(digests), np.bool_)
    keys = keys_of(digests)
    for anchor in anchors:
        theirs = reserve_texts(log, anchor, roots)
        pairs = overlap(
            sources,
            theirs.sources,
            folder,
            workers=workers,
            progress=progress,
            candidates_only=digests.tobytes(),
            references_only=theirs.members,
        ).pairs
        lies = pc.max_element_wise(pairs.column("containment_ppm"), pairs.column("contained_ppm"))
        close = pc.or_(
            pc.greater_equal(pc.max_element_wise(lies, pairs.column("jaccard_ppm")), _CLOSE),
            pc.or_(*(pc.equal(pairs.column("method"), name) for name in _NAMED)),
        )
        at = positions(digests, keys, matrix_of(pairs.filter(close).column("candidate")))
        like[at[at >= 0]] = True
    return like
