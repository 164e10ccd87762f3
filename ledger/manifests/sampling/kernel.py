"""SHA-256 of messages that fit one block, many side by side: what `document_keys` says with
hashlib, faster. FIPS 180-4, §6.2; a block of messages is hashed round by round, so that a round is
one stream of 32-bit operations, which processors do several at a time.
"""

import numpy as np
import numpy.typing as npt

from ledger.watermarks.kernels._jit import jit

__all__ = ["first_words"]

_Words = npt.NDArray[np.uint32]
_Bytes = npt.NDArray[np.uint8]

_u4 = np.uint32
_LANES = 128  # 16 words and 8 of state of each stay in a core's first cache
_PREFIX, _DIGEST = 23, 32
_BITS = _u4((_PREFIX + _DIGEST) * 8)


def _fraction(prime: int, root: int) -> int:
    """The first 32 bits after the point of a prime's square or cube root."""
    scaled, low, high = prime << (32 * root), 0, 1 << 40
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**root <= scaled else (low, middle)
    return low & 0xFFFFFFFF


_PRIMES = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
_ROUND = np.array([_fraction(prime, 3) for prime in _PRIMES], _u4)  # 64: FIPS 180-4, §4.2.2
_START = np.array([_fraction(prime, 2) for prime in _PRIMES[:8]], _u4)  # §5.3.3


def first_words(prefix: bytes, digests: _Bytes) -> npt.NDArray[np.uint64]:
    """The first 8 bytes, big-endian, of SHA-256(prefix ‖ digest); 23 bytes and (n, 32) bytes."""
    if len(prefix) != _PREFIX:
        raise ValueError(f"{len(prefix)} bytes of prefix, expected {_PREFIX}")
    head = np.frombuffer(prefix + b"\0", ">u4").astype(_u4)
    out = np.empty(len(digests), np.uint64)
    _hash(digests.reshape(-1), head, _ROUND, _START, out)
    return out


@jit
def _load(raw: _Bytes, first: int, count: int, head: _Words, words: _Words) -> None:
    """The blocks of `count` messages: prefix, digest, a bit, zeros, length."""
    for k in range(5):
        for lane in range(count):
            words[k, lane] = head[k]
    for lane in range(count):
        words[5, lane] = _u4(head[5] | raw[(first + lane) * 32])
    for k in range(6, 14):
        for lane in range(count):
            at = (first + lane) * 32 + 4 * (k - 6) + 1
            last = _u4(raw[at + 3]) if k < 13 else _u4(0x80)
            words[k, lane] = _u4(
                (_u4(raw[at]) << _u4(24))
                | (_u4(raw[at + 1]) << _u4(16))
                | (_u4(raw[at + 2]) << _u4(8))
                | last
            )
    for lane in range(count):
        words[14, lane] = _u4(0)
        words[15, lane] = _BITS


@jit
def _schedule(words: _Words, t: int, count: int) -> None:
    """W of round t, over that of round t - 16."""
    oldest, old, middle, young = (
        words[t & 15],
        words[t + 1 & 15],
        words[t + 9 & 15],
        words[t - 2 & 15],
    )
    for lane in range(count):
        x, y = old[lane], young[lane]
        s0 = (x >> _u4(7) | x << _u4(25)) ^ (x >> _u4(18) | x << _u4(14)) ^ (x >> _u4(3))
        s1 = (y >> _u4(17) | y << _u4(15)) ^ (y >> _u4(19) | y << _u4(13)) ^ (y >> _u4(10))
        oldest[lane] = _u4(oldest[lane] + s0 + middle[lane] + s1)


@jit
def _round(state: _Words, words: _Words, t: int, constant: np.uint32, count: int) -> None:
    """One round. The eight rows change their names instead of their places."""
    a, b, c, d = state[-t & 7], state[1 - t & 7], state[2 - t & 7], state[3 - t & 7]
    e, f, g, h = state[4 - t & 7], state[5 - t & 7], state[6 - t & 7], state[7 - t & 7]
    word = words[t & 15]
    for lane in range(count):
        x, y = e[lane], a[lane]
        s1 = (
            (x >> _u4(6) | x << _u4(26))
            ^ (x >> _u4(11) | x << _u4(21))
            ^ (x >> _u4(25) | x << _u4(7))
        )
        t1 = _u4(h[lane] + s1 + ((x & f[lane]) ^ (~x & g[lane])) + constant + word[lane])
        s0 = (
            (y >> _u4(2) | y << _u4(30))
            ^ (y >> _u4(13) | y << _u4(19))
            ^ (y >> _u4(22) | y << _u4(10))
        )
        majority = (y & b[lane]) ^ (y & c[lane]) ^ (b[lane] & c[lane])
        d[lane] = _u4(d[lane] + t1)
        h[lane] = _u4(t1 + s0 + majority)


@jit
def _hash(
    raw: _Bytes, head: _Words, constants: _Words, start: _Words, out: npt.NDArray[np.uint64]
) -> None:
    words = np.empty((16, _LANES), np.uint32)
    state = np.empty((8, _LANES), np.uint32)
    for first in range(0, len(out), _LANES):
        count = min(_LANES, len(out) - first)
        _load(raw, first, count, head, words)
        for k in range(8):
            for lane in range(count):
                state[k, lane] = start[k]
        for t in range(64):
            if t >= 16:
                _schedule(words, t, count)
            _round(state, words, t, constants[t], count)
        for lane in range(count):
            high = np.uint64(_u4(state[0, lane] + start[0]))
            out[first + lane] = high << np.uint64(32) | np.uint64(_u4(state[1, lane] + start[1]))
