"""How KGW schemes see a key, so that keys which mark alike are written alike.

Python reduces a seed mod M = 2^64 - 1, then torch keeps its low 32 bits. What a tensor computes
wraps at 64 bits first; a negative result r becomes r + M, whose low 32 bits are those of r - 1.
"""

from math import lcm

from ledger.watermarks.schemes._modular import M

__all__ = ["as_int64", "reduce_hashed", "reduce_markllm", "reduce_product"]


def as_int64(key: int) -> int:
    """The key as a tensor of 64-bit integers holds it."""
    return (key + 2**63) % 2**64 - 2**63


def reduce_product(key: int, most: int) -> int:
    """The least key with the same low 32 bits of (key·t mod M) for every t from 0 to `most`.

    For key < M these bits are those of (key mod 2^32)·t + floor(key·t / M). The floors change only
    where key / M passes a fraction of a denominator up to `most`, so every key from the last such
    fraction on that is equal mod 2^32 marks alike: for keys below M / most that is key mod 2^32.
    """
    key %= M
    over, under = _last_fraction(key, M, most)
    least = -(-over * M // under)
    return least + (key - least) % 2**32


def reduce_hashed(key: int, most: int, size: int) -> int:
    """A key that is only seen as key·t (64 bits, signed) mod `size`, t from 0 to `most`.

    Where no product wraps that is key mod `size`. Others are kept as they are.
    """
    key = as_int64(key)
    return key % size if abs(key) * most < 2**63 else key


def reduce_markllm(key: int, size: int) -> int:
    """A key that makes a permutation (mod 2^32) and is multiplied with its numbers, mod `size`.

    A tensor multiplies them, so of the keys that no product wraps for, equal ones mod the least
    common multiple are one. Others are kept as they are.
    """
    key, most = as_int64(key), size - 1
    if abs(key) * most >= 2**63:
        return key
    both = lcm(2**32, size)
    least = key % both
    return least if least * most < 2**63 else least - both


def _last_fraction(key: int, whole: int, most: int) -> tuple[int, int]:
    """The largest fraction ≤ key / whole with a denominator ≤ most; 0 ≤ key < whole.

    Descends the Stern-Brocot tree, many steps of one direction at a time.
    """
    (a, b), (c, d) = (0, 1), (1, 1)
    while b + d <= most:
        below, above = key * b - a * whole, c * whole - key * d
        up = min(below // above, (most - b) // d)
        a, b = a + up * c, b + up * d
        below = key * b - a * whole
        if below == 0:
            break
        down = min((above - 1) // below, (most - d) // b)
        c, d = c + down * a, d + down * b
        if up == down == 0:
            break
    return a, b
