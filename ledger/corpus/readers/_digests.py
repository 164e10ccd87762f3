"""Digests as WARC headers spell them: an algorithm, a colon, and base 32 or hex in either case."""

import hashlib

from ledger.errors import printable

__all__ = ["WrongDigestError", "base_32", "check_digest", "read_digest"]

_BASE_32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # RFC 4648
_DIGITS = b"0123456789abcdefghijklmnopqrstuv"  # the same values as Python's int() spells them
_TO_DIGITS = bytes.maketrans(
    bytes(range(256)), bytes(_DIGITS[_BASE_32.find(c)] if c in _BASE_32 else 33 for c in range(256))
)
_ALGORITHMS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})


class WrongDigestError(Exception):
    """Bytes that are not what their header says; the message holds both digests."""


def check_digest(name: str, header: bytes, *readings: bytes | memoryview) -> bytes:
    """The digest that `header` gives, which one of the readings of the bytes must have.

    Raises WrongDigestError; it names the digest of the first reading.
    """
    if header[:5] == b"sha1:":  # what nearly every file has, in its usual spelling
        found = hashlib.sha1(readings[0], usedforsecurity=False).digest()
        if read_digest(header[5:], len(found)) == found:
            return found
    label, _, value = header.partition(b":")
    algorithm = label.strip().lower().replace(b"-", b"").decode("latin-1")
    if algorithm not in _ALGORITHMS:
        raise WrongDigestError(f"{name} by {printable(algorithm, 30)!r}, expected SHA or MD5")
    digests = [hashlib.new(algorithm, data, usedforsecurity=False).digest() for data in readings]
    given = read_digest(value.strip(), len(digests[0]))
    if given is None or given not in digests:
        stated = printable(value.decode("latin-1").strip(), 130)
        hexed = len(value.strip()) == 2 * len(digests[0])
        found_is = digests[0].hex() if hexed else base_32(digests[0])
        raise WrongDigestError(f"{name} says {stated}, the bytes have {found_is}")
    return given


def read_digest(value: bytes, size: int) -> bytes | None:
    """A digest of `size` bytes in hex or base 32; None if it is neither."""
    try:
        if len(value) == 2 * size:
            return bytes.fromhex(value.decode("ascii"))
        text = value.upper().rstrip(b"=")
        spare = 5 * len(text) - 8 * size  # bits that fill the last letter
        if not 0 <= spare < 5:
            return None
        return (int(text.translate(_TO_DIGITS), 32) >> spare).to_bytes(size, "big")
    except ValueError:
        return None


def base_32(digest: bytes) -> str:
    """A digest as RFC 4648 spells it, upper case, without padding."""
    letters = -(-8 * len(digest) // 5)
    value = int.from_bytes(digest, "big") << (5 * letters - 8 * len(digest))
    return "".join(chr(_BASE_32[value >> 5 * place & 31]) for place in reversed(range(letters)))
