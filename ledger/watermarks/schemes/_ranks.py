"""Ranks among what is left: draws without replacement turned into independent uniform ones.

The distinct hash states of one document, in the order of the text, are under a random key a sample
without replacement from all states. The r-th of the L states that no earlier draw took is each with
probability 1/L, whatever was drawn before: r is uniform on 0 … L - 1 and independent of the past.
"""

import numpy as np

from ledger.watermarks.tokens import Ints

__all__ = ["rank_unseen"]


def rank_unseen(states: Ints, offsets: Ints, bits: int) -> Ints:
    """int64[n]: of each draw, how many smaller states its document had not drawn before.

    `states` are distinct within a document, which is `states[offsets[d]:offsets[d + 1]]`, and below
    2^bits; n is below 2^31. One stable partition per bit, of all documents at once: at each bit, a
    one counts the earlier zeros that agreed with it on all higher bits.
    """
    lengths, narrow = np.diff(offsets), offsets.astype(np.int32)
    start, end = np.repeat(narrow[:-1], lengths), np.repeat(narrow[1:], lengths)
    numbers = np.arange(len(states), dtype=np.int32)
    order, smaller = numbers, np.zeros(len(states), np.int32)
    state = states.astype(np.int32)
    for bit in range(bits - 1, -1, -1):
        one = (state >> bit) & 1 == 1
        zeros = np.zeros(len(one) + 1, np.int32)
        np.cumsum(~one, out=zeros[1:])
        ahead = zeros[:-1] - zeros[start]
        middle = start + zeros[end] - zeros[start]
        smaller += np.where(one, ahead, 0)
        to = np.where(one, middle + numbers - start - ahead, start + ahead)
        start, end = np.where(one, middle, start), np.where(one, end, middle)
        back = np.empty_like(to)
        back[to] = numbers
        state, order, smaller = state[back], order[back], smaller[back]
        start, end = start[back], end[back]
    counted = np.empty(len(states), np.int64)
    counted[order] = smaller
    return states - counted
