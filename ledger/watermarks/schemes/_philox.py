"""Philox4x32-10 for arrays of counters (Salmon et al., Parallel random numbers: as easy as 1, 2, 3,
SC 2011), and the two uses vLLM's `philox4x32-10-v1` makes of it (research §2.6).

A counter's words c0, c2 stand in one array of two rows, c1, c3 in another; all are 32-bit numbers
in 64-bit places, so that one multiplication gives both halves of both products.
"""

import numpy as np

from ledger.watermarks.schemes._windows import Words

__all__ = ["context_state", "token_word"]

_MULTIPLIERS = np.array([[0xD2511F53], [0xCD9E8D57]], np.uint64)
_BUMP_0, _BUMP_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_CONTEXT, _TOKEN = 0x574D4358, 0x574D544B  # "WMCX", "WMTK"
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_ROUNDS = 10


def context_state(context: Words, key: int) -> tuple[Words, Words]:
    """The state of contexts, as rows (s0, s2) and (s1, s3).

    `context` is uint64[width, n]: a context's tokens from the oldest to the newest.
    """
    width, count = context.shape
    even, odd = np.zeros((2, count), np.uint64), np.zeros((2, count), np.uint64)
    even[0], odd[0] = _CONTEXT, width
    low, high = np.uint64(key & 0xFFFFFFFF), np.uint64(key >> 32)
    for offset in range(0, width, 4):
        block = context[offset : offset + 4]
        for row, place in ((even[0], 0), (odd[0], 1), (even[1], 2), (odd[1], 3)):
            row ^= block[place] if place < len(block) else _LOW - np.uint64(place)
        even, odd = _rounds(even, odd, low ^ np.uint64(offset), high)
    return even, odd


def token_word(state: tuple[Words, Words], tokens: Words, key: int) -> Words:
    """The 32-bit word of each token, given the state of its context."""
    (s0, s2), (s1, s3) = state
    even = np.stack([tokens >> np.uint64(2), s1])
    low, high = np.uint64(key & 0xFFFFFFFF), np.uint64((key >> 32) ^ _TOKEN)
    even, odd = _rounds(even, np.stack([s0, s2]), s3 ^ low, high)
    word = np.where((tokens & np.uint64(1)).view(np.int64), odd, even)  # 0 or 1, and 2 or 3
    chosen: Words = np.where((tokens & np.uint64(2)).view(np.int64), word[1], word[0])
    return chosen


def _rounds(
    even: Words, odd: Words, low: Words | np.uint64, high: np.uint64
) -> tuple[Words, Words]:
    """Ten rounds. Overwrites `even`. Half a key of its own for each counter, or one for all."""
    products = np.empty_like(even), np.empty_like(even)
    for turn in range(_ROUNDS):
        product = products[turn & 1]
        np.multiply(even, _MULTIPLIERS, out=product)
        product = product[::-1]
        np.right_shift(product, _HALF, out=even)
        even ^= odd
        even[0] ^= low
        even[1] ^= high
        even &= _LOW  # `odd` and the keys carry more than 32 bits
        odd = product
        low, high = low + _BUMP_0, high + _BUMP_1
    odd &= _LOW
    return even, odd
