"""Sets of 32-byte digests as sorted matrices: put in order, and looked up in bulk."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.log.merkle import leaf_hashes, root_of
from ledger.log.runs import keys_of
from ledger.reserves.layout import BLOCK

__all__ = ["Digests", "Ints", "block_roots", "digest_column", "matrix_of", "order_of", "positions"]

Digests = npt.NDArray[np.uint8]  # (n, 32)
Ints = npt.NDArray[np.int64]
_WIDTH = 32
_NONE = pa.array([], pa.binary(_WIDTH))


def order_of(digests: Digests) -> Ints:
    """The permutation that sorts the rows by their bytes."""
    heads = keys_of(digests)
    order = np.argsort(heads, kind="stable")
    heads = heads[order]
    if (heads[1:] == heads[:-1]).any():  # two begin alike: all of their bytes decide
        words = np.ascontiguousarray(digests).view(">u8").astype(np.uint64)
        order = np.lexsort((words[:, 3], words[:, 2], words[:, 1], words[:, 0]))
    return order.astype(np.int64)


def positions(known: Digests, keys: npt.NDArray[np.uint64], asked: Digests) -> Ints:
    """Where each asked digest stands in `known` (sorted, distinct), -1 where it does not.

    `keys` are the first eight bytes of `known` as numbers: see `keys_of` in the log.
    """
    found = np.full(len(asked), -1, np.int64)
    if not len(known) or not len(asked):
        return found
    wanted = keys_of(asked)
    rows = np.argsort(wanted)  # neighbours are found together: the cache sees them once
    at = np.searchsorted(keys, wanted[rows])
    while len(rows):  # once, unless digests share their first eight bytes
        inside = at < len(known)
        rows, at = rows[inside], at[inside]
        inside = keys[at] == wanted[rows]
        rows, at = rows[inside], at[inside]
        same = (known[at] == asked[rows]).all(1)
        found[rows[same]] = at[same]
        rows, at = rows[~same], at[~same] + 1
    return found


def matrix_of(column: "pa.ChunkedArray | pa.Array") -> Digests:
    """A binary(32) column without nulls as (n, 32) bytes; a column in one piece is not copied."""
    array = column
    if isinstance(column, pa.ChunkedArray):
        pieces = column.chunks
        array = pieces[0] if len(pieces) == 1 else pa.concat_arrays([*pieces, _NONE])
    raw = np.frombuffer(array.buffers()[1] or b"", np.uint8)
    start = array.offset * _WIDTH
    return raw[start : start + len(array) * _WIDTH].reshape(-1, _WIDTH)


def digest_column(digests: Digests) -> pa.Array:
    """(n, 32) bytes as a binary(32) column, without a copy where they lie together."""
    data = pa.py_buffer(np.ascontiguousarray(digests))
    return pa.Array.from_buffers(pa.binary(_WIDTH), len(digests), [None, data])


def block_roots(digests: Digests) -> list[bytes]:
    """RFC 6962 roots of each block of BLOCK digests. Over them, `root_of` is the root of all."""
    flat = digests.tobytes()
    step = BLOCK * _WIDTH
    roots = []
    for start in range(0, len(flat), step):
        end = min(start + step, len(flat))
        leaves = [flat[at : at + _WIDTH] for at in range(start, end, _WIDTH)]
        roots.append(root_of(leaf_hashes(leaves)))
    return roots
