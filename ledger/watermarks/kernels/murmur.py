"""MurmurHash3 of many units: what `ledger.watermarks.schemes._murmur` says in numpy, faster.

One pass holds a state in a register where numpy writes it to memory after every operation. Each
result is cut to 32 bits by a cast, without which numba goes on in 64.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks.kernels._jit import jit

__all__ = ["dual_hashes", "hashes"]

_Words = npt.NDArray[np.uint32]

_u4 = np.uint32
_FIVE, _ADD = np.uint32(5), np.uint32(0xE6546B64)
_MIX_0, _MIX_1 = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)


@jit
def _fold(state: np.uint32, scrambled: np.uint32) -> np.uint32:
    mixed = _u4(state ^ scrambled)
    mixed = _u4(_u4(mixed << _u4(13)) | _u4(mixed >> _u4(19)))
    return _u4(_u4(mixed * _FIVE) + _ADD)


@jit
def _finish(state: np.uint32, size: np.uint32) -> np.uint32:
    state = _u4(state ^ size)
    state = _u4(state ^ _u4(state >> _u4(16)))
    state = _u4(state * _MIX_0)
    state = _u4(state ^ _u4(state >> _u4(13)))
    state = _u4(state * _MIX_1)
    return _u4(state ^ _u4(state >> _u4(16)))


@jit
def hashes(contexts: _Words, tokens: _Words, key: np.uint32, out: _Words) -> None:
    """The hash of key, context and token, into `out`.

    `key` is the state that the key leaves; contexts and tokens are scrambled words.
    """
    for i in range(len(tokens)):
        out[i] = _finish(_fold(_fold(key, contexts[i]), tokens[i]), _u4(16))


@jit
def dual_hashes(
    contexts: _Words,
    tokens: _Words,
    key: np.uint32,
    other: np.uint32,
    both: np.uint32,
    threshold: np.uint64,
    out: _Words,
) -> None:
    """As `hashes`, with `key` where the coin is below `threshold` and with `other` elsewhere.

    The coin is the hash of both keys, which leave the state `both`, and the context.
    """
    for i in range(len(tokens)):
        coin = _finish(_fold(both, contexts[i]), _u4(20))
        chosen = key if np.uint64(coin) < threshold else other
        out[i] = _finish(_fold(_fold(chosen, contexts[i]), tokens[i]), _u4(16))
