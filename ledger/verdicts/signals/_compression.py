"""Sizes after compression over sizes before. What a library's version decides, the number follows.

Bytes are UTF-8. Streams carry no container, so that a short text is not mostly header.
"""

import lzma
import zlib
from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa

from ledger.verdicts.signals.tokens import Floats

__all__ = ["LEAST_BYTES", "lzma_size", "ratios", "zlib_size"]

LEAST_BYTES: Final = 200
"""Bytes below which a compressor has not begun to learn."""

_LZMA_WINDOW = 1 << 23  # bytes; less for a shorter text changes no match


def zlib_size(data: bytes | memoryview) -> int:
    """Bytes of a raw deflate stream at level 9."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return len(stream.compress(data)) + len(stream.flush())


def lzma_size(data: bytes | memoryview) -> int:
    """Bytes of a raw LZMA2 stream at preset 1 with a window of 8 MiB."""
    window = min(max(len(data), 4096), _LZMA_WINDOW)
    chain = [{"id": lzma.FILTER_LZMA2, "preset": 1, "dict_size": window}]
    return len(lzma.compress(data, lzma.FORMAT_RAW, filters=chain))


def ratios(texts: pa.Array, size: Callable[[memoryview], int]) -> Floats:
    """float64[n] of large_string texts; NaN below LEAST_BYTES."""
    ratio = np.full(len(texts), np.nan)
    if not len(texts):
        return ratio
    _, offset_buffer, buffer = texts.buffers()
    bounds = np.frombuffer(offset_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = memoryview(buffer) if buffer is not None else memoryview(b"")
    sizes = np.diff(bounds)
    for text in np.flatnonzero(sizes >= LEAST_BYTES).tolist():
        ratio[text] = size(data[bounds[text] : bounds[text + 1]]) / int(sizes[text])
    return ratio
