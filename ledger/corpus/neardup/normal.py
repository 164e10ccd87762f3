"""The normal form of many texts at once: what stays the same when layout, case and punctuation
change. Defined in `corpus/normal_form.py`.

ASCII takes vectorised passes over Arrow's buffer. A *run*, the bytes between ASCII separators,
that holds anything else goes through Python, each distinct run of a batch once. That gives the
words of the whole text: a separator of ASCII takes part in no composition that is a word (`=` and a
combining stroke give `≠`, which is none), and a mark without a letter before it is none.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ledger.corpus.normal_form import NORM_VERSION, normal_form

__all__ = ["NORM_VERSION", "Words", "find_words", "last_separator", "normal_form"]

PADDING = 8
"""Zero bytes after the last word, so that eight can be loaded at any of its bytes."""

_SPACE = 0x20
_KNOWN = 64  # bytes; longer runs are not remembered between batches
_WORD_BYTES = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_FOLD = bytes(
    ord(chr(byte).lower()) if byte in _WORD_BYTES else byte if byte >= 0x80 else _SPACE
    for byte in range(256)
)
_SEPARATOR = pa.scalar("\n", pa.large_string())
_NOTHING = pa.scalar("", pa.large_string())


@dataclass(frozen=True, slots=True)
class Words:
    """The words of n texts in one buffer.

    `data` is bytes: every word in UTF-8, a space after each, PADDING zeros at the end. Word w is
    `data[starts[w] : starts[w] + sizes[w]]`; text t has the words `first[t]` to `first[t + 1]`.
    """

    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]

    @property
    def texts(self) -> int:
        """n."""
        return len(self.first) - 1

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Words of each text."""
        return np.diff(self.first)

    def forms(self) -> list[bytes]:
        """The normal forms in UTF-8."""
        data = self.data.tobytes()
        return [data[start:end] for start, end in zip(*self._bounds(), strict=True)]

    def digests(self) -> pa.Array:
        """SHA-256 of the normal forms, `binary(32)`; of the empty string for a text of no word."""
        data = self.data.data
        out = b"".join(
            [sha256(data[start:end]).digest() for start, end in zip(*self._bounds(), strict=True)]
        )
        return pa.Array.from_buffers(pa.binary(32), self.texts, [None, pa.py_buffer(out)])

    def _bounds(self) -> tuple[list[int], list[int]]:
        edges = np.append(self.starts, len(self.data) - PADDING)[self.first]
        return edges[:-1].tolist(), np.maximum(edges[1:] - 1, edges[:-1]).tolist()


def last_separator(data: memoryview) -> int:
    """The place of the last byte of ASCII that is in no word; -1 if there is none."""
    return data.tobytes().translate(_FOLD).rfind(b" ")


def find_words(texts: pa.Array) -> Words:
    """The words of large_string texts without nulls. Bytes that are no UTF-8 separate words."""
    joined = pc.binary_join_element_wise(texts, _SEPARATOR, _NOTHING)
    count = len(joined)
    if not count:
        none = np.zeros(0, np.int64)
        return Words(np.zeros(PADDING, np.uint8), none, none, np.zeros(1, np.int64))
    _, offset_buffer, buffer = joined.buffers()
    bounds = np.frombuffer(offset_buffer, np.int64)[joined.offset : joined.offset + count + 1]
    raw = memoryview(buffer)[bounds[0] : bounds[-1]].tobytes()
    bounds = bounds - bounds[0]
    folded = np.frombuffer(raw.translate(_FOLD), np.uint8)
    if not raw.isascii():
        folded, bounds = _fold_rest(raw, folded, bounds)
    solid = folded != _SPACE  # every text ends with a separator, so the last byte is none
    edges = np.flatnonzero(solid[1:] != solid[:-1])
    edges += 1
    if solid[0]:
        edges = np.concatenate([np.zeros(1, np.int64), edges])
    starts, ends = edges[0::2], edges[1::2]
    solid[1:] |= solid[:-1].copy()  # and the separator right after each word
    kept = pa.Array.from_buffers(
        pa.bool_(), len(solid), [None, pa.py_buffer(np.packbits(solid, bitorder="little"))]
    )
    packed = pa.array(folded).filter(kept)
    data = np.zeros(len(packed) + PADDING, np.uint8)
    data[: len(packed)] = packed.to_numpy()
    sizes = ends - starts
    moved = np.cumsum(sizes + 1)
    first = np.searchsorted(starts, bounds)
    return Words(data, moved - sizes - 1, sizes, first)


def _fold_rest(
    raw: bytes, folded: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Put the words of every run that is not plain ASCII in its place; text bounds move along."""
    separators = np.flatnonzero(folded == _SPACE)
    which = np.searchsorted(separators, np.flatnonzero(folded >= 0x80))
    which = which[np.flatnonzero(np.diff(which, prepend=-1))]
    starts = np.where(which > 0, separators[which - 1] + 1, 0)
    ends = separators[which]
    cuts = np.empty(2 * len(which) + 2, np.int64)
    cuts[0], cuts[-1] = 0, len(raw)
    cuts[1:-1:2], cuts[2:-1:2] = starts, ends
    odd = np.arange(1, len(cuts) - 1, 2)
    found = _slices(raw, cuts).take(pa.array(odd)).dictionary_encode()
    distinct = [
        _fold_known(run) if len(run) <= _KNOWN else _fold(run)
        for run in found.dictionary.to_pylist()
    ]
    fresh = pa.array(distinct, pa.large_binary()).take(found.indices)
    pieces = pa.concat_arrays([_slices(folded, cuts), fresh])
    order = np.arange(len(cuts) - 1)
    order[1::2] = len(cuts) - 1 + np.arange(len(which))
    merged = pieces.take(pa.array(order))
    grown = pc.binary_length(fresh).to_numpy() - (ends - starts)
    shift = np.concatenate([np.zeros(1, np.int64), np.cumsum(grown)])
    moved = bounds + shift[np.searchsorted(ends, bounds, side="right")]
    return np.frombuffer(merged.buffers()[2], np.uint8)[: moved[-1]], moved


def _slices(data: bytes | npt.NDArray[np.uint8], cuts: npt.NDArray[np.int64]) -> pa.Array:
    return pa.Array.from_buffers(
        pa.large_binary(), len(cuts) - 1, [None, pa.py_buffer(cuts), pa.py_buffer(data)]
    )


@lru_cache(maxsize=1 << 15)
def _fold_known(run: bytes) -> bytes:
    return _fold(run)


def _fold(run: bytes) -> bytes:
    return normal_form(run.decode("utf-8", "replace")).encode()
