"""The identity of a set: the RFC 6962 root over its sorted, distinct 32-byte digests."""

from collections.abc import Iterable
from itertools import islice
from operator import lt

from ledger.log.merkle import EMPTY_ROOT, fold_peaks, leaf_hashes, level_up, node_hash, peaks_of

__all__ = ["content_root"]

_BLOCK = 4096  # leaves hashed at a time: a power of two, so that a block is a complete subtree


def content_root(digests: Iterable[bytes]) -> bytes:
    """MTH over the leaf hashes of `digests`, RFC 6962 §2.1; memory does not grow with the set.

    Raises ValueError unless they are 32 bytes each and strictly ascending.
    """
    stream = iter(digests)
    complete: list[bytes | None] = []  # a binary counter: [h] is the root of 2^h blocks, or None
    last = b""
    while block := list(islice(stream, _BLOCK)):
        if {*map(len, block)} != {32}:
            raise ValueError("a digest has 32 bytes")
        if block[0] <= last or not all(map(lt, block, islice(block, 1, None))):
            raise ValueError("digests are not strictly ascending")
        last = block[-1]
        hashes = leaf_hashes(block)
        if len(hashes) < _BLOCK:
            return fold_peaks([*_peaks(complete), *peaks_of(hashes)]) or EMPTY_ROOT
        while len(hashes) > 1:
            hashes = level_up(hashes)
        _add(complete, hashes[0])
    return fold_peaks(_peaks(complete)) or EMPTY_ROOT


def _add(complete: list[bytes | None], carry: bytes) -> None:
    for height, left in enumerate(complete):
        if left is None:
            complete[height] = carry
            return
        carry = node_hash(left, carry)
        complete[height] = None
    complete.append(carry)


def _peaks(complete: list[bytes | None]) -> list[bytes]:
    return [root for root in reversed(complete) if root is not None]
