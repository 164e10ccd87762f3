"""torch's CPU generator, replayed: green lists and single outputs of MT19937.

Matsumoto & Nishimura 1998 with the initialiser of 2002; torch seeds it with the low 32 bits of a
seed. `randperm(n)` starts with 0 … n-1 and swaps, for i = 0 … n-2, slot i with slot
i + (r_i mod (n - i)), where r_i is output i. A green list of k is what the first k steps leave in
the first k slots, so a token's colour needs k outputs and no permutation: follow the one slot that
holds it. While i has not come to that slot p, step i moves it only if r_i mod (n - i) = p - i,
and it moves into slot i: green. At i = p it is the other side of a swap: it moves to p + (r_p mod
(n - p)). The first test is exact divisibility: m divides x, m = 2^s·o with o odd, if and only if
x·o⁻¹ (mod 2^32), rotated right by s, is at most (2^32 - 1) div m (Granlund & Montgomery 1994, §9).

numba widens uint32 to 64 bits in every operation; the casts bring it back, and with them SIMD.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ledger.watermarks.kernels._jit import jit

__all__ = ["TRACK", "Division", "bitmaps", "colours", "division", "outputs_at", "shuffle"]

TRACK = 28
"""Tokens of one seed from which following each costs more than shuffling once. Measured."""

_Words = npt.NDArray[np.uint32]

_N, _M, _LANES = 624, 397, 16
_UPPER, _LOWER, _MATRIX = np.uint32(0x80000000), np.uint32(0x7FFFFFFF), np.uint32(0x9908B0DF)
_B, _C = np.uint32(0x9D2C5680), np.uint32(0xEFC60000)
_MULTIPLIER = np.uint32(1812433253)
_0, _1, _7, _11, _15, _18, _30, _31 = (np.uint32(n) for n in (0, 1, 7, 11, 15, 18, 30, 31))


class Division(NamedTuple):
    """For step i of n - 1: what divides by n - i. A value a step."""

    inverses: _Words  # of the odd part, mod 2^32
    rotations: _Words  # the exponent of two
    quotients: _Words  # the largest quotient of 32 bits
    reciprocals: npt.NDArray[np.float64]


@lru_cache(maxsize=8)
def division(k: int, n: int) -> Division:
    """The first k steps of a permutation of n; 0 < k < n. 20 bytes a step."""
    m = (np.uint32(n) - np.arange(k, dtype=np.uint32)).astype(np.uint32)
    lowest = m & (~m + np.uint32(1))
    rotations = np.log2(lowest.astype(np.float64)).astype(np.uint32)
    odd = m >> rotations
    inverses = odd * np.uint32(3) ^ np.uint32(2)  # right to 5 bits; each step doubles them
    for _ in range(3):
        inverses *= np.uint32(2) - odd * inverses
    return Division(inverses, rotations, np.uint32(2**32 - 1) // m, 1.0 / m.astype(np.float64))


@jit
def _initialise(seeds: _Words, start: int, lanes: _Words) -> None:
    """The states of _LANES seeds from `start` on, a column each: the chains overlap."""
    count = min(_LANES, len(seeds) - start)
    for lane in range(_LANES):
        lanes[0, lane] = seeds[start + lane] if lane < count else _0
    for i in range(1, _N):
        for lane in range(_LANES):
            before = lanes[i - 1, lane]
            mixed = np.uint32(before ^ np.uint32(before >> _30))
            lanes[i, lane] = np.uint32(np.uint32(_MULTIPLIER * mixed) + np.uint32(i))


@jit
def _mix(high: np.uint32, low: np.uint32) -> np.uint32:
    y = np.uint32(np.uint32(high & _UPPER) | np.uint32(low & _LOWER))
    odd = np.uint32(np.uint32(_0 - np.uint32(y & _1)) & _MATRIX)
    return np.uint32(np.uint32(y >> _1) ^ odd)


@jit
def _twist(state: _Words) -> None:
    for i in range(_N - _M):
        state[i] = np.uint32(state[i + _M] ^ _mix(state[i], state[i + 1]))
    for i in range(_N - _M, _N - 1):
        state[i] = np.uint32(state[i - (_N - _M)] ^ _mix(state[i], state[i + 1]))
    state[_N - 1] = np.uint32(state[_M - 1] ^ _mix(state[_N - 1], state[0]))


@jit
def _temper(word: np.uint32) -> np.uint32:
    y = np.uint32(word ^ np.uint32(word >> _11))
    y = np.uint32(y ^ np.uint32(np.uint32(y << _7) & _B))
    y = np.uint32(y ^ np.uint32(np.uint32(y << _15) & _C))
    return np.uint32(y ^ np.uint32(y >> _18))


@jit
def _hit(sums: _Words, inverses: _Words, rotations: _Words, quotient: np.uint32, p: int) -> bool:
    """Whether some step may bring slot p forward; `sums` are r_i + i.

    Errs only towards yes: where r_i < p - i the difference wraps, and `quotient` is the largest of
    these steps.
    """
    slot, least = np.uint32(p), np.uint32(0xFFFFFFFF)
    for i in range(len(sums)):
        y = np.uint32(np.uint32(sums[i] - slot) * inverses[i])
        s = np.uint32(rotations[i] & _31)  # so that it compiles to a rotation
        back = np.uint32(np.uint32(_0 - s) & _31)
        least = min(least, np.uint32(np.uint32(y >> s) | np.uint32(y << back)))
    return bool(least <= quotient)


@jit
def _track(
    sums: _Words, base: int, end: int, slot: int, n: int, division: Division
) -> tuple[bool, int]:
    """Follow what is in `slot` through steps base … end-1: (whether it became green, its slot)."""
    low, p = base, slot
    while True:
        high = min(p, end)
        if low < high and _hit(
            sums[low - base : high - base],
            division.inverses[low:high],
            division.rotations[low:high],
            division.quotients[high - 1],
            p,
        ):
            for i in range(low, high):
                r = np.uint32(sums[i - base] - np.uint32(i))
                if np.uint32(r % np.uint32(n - i)) == np.uint32(p - i):
                    return True, i
        if p >= end:
            return False, p
        r = np.uint32(sums[p - base] - np.uint32(p))
        step = int(np.uint32(r % np.uint32(n - p)))
        if step == 0:
            return True, p
        low, p = p + 1, p + step


@jit
def _outputs(state: _Words, sums: _Words, base: int) -> None:
    """The next 624 outputs, output i of the stream plus i."""
    _twist(state)
    for i in range(_N):
        sums[i] = np.uint32(_temper(state[i]) + np.uint32(np.uint32(base) + np.uint32(i)))


@jit
def _follow(
    state: _Words,
    sums: _Words,
    tokens: _Words,
    slots: npt.NDArray[np.int64],
    k: int,
    n: int,
    division: Division,
    green: npt.NDArray[np.uint8],
) -> None:
    """Colours of a seed's tokens, by following each of them."""
    live = len(tokens)
    which = np.empty(live, np.int64)
    for token in range(live):
        which[token], slots[token] = token, np.int64(tokens[token])
    for base in range(0, k, _N):
        _outputs(state, sums, base)
        end = min(base + _N, k)
        kept = 0
        for place in range(live):
            one = which[place]
            landed, slots[one] = _track(sums, base, end, slots[one], n, division)
            if landed:
                green[one] = 1
            else:
                which[kept] = one
                kept += 1
        live = kept
        if live == 0:
            return


@jit
def _targets(
    state: _Words, sums: _Words, k: int, n: int, division: Division, targets: _Words
) -> None:
    """i + (r_i mod (n - i)) of every step. The quotient by the reciprocal is off by at most one."""
    for base in range(0, k, _N):
        _outputs(state, sums, base)
        part = division.reciprocals[base : min(base + _N, k)]
        out = targets[base : min(base + _N, k)]
        for i in range(len(out)):
            m = np.int64(n - base - i)
            r = np.int64(np.uint32(sums[i] - np.uint32(base + i)))
            rest = r - np.int64(np.float64(r) * part[i]) * m
            rest += m if rest < 0 else 0
            rest -= m if rest >= m else 0
            out[i] = np.uint32(rest + base + i)


@jit
def _swap(slots: _Words, targets: _Words) -> None:
    for i in range(len(targets)):
        j = targets[i]
        held = slots[i]
        slots[i] = slots[j]
        slots[j] = held


@jit
def _restore(slots: _Words, targets: _Words) -> None:
    for i in range(len(targets)):
        slots[targets[i]] = targets[i]
        slots[i] = np.uint32(i)


@jit
def colours(
    seeds: _Words,
    starts: npt.NDArray[np.int64],
    tokens: _Words,
    k: int,
    n: int,
    division: Division,
    track: int,
    green: npt.NDArray[np.uint8],
) -> None:
    """Whether a token is among the first k of its seed's permutation of n, into `green`.

    The tokens of seed s are starts[s] … starts[s + 1] - 1; they lie below n.
    """
    lanes = np.empty((_N, _LANES), np.uint32)
    state, sums = np.empty(_N, np.uint32), np.empty(_N, np.uint32)
    places = np.empty(track + 1, np.int64)
    targets, flags = np.empty(k, np.uint32), np.zeros(n, np.uint8)
    slots = np.arange(n).astype(np.uint32)
    for seed in range(len(seeds)):
        lane = seed % _LANES
        if lane == 0:
            _initialise(seeds, seed, lanes)
        for i in range(_N):
            state[i] = lanes[i, lane]
        low, high = starts[seed], starts[seed + 1]
        if high - low <= track:
            _follow(state, sums, tokens[low:high], places, k, n, division, green[low:high])
            continue
        _targets(state, sums, k, n, division, targets)
        _swap(slots, targets)
        for i in range(k):
            flags[slots[i]] = 1
        for token in range(low, high):
            green[token] = flags[tokens[token]]
        for i in range(k):
            flags[slots[i]] = 0
        _restore(slots, targets)


@jit
def bitmaps(
    seeds: _Words, k: int, n: int, division: Division, packed: npt.NDArray[np.uint8]
) -> None:
    """The green list of each seed: bit t % 8 of byte t // 8 of its row. Rows are zero before."""
    lanes = np.empty((_N, _LANES), np.uint32)
    state, sums = np.empty(_N, np.uint32), np.empty(_N, np.uint32)
    targets, slots = np.empty(k, np.uint32), np.arange(n).astype(np.uint32)
    for seed in range(len(seeds)):
        if seed % _LANES == 0:
            _initialise(seeds, seed, lanes)
        for i in range(_N):
            state[i] = lanes[i, seed % _LANES]
        _targets(state, sums, k, n, division, targets)
        _swap(slots, targets)
        row = packed[seed]
        for i in range(k):
            token = slots[i]
            row[token >> 3] |= np.uint8(1 << (token & 7))
        _restore(slots, targets)


@jit
def outputs_at(seeds: _Words, starts: npt.NDArray[np.int64], places: _Words, words: _Words) -> None:
    """Output number `places[j]` of a seed's stream, into `words[j]`.

    The places of seed s are starts[s] … starts[s + 1] - 1, ascending.
    """
    lanes = np.empty((_N, _LANES), np.uint32)
    state = np.empty(_N, np.uint32)
    for seed in range(len(seeds)):
        if seed % _LANES == 0:
            _initialise(seeds, seed, lanes)
        for i in range(_N):
            state[i] = lanes[i, seed % _LANES]
        block = np.int64(-1)
        for j in range(starts[seed], starts[seed + 1]):
            place = np.int64(places[j])
            while block < place // _N:
                _twist(state)
                block += 1
            words[j] = _temper(state[place % _N])


@jit
def shuffle(outputs: _Words) -> _Words:
    """The permutation of len(outputs) + 1 that these outputs make."""
    n = len(outputs) + 1
    slots = np.arange(n).astype(np.uint32)
    for i in range(n - 1):
        j = i + np.int64(outputs[i]) % (n - i)
        held = slots[i]
        slots[i] = slots[j]
        slots[j] = held
    return slots
