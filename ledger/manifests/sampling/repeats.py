"""How often a selected document comes in an epoch, where a stratum is repeated.

A repeat is in units of 1/65536: 65536 is once. Its whole part everybody gets; the rest of it is
the share of documents that get one copy more: those whose second key, of another tag, has first 16
bits that are a lesser number. A greater repeat takes no copy from anybody.

This hangs on the document and its repeat alone, so the sum is as even as chance. Where units are
counted, every document comes a whole number of times and what is left is drawn by a threshold.
"""

import numpy as np

from ledger.errors import InputError
from ledger.manifests.sampling.keys import COPIES, Digests, document_keys
from ledger.manifests.sampling.rows import Ints

__all__ = ["ONCE", "copies_of"]

ONCE = 1 << 16
_MOST = (1 << 32) - 1
_HEAD = np.uint64(48)


def copies_of(digests: Digests, repeat: Ints, seed: int, *, compiled: bool | None = None) -> Ints:
    """Copies of n documents in an epoch: (n, 32) bytes and n repeats to n numbers of 1 or more.

    Raises InputError for a repeat below 65536 (a threshold is for less than once) or beyond 32
    bits, and for a bad seed.
    """
    if repeat.shape != (len(digests),) or repeat.dtype.kind not in "iu":
        raise ValueError(f"repeat: {repeat.dtype}{repeat.shape}, expected {len(digests)} integers")
    if len(repeat) and (int(repeat.min()) < ONCE or int(repeat.max()) > _MOST):
        row = int(np.flatnonzero((repeat < ONCE) | (repeat > _MOST))[0])
        raise InputError(f"row {row}: repeat {int(repeat[row])}, expected {ONCE} to {_MOST}")
    copies = repeat.astype(np.int64) >> 16
    rest = repeat.astype(np.int64) & ONCE - 1
    some = np.flatnonzero(rest)
    keys = document_keys(digests[some], seed, COPIES, compiled=compiled)
    copies[some] += (keys >> _HEAD).astype(np.int64) < rest[some]
    return copies
