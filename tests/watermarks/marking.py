"""Text with a mark of any scheme: of several random tokens the one its own detector likes best.

No language model and no generator of the scheme: what is marked so is marked by definition.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks.detector import statistics_of
from ledger.watermarks.schemes import Mark
from ledger.watermarks.tokens import Tokens

__all__ = ["mark_text"]


def mark_text(
    mark: Mark, length: int, choices: int, seed: int, vocab_size: int | None = None
) -> npt.NDArray[np.uint32]:
    """`length` tokens, each the best of `choices` for the mark; one choice is unmarked text.

    A unit may depend on the place in the text (Kuditipudi), so the whole of it is scored so far.
    """
    rng = np.random.default_rng(seed)
    size = mark.vocab_size if vocab_size is None else vocab_size
    text = np.zeros((choices, length), np.uint32)
    for place in range(length):
        text[:, place] = rng.integers(0, size, choices)
        ids = text[:, : place + 1].reshape(-1)
        batch = Tokens(ids, np.arange(choices + 1, dtype=np.int64) * (place + 1))
        scores = mark.score(batch, mark.prepare(batch))
        log_p = mark.null.log_sf(statistics_of(scores), scores.counts)
        text[:, place] = text[int(np.argmin(log_p)), place]
    made: npt.NDArray[np.uint32] = text[0]
    return made
