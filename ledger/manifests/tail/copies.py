"""Documents much like another of the same set: one of them is enough to say what is rare.

Of two that are alike (equal after normalising, Jaccard similarity of word 5-grams of 0.8 or more,
or one text's 5-grams in the other to that share) the one of the greater digest is the copy. What it
is like may be a copy itself; resemblance is never handed on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from ledger.engines import Progress, Source, Workers
from ledger.log.runs import keys_of
from ledger.reserves.selection.digests import Digests, matrix_of, positions

__all__ = ["copies_among"]

_CLOSE: Final = 800_000  # millionths


def copies_among(
    digests: Digests,
    sources: Sequence[Source],
    folder: Path,
    *,
    workers: Workers = None,
    progress: Progress | None = None,
) -> npt.NDArray[np.bool_]:
    """bool[n]: which of n documents, ascending by digest, are like one before them.

    Sketches lie in `folder`. Raises what reading the texts raises.
    """
    from ledger.corpus.neardup import overlap

    copies = np.zeros(len(digests), np.bool_)
    if len(digests) < 2:
        return copies
    members = digests.tobytes()
    pairs = overlap(
        sources,
        sources,
        folder,
        workers=workers,
        progress=progress,
        candidates_only=members,
        references_only=members,
    ).pairs
    lies = pc.max_element_wise(pairs.column("containment_ppm"), pairs.column("contained_ppm"))
    close = pc.or_(
        pc.greater_equal(pc.max_element_wise(lies, pairs.column("jaccard_ppm")), _CLOSE),
        pc.equal(pairs.column("method"), "normalised"),
    )
    pairs, keys = pairs.filter(close), keys_of(digests)
    later = positions(digests, keys, matrix_of(pairs.column("candidate")))
    earlier = positions(digests, keys, matrix_of(pairs.column("reference")))
    copies[later[later > earlier]] = True
    return copies
