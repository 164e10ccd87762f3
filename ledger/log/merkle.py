"""The RFC 6962 tree: hashes, roots, proofs. Knows nothing of keys, files or SQL.

A tree of size n is read through `Subtree`: a function (level, index) -> hash of the complete
subtree over leaves [index·2^level, (index+1)·2^level), all of them below n.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from ledger.errors import RootMismatchError

__all__ = [
    "EMPTY_ROOT",
    "Subtree",
    "check_consistency",
    "check_inclusion",
    "fold_peaks",
    "leaf_hash",
    "leaf_hashes",
    "level_up",
    "node_hash",
    "peaks_of",
    "prove_consistency",
    "prove_inclusion",
    "root_of",
    "tree_root",
]

EMPTY_ROOT = sha256(b"").digest()  # RFC 6962 §2.1: MTH({}) = SHA-256()

Subtree = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Hash of an entry as a leaf."""
    return sha256(b"\x00" + entry).digest()  # SHA-256(0x00 ‖ entry), RFC 6962 §2.1


def leaf_hashes(entries: Sequence[bytes]) -> list[bytes]:
    """leaf_hash of each, without a call an entry."""
    hasher = sha256
    return [hasher(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()  # SHA-256(0x01 ‖ left ‖ right), RFC 6962 §2.1


def level_up(hashes: Sequence[bytes]) -> list[bytes]:
    """Parents of an even number of siblings."""
    hasher = sha256
    return [
        hasher(b"\x01" + left + right).digest()
        for left, right in zip(hashes[::2], hashes[1::2], strict=True)
    ]


def peaks_of(hashes: Sequence[bytes]) -> list[bytes]:
    """Roots of the maximal complete subtrees over `hashes`, left to right."""
    peaks: list[bytes] = []
    level = list(hashes)
    while level:
        if len(level) % 2:
            peaks.append(level.pop())
        level = level_up(level)
    return peaks[::-1]


def fold_peaks(peaks: Sequence[bytes], right: bytes | None = None) -> bytes | None:
    """Node over `peaks` (left to right, falling in size) and what already stands right of them."""
    for peak in reversed(peaks):
        right = peak if right is None else node_hash(peak, right)
    return right


def root_of(hashes: Sequence[bytes]) -> bytes:
    """MTH over leaf hashes, RFC 6962 §2.1."""
    return fold_peaks(peaks_of(hashes)) or EMPTY_ROOT


def tree_root(size: int, subtree: Subtree) -> bytes:
    """Root of the tree of `size` leaves."""
    return _range_root(0, size, subtree) if size else EMPTY_ROOT


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1  # k: the largest power of two below size, RFC 6962 §2.1


def _range_root(start: int, size: int, subtree: Subtree) -> bytes:
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return subtree(level, start >> level)
    k = _split(size)
    return node_hash(_range_root(start, k, subtree), _range_root(start + k, size - k, subtree))


def prove_inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """PATH(index, D[size]) from the leaf's sibling upward, RFC 6962 §2.1.1."""
    if not 0 <= index < size:
        raise ValueError(f"index {index} is not in a tree of {size}")
    return _path(index, 0, size, subtree)


def _path(index: int, start: int, size: int, subtree: Subtree) -> list[bytes]:
    if size == 1:
        return []
    k = _split(size)
    if index < k:
        return [
            *_path(index, start, k, subtree),
            _range_root(start + k, size - k, subtree),
        ]
    return [*_path(index - k, start + k, size - k, subtree), _range_root(start, k, subtree)]


def check_inclusion(
    index: int, size: int, leaf: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """RFC 9162 §2.1.3.2. Raises RootMismatchError."""
    if not 0 <= index < size:
        raise RootMismatchError(f"index {index} is not in a tree of {size}")
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            raise RootMismatchError(f"inclusion proof of index {index} is too long")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or r != root:
        raise RootMismatchError(
            f"inclusion proof of index {index} does not reach the root at {size}"
        )


def prove_consistency(first: int, second: int, subtree: Subtree) -> list[bytes]:
    """SUBPROOF(first, D[second], true), RFC 6962 §2.1.2."""
    if not 0 <= first <= second:
        raise ValueError(f"size {first} is not at most {second}")
    if first in (0, second):
        return []
    return _subproof(first, 0, second, subtree, True)


def _subproof(m: int, start: int, size: int, subtree: Subtree, whole: bool) -> list[bytes]:
    if m == size:
        return [] if whole else [_range_root(start, size, subtree)]
    k = _split(size)
    if m <= k:
        return [
            *_subproof(m, start, k, subtree, whole),
            _range_root(start + k, size - k, subtree),
        ]
    return [
        *_subproof(m - k, start + k, size - k, subtree, False),
        _range_root(start, k, subtree),
    ]


def check_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """RFC 9162 §2.1.4.2. Raises RootMismatchError."""
    wrong = RootMismatchError(f"the tree of {second} does not continue the tree of {first}")
    if first > second:
        raise wrong
    if first in (0, second):
        if proof or (first == second and first_root != second_root):
            raise wrong
        return
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        raise wrong
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise wrong
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if fr != first_root or sr != second_root or sn != 0:
        raise wrong
