"""The key that says how early a document is drawn: one block of SHA-256 over seed and digest.

key(document) = the first 8 bytes, big-endian, of SHA-256(tag ‖ seed ‖ digest), where `tag` is 15
bytes of ASCII, `seed` 8 bytes, big-endian, and `digest` the 32 bytes of the document's SHA-256.
The 55 bytes are all that one block of SHA-256 has room for.

In SQL, with `prefix` = tag ‖ seed as a binary literal, the first 16 characters of
`sha256(prefix || digest)` in lower-case hexadecimal compare as the keys do.
"""

from hashlib import sha256

import numpy as np
import numpy.typing as npt

from ledger.errors import InputError, printable

__all__ = [
    "COPIES",
    "DRAW",
    "SEEDS",
    "Digests",
    "Keys",
    "check_seed",
    "document_key",
    "document_keys",
    "key_hex",
    "prefix_of",
]

DRAW = b"headwater key 1"
"""Tag of the keys by which documents are drawn."""

COPIES = b"headwater rep 1"
"""Tag of the keys by which drawn documents get one copy more: they owe nothing to the first."""

SEEDS = 1 << 64
"""Seeds are whole numbers below it."""

Digests = npt.NDArray[np.uint8]  # (n, 32)
Keys = npt.NDArray[np.uint64]
_WIDTH = 32
_MANY = 1 << 18  # digests in one call from which loading the compiler pays


def check_seed(seed: object) -> int:
    """The seed, if it is one. Raises InputError for another type and for what is out of range."""
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise InputError(
            f"seed: {printable(repr(seed))}, expected a whole number below 2^64",
            hint="write it without quotes, point or exponent",
        )
    if not 0 <= seed < SEEDS:
        raise InputError(f"seed: {printable(seed)}, expected a whole number from 0 below 2^64")
    return seed


def prefix_of(seed: int, tag: bytes = DRAW) -> bytes:
    """The 23 bytes that stand before every digest. Raises InputError for a bad seed."""
    return tag + check_seed(seed).to_bytes(8, "big")


def document_key(digest: bytes, seed: int, tag: bytes = DRAW) -> int:
    """The key of one document, by its digest of 32 bytes."""
    return int.from_bytes(sha256(prefix_of(seed, tag) + digest).digest()[:8], "big")


def key_hex(key: int) -> str:
    """A key in 16 lower-case hexadecimal digits, which sort as the numbers do."""
    return f"{key:016x}"


def document_keys(
    digests: Digests, seed: int, tag: bytes = DRAW, *, compiled: bool | None = None
) -> Keys:
    """The keys of n documents: (n, 32) bytes to n numbers, in order.

    `compiled` asks for the kernel, which loads numba once and is then many times faster; None: from
    262,144 digests on. Both ways give the same keys. Raises InputError for a bad seed.
    """
    if digests.ndim != 2 or digests.shape[1] != _WIDTH or digests.dtype != np.uint8:
        raise ValueError(f"digests are {digests.dtype}{digests.shape}, expected uint8 (n, 32)")
    prefix = prefix_of(seed, tag)
    if len(digests) >= _MANY if compiled is None else compiled:
        from ledger.manifests.sampling.kernel import first_words

        return first_words(prefix, np.ascontiguousarray(digests))
    raw, begin, heads = digests.tobytes(), sha256(prefix).copy, []
    for at in range(0, len(raw), _WIDTH):
        hashing = begin()
        hashing.update(raw[at : at + _WIDTH])
        heads.append(hashing.digest()[:8])
    return np.frombuffer(b"".join(heads), ">u8").astype(np.uint64)
