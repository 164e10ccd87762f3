"""MurmurHash3_x86_32 (Appleby, public domain) of whole 32-bit words, seed 0, a word at a time.

A word is scrambled whoever comes before it, then folded into the state: what no key enters can be
scrambled once for all keys. `fold` can be undone, so a key of two words that leaves a given state
can be told.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["Words32", "finish", "first_word", "fold", "key_state", "scramble"]

Words32 = npt.NDArray[np.uint32]

_ONE, _TWO, _ADD = 0xCC9E2D51, 0x1B873593, 0xE6546B64
_MASK = 2**32 - 1


def scramble(words: Words32) -> Words32:
    """Words as they enter any state."""
    words = words * np.uint32(_ONE)
    words = _rotate(words, 15)
    words *= np.uint32(_TWO)
    return words


def fold(state: Words32 | np.uint32, scrambled: Words32) -> Words32:
    """The state after one more word."""
    mixed = _rotate(np.bitwise_xor(scrambled, state), 13)
    mixed *= np.uint32(5)
    mixed += np.uint32(_ADD)
    return mixed


def finish(state: Words32, words: int) -> Words32:
    """The hash of that many words. Overwrites the state."""
    state ^= np.uint32(4 * words)
    state ^= state >> np.uint32(16)
    state *= np.uint32(0x85EBCA6B)
    state ^= state >> np.uint32(13)
    state *= np.uint32(0xC2B2AE35)
    state ^= state >> np.uint32(16)
    return state


def key_state(key: int, state: int = 0) -> int:
    """The state after the two words of a 64-bit key, the low one first."""
    for word in (key & _MASK, key >> 32):
        mixed = _turn(state ^ _scramble(word), 13)
        state = (mixed * 5 + _ADD) & _MASK
    return state


def first_word(state: int) -> int:
    """The word that, before a word of zero, leaves this state: the smallest key that does."""
    for scrambled in (0, None):  # the second word is zero, and so is what it is scrambled to
        state = (state - _ADD) * pow(5, -1, 2**32) & _MASK
        state = _turn(state, 32 - 13)
        if scrambled is None:
            break
    word = state * pow(_TWO, -1, 2**32) & _MASK
    return _turn(word, 32 - 15) * pow(_ONE, -1, 2**32) & _MASK


def _scramble(word: int) -> int:
    return _turn(word * _ONE & _MASK, 15) * _TWO & _MASK


def _turn(word: int, by: int) -> int:
    return (word << by | word >> (32 - by)) & _MASK


def _rotate(words: Words32, by: int) -> Words32:
    turned = words << np.uint32(by)
    words >>= np.uint32(32 - by)
    turned |= words
    return turned
