"""An order as its formulas have it, one value at a time, in Python's whole numbers."""

from collections.abc import Sequence
from hashlib import sha256

__all__ = ["permuted", "turns"]

_ALL = (1 << 64) - 1


def permuted(manifest: bytes, epoch: int, stratum: int, size: int, value: int) -> int:
    """Where the permutation of a stratum sends a value."""
    side = 4
    while side * side <= size:
        side += 2
    head = b"headwater order 1" + manifest + epoch.to_bytes(8, "big") + stratum.to_bytes(4, "big")
    stream = sha256(head + b"\x00").digest() + sha256(head + b"\x01").digest()
    keys = [int.from_bytes(stream[at : at + 8], "big") for at in range(0, 64, 8)]
    while True:
        left, right = divmod(value, side)
        for key in keys:
            x = (right ^ key) * 0xBF58476D1CE4E5B9 & _ALL
            y = (x ^ x >> 32) * 0x94D049BB133111EB & _ALL
            left, right = right, (left + ((y >> 32) * side >> 32)) % side
        value = left * side + right
        if value < size:
            return value


def turns(counts: Sequence[int]) -> list[int]:
    """Whose turn it is at every position, by merging the rows of turns two by two."""
    rows = [(count, number, [number] * count) for number, count in enumerate(counts) if count]
    joints = len(counts)
    while len(rows) > 1:
        (left, _, lesser), (right, _, other), *rows = sorted(rows)
        merged, given, size = [], 0, left + right
        for turn in range(1, size + 1):
            due = (turn * left + size // 2) // size  # its share so far, to the nearest whole turn
            merged.append(lesser[given] if due > given else other[turn - 1 - given])
            given = due
        rows.append((size, joints, merged))
        joints += 1
    return rows[0][2] if rows else []
