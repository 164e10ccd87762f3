"""The hash chain of batches: what each transaction added, linked to what preceded it.

link = SHA-256(tag ‖ previous link ‖ batch number ‖ size ‖ root), numbers as u64 big-endian.
The tree already commits to every entry; the chain also commits to where the batches ended.
"""

from hashlib import sha256

__all__ = ["FIRST_LINK", "link_batch"]

_TAG = b"headwater/batch/v1\n"
FIRST_LINK = bytes(32)


def link_batch(previous: bytes, number: int, size: int, root: bytes) -> bytes:
    """The link of batch `number` (from 0), after which the log has `size` entries and `root`."""
    numbers = number.to_bytes(8, "big") + size.to_bytes(8, "big")
    return sha256(_TAG + previous + numbers + root).digest()
