"""What must be computed a number at a time: torch's CPU generator replayed, and distinct codes.

`contexts`, `philox` and `murmur` beside them are what two families compute in numpy too, faster;
those import them by themselves, for batches so large that it pays.

Functions here take and give numpy arrays and import numba at their first call that needs it. The
kernels run without the interpreter lock, so that callers may give slices to threads; their results
depend on nothing but their arguments. No torch is needed: MT19937 is seeded with the low 32 bits
of a seed, `rand` is the low 24 bits of an output, `randint(0, 2)` its lowest.
"""

import secrets
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError

__all__ = [
    "LARGEST",
    "distinct",
    "first_in_document",
    "green_bitmaps",
    "group",
    "members",
    "membership",
    "nth_output",
    "outputs",
    "randint2",
    "randperm",
    "table",
    "times_in_document",
]

LARGEST = 1 << 22
"""Slots of the largest vocabulary whose green lists are replayed: 100 MB of working memory."""

_Words = npt.NDArray[np.uint32]
_SALT = np.uint64(secrets.randbits(64))


def outputs(seed: int, count: int) -> _Words:
    """The first `count` outputs of MT19937 seeded with the low 32 bits of `seed`. numpy only."""
    state = np.random.RandomState(seed & 0xFFFFFFFF)
    return np.frombuffer(state.bytes(4 * count), dtype="<u4").astype(np.uint32, copy=False)


def randint2(seed: int, count: int) -> npt.NDArray[np.uint8]:
    """torch's `randint(0, 2, (count,))` on the CPU. numpy only."""
    return (outputs(seed, count) & np.uint32(1)).astype(np.uint8)


def randperm(seed: int, n: int) -> _Words:
    """torch's `randperm(n)` on the CPU, 0 < n < 2^32 / 20: beyond that torch shuffles otherwise.

    Raises InputError for another n.
    """
    if not 0 < n < 2**32 // 20:
        raise InputError(f"a permutation of {n}: expected 1 to {2**32 // 20 - 1}")
    from ledger.watermarks.kernels import twister

    return twister.shuffle(outputs(seed, n - 1))


def distinct(codes: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """(distinct codes in order of appearance, the number of each code among them)."""
    from ledger.watermarks.kernels import codes as kernel

    unique, numbers = np.empty(len(codes), np.uint64), np.empty(len(codes), np.int32)
    count = kernel.number(codes, _SALT, unique, numbers)
    return unique[:count].copy(), numbers


def first_in_document(
    codes: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which codes occur for the first time within their slice `offsets[d]:offsets[d + 1]`."""
    return times_in_document(codes, offsets) > 0


def times_in_document(
    codes: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint8]:
    """Of the codes that `first_in_document` names, how often each occurs in its slice; others 0.

    255 stands for 255 or more.
    """
    from ledger.watermarks.kernels import codes as kernel

    times = np.zeros(len(codes), np.uint8)
    kernel.occurrences(codes, offsets, _SALT, times)
    return times


def membership(seeds: _Words, tokens: _Words, k: int, n: int) -> npt.NDArray[np.bool_]:
    """Whether token j is among the first k of torch's `randperm(n)` seeded with seed j.

    Both arrays have one shape; tokens lie below n; 0 < k < n ≤ LARGEST, else InputError. Equal
    pairs are evaluated once, and pairs of one seed share its stream: give large batches.
    """
    codes, numbers = distinct(_pair(seeds, tokens))
    order = np.argsort(codes)
    grouped = codes[order]
    every, starts = group(grouped)
    colour = np.empty(len(codes), np.bool_)
    colour[order] = members(every, starts, grouped.astype(np.uint32), k, n)
    found: npt.NDArray[np.bool_] = colour[numbers]
    return found


def members(
    seeds: _Words, starts: npt.NDArray[np.int64], tokens: _Words, k: int, n: int
) -> npt.NDArray[np.bool_]:
    """`membership` of pairs that are grouped by seed already, none of which is looked at twice.

    The tokens of seed s are `tokens[starts[s]:starts[s + 1]]`, below n; starts end with their
    number.
    """
    _check(k, n)
    if len(tokens) and int(tokens.max()) >= n:  # the kernels look at no bounds
        raise InputError(f"a token of {n} or more in a vocabulary of {n}")
    from ledger.watermarks.kernels import twister

    green = np.zeros(len(tokens), np.uint8)
    twister.colours(seeds, starts, tokens, k, n, twister.division(k, n), twister.TRACK, green)
    return green.view(np.bool_)


def green_bitmaps(seeds: _Words, k: int, n: int) -> npt.NDArray[np.uint8]:
    """The first k of `randperm(n)` for each seed, packed: uint8[seeds, ceil(n / 8)].

    Token t is bit t % 8 of byte t // 8 (`np.unpackbits(…, bitorder="little")`). Ask for as many
    seeds at a time as there is memory for n / 8 bytes each. Raises InputError as `membership`.
    """
    _check(k, n)
    from ledger.watermarks.kernels import twister

    packed = np.zeros((len(seeds), -(-n // 8)), np.uint8)
    twister.bitmaps(seeds, k, n, twister.division(k, n), packed)
    return packed


def nth_output(seeds: _Words, places: _Words) -> _Words:
    """Output number `places[j]`, from 0, of MT19937 seeded with `seeds[j]`.

    torch's `rand(n)[i]` as float32 is (output i mod 2^24)·2^-24. Equal pairs are evaluated once.
    An output costs the stream before it: 0.1 µs for every 624.
    """
    codes, numbers = distinct(_pair(seeds, places))
    order = np.argsort(codes)
    grouped = codes[order]
    from ledger.watermarks.kernels import twister

    words = np.empty(len(codes), np.uint32)
    every, starts = group(grouped)
    twister.outputs_at(every, starts, grouped.astype(np.uint32), words)
    result = np.empty(len(codes), np.uint32)
    result[order] = words
    found: _Words = result[numbers]
    return found


@lru_cache(maxsize=2)
def table(seed: int, n: int) -> _Words:
    """`randperm(n)`, read-only and kept: for a table that is the same for every key."""
    values = randperm(seed, n)
    values.flags.writeable = False
    return values


def _pair(high: _Words, low: _Words) -> npt.NDArray[np.uint64]:
    return high.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64)


def group(sorted_codes: npt.NDArray[np.uint64]) -> tuple[_Words, npt.NDArray[np.int64]]:
    """The upper halves of sorted codes, each once, and where those of each begin, and the end."""
    seeds = (sorted_codes >> np.uint64(32)).astype(np.uint32)
    fresh = np.ones(len(seeds), np.bool_)
    fresh[1:] = seeds[1:] != seeds[:-1]
    starts = np.append(np.flatnonzero(fresh), len(seeds)).astype(np.int64)
    return seeds[fresh], starts


def _check(k: int, n: int) -> None:
    if not 0 < k < n <= LARGEST:
        raise InputError(f"a green list of {k} of {n}: expected 1 to {LARGEST - 1} of more")
