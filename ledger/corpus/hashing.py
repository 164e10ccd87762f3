"""SHA-256 of texts where they lie, and of files.

One thread on purpose: handing the interpreter lock over costs more than a 3 KB digest.
Speed comes from one process per file.
"""

from hashlib import sha256
from os import PathLike

import numpy as np
import pyarrow as pa

__all__ = ["hash_file", "hash_texts"]

_DIGEST = 32
_BLOCK = 1 << 20


def hash_texts(column: pa.ChunkedArray | pa.Array) -> tuple[pa.Array, pa.Array]:
    """Digests `binary(32)` and byte lengths `int64` of n strings, in order; a null stays null.

    `column` is string, large_string, binary or large_binary; slices of the data buffer are hashed
    without a copy. Raises TypeError for any other type.
    """
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    pairs = [_hash_array(chunk) for chunk in chunks]
    if len(pairs) == 1:
        return pairs[0]
    return (
        pa.concat_arrays([pa.array([], pa.binary(_DIGEST)), *(d for d, _ in pairs)]),
        pa.concat_arrays([pa.array([], pa.int64()), *(n for _, n in pairs)]),
    )


def _hash_array(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    if pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type):
        width: type[np.int64 | np.int32] = np.int64
    elif pa.types.is_string(array.type) or pa.types.is_binary(array.type):
        width = np.int32
    else:
        raise TypeError(f"{array.type}, expected strings or bytes")
    count = len(array)
    if count == 0:
        return pa.array([], pa.binary(_DIGEST)), pa.array([], pa.int64())
    _, offset_buffer, data_buffer = array.buffers()
    offsets = np.frombuffer(offset_buffer, width)[array.offset : array.offset + count + 1]
    data = memoryview(data_buffer) if data_buffer is not None else memoryview(b"")
    bounds = offsets.tolist()  # Python ints slice a memoryview four times faster than numpy's
    out = bytearray(_DIGEST * count)
    start, at = bounds[0], 0
    for end in bounds[1:]:
        out[at : at + _DIGEST] = sha256(data[start:end]).digest()
        start = end
        at += _DIGEST
    digests = pa.Array.from_buffers(pa.binary(_DIGEST), count, [None, pa.py_buffer(bytes(out))])
    lengths = pa.array(np.diff(offsets).astype(np.int64))
    if array.null_count:
        valid = array.is_valid()
        digests = pa.compute.if_else(valid, digests, pa.scalar(None, digests.type))
        lengths = pa.compute.if_else(valid, lengths, pa.scalar(None, lengths.type))
    return digests, lengths


def hash_file(path: str | PathLike[str]) -> tuple[bytes, int]:
    """SHA-256 and size in bytes of a file as it lies on disk. Raises OSError."""
    digest, size = sha256(), 0
    with open(path, "rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return digest.digest(), size
