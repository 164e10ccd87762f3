"""Membership by the book, over the whole set; shares nothing with the code under test."""

from hashlib import sha256

from ledger.reserves.membership.proofs import Leaf, Membership


def digests(count: int, salt: bytes = b"") -> list[bytes]:
    return sorted(sha256(salt + b"%d" % n).digest() for n in range(count))


def between(low: bytes, high: bytes) -> bytes:
    """A digest that lies strictly between two."""
    return (int.from_bytes(low) + 1).to_bytes(32) if low < high else low


def outside(leaves: list[bytes]) -> list[bytes]:
    """A document for every gap: below all, between each two, above all."""
    return [bytes(32), *(between(leaf, b"\xff" * 32) for leaf in leaves)]


# --- the oracle: RFC 6962 as its text recurses, over the whole set, sharing nothing with the code


def mth(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def audit_path(index: int, leaves: list[bytes]) -> tuple[bytes, ...]:
    if len(leaves) == 1:
        return ()
    k = split(len(leaves))
    if index < k:
        return (*audit_path(index, leaves[:k]), mth(leaves[k:]))
    return (*audit_path(index - k, leaves[k:]), mth(leaves[:k]))


def oracle(document: bytes, leaves: list[bytes]) -> Membership:
    if document in leaves:
        around = [leaves.index(document)]
    else:
        below = sum(leaf < document for leaf in leaves)
        around = [index for index in (below - 1, below) if 0 <= index < len(leaves)]
    shown = tuple(Leaf(leaves[at], at, audit_path(at, leaves)) for at in around)
    return Membership(document, document in leaves, len(leaves), shown)
