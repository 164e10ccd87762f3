"""Green-list seeds and units as the formulas say them: whole numbers, one token at a time.

An oracle for `ledger.watermarks.schemes.kgw`, which computes them by arrays. It shares no code with
it but `randperm`, for a table of a million.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import prod

import numpy as np

from ledger.watermarks.kernels import randperm

__all__ = ["PRFS", "Formula", "chain_seed", "markllm_seed", "permutation", "prf_seed", "wrap"]

TABLE = 1_000_003
COMMON = 2971215073


def wrap(value: int) -> int:
    """A signed integer of 64 bits."""
    return (value + 2**63) % 2**64 - 2**63


@lru_cache(maxsize=20_000)
def permutation(seed: int, n: int) -> tuple[int, ...]:
    """Fisher and Yates forward, by numpy's stream of the same generator."""
    stream = np.random.RandomState(seed % 2**32).bytes(4 * max(n - 1, 1))
    outputs = np.frombuffer(stream, "<u4").tolist()
    slots = list(range(n))
    for i in range(n - 1):
        j = i + outputs[i] % (n - i)
        slots[i], slots[j] = slots[j], slots[i]
    return tuple(slots)


@lru_cache(maxsize=4)
def _table(seed: int) -> list[int]:
    table: list[int] = randperm(seed, TABLE).tolist()
    return table


def hashed(value: int, table_seed: int = COMMON) -> int:
    return _table(table_seed)[wrap(value) % TABLE] + 1


def _noncomm(window: Sequence[int], key: int) -> int:
    for token in window:
        key = wrap(key * hashed(key * token)) % 2**32
    return key


PRFS: dict[str, Callable[[Sequence[int], int], int]] = {
    "additive": lambda w, key: key * sum(w),
    "anchored_minhash": lambda w, key: min(wrap(key * hashed(x) * hashed(w[-1])) for x in w),
    "anchored_skipgram": lambda w, key: wrap(hashed(key * w[0]) * hashed(key * w[-1])),
    "minfunc": lambda w, key: key * min(w),
    "minhash": lambda w, key: min(hashed(key * x) for x in w),
    "minskipgram": lambda w, key: min(
        hashed(key * a) * hashed(key * b) for a, b in combinations(w, 2)
    ),
    "multiplicative": lambda w, key: key * wrap(prod(w)),
    "noncomm": _noncomm,
    "position": lambda w, key: wrap(sum(key * x * place for place, x in enumerate(w, 1))),
    "simple_skip": lambda w, key: wrap(prod(hashed(key * x) for x in w[::2])),
    "skipgram": lambda w, key: hashed(key * w[0]),
}


def prf_seed(prf: str, window: Sequence[int], key: int) -> int:
    return PRFS[prf](window, key) % (2**64 - 1) % 2**32


def selfhash_seed(window: Sequence[int], key: int) -> int:
    """transformers' table is seeded with the key."""
    values = [wrap(key * hashed(x, key) * hashed(window[-1], key)) for x in window]
    return min(values) % (2**64 - 1) % 2**32


def markllm_seed(f_scheme: str, window: Sequence[int], key: int, n: int) -> int:
    prf = permutation(key, n)
    f = {
        "time": prf[prod(window) % n],
        "additive": prf[sum(window) % n],
        "skip": prf[window[0]],
        "min": min(prf[x] for x in window),
    }[f_scheme]
    return wrap(wrap(key) * f) % n  # a tensor multiplies


def chain_seed(window: Sequence[int], seed: int, salt: int) -> int:
    for token in window:
        seed = (seed * salt + token) % (2**64 - 1)
    return seed % 2**32


@dataclass(frozen=True)
class Formula:
    """`seed(window)`: the seed of the window that precedes a token, or ends with it if `salted`."""

    seed: Callable[[Sequence[int]], int]
    width: int
    salted: bool
    green: int
    size: int
    last: bool = False
    shift: int = 0

    def units(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """(position, whether green) of each distinct (seed, token)."""
        found, seen = [], set()
        for position in range(self.width - self.salted, len(ids)):
            window = ids[position + self.salted - self.width : position + self.salted]
            token = ids[position]
            if max(token, *window, 0) >= self.size:
                continue
            unit = self.seed(window), token
            if unit not in seen:
                seen.add(unit)
                found.append((position, int(self._is_green(*unit))))
        return found

    def _is_green(self, seed: int, token: int) -> bool:
        order = permutation(seed, self.size)
        greens = order[-self.green :] if self.last else order[: self.green]
        return (token + self.shift) % self.size in greens
