"""Sketches: 128 numbers that say how alike two texts are, and a sample of each text's grams.

One-permutation hashing: a gram's hash names a bin and competes for its least value there. Bins
that stay empty are filled by further rounds over the same grams, each round with hashes of its own
and behind all earlier ones, so that a bin holds the least (round, hash) of the *set* and texts of
unlike length stay comparable (the idea of "fast similarity sketching", Dahlgaard, Knudsen and
Thorup, FOCS 2017); what 16 rounds leave empty, in texts of a few dozen words, copies its right
neighbour (rotation). Of each bin 16 bits are kept: two sets agree in a bin with probability
J + (1 - J) / 65536. Four bins make a *band*, one column of 64 bits.

The sample keeps 32 bits of each gram that has two chosen zero bits, a quarter of all, the same
quarter in every text: it finds an excerpt in a longer text, where sketches differ, and nothing
added to a text can hide what is sampled.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.neardup.grams import U64, GramKey, Grams, find_grams, gram_key
from ledger.corpus.neardup.long import is_long, read_long
from ledger.corpus.neardup.normal import NORM_VERSION, find_words
from ledger.engines import Scan

__all__ = [
    "BANDS",
    "BAND_NAMES",
    "BINS",
    "SKETCH",
    "SKETCHING",
    "sketch_grams",
    "sketch_key",
    "slices",
]

BINS = 128
ROWS = 4  # bins of a band
BANDS = BINS // ROWS
BAND_NAMES = tuple(f"band_{number:02}" for number in range(BANDS))
SAMPLE_EVERY = 4

SKETCH: pa.Schema = pa.schema(
    [
        pa.field("sha256", pa.binary(32), nullable=False),
        pa.field("norm_sha256", pa.binary(32), nullable=False),
        pa.field("grams", pa.int64(), nullable=False),  # repeated ones counted again
        *(pa.field(name, pa.uint64(), nullable=False) for name in BAND_NAMES),
        pa.field("sampled", pa.int64(), nullable=False),  # grams in `sample`, distinct, ascending
        pa.field("sample", pa.large_list(pa.field("item", pa.uint32(), nullable=False))),
    ]
)

_SEED = b"headwater sketch 1"
_SLICE = 1 << 20  # bytes of text at a time: what is computed of it stays in the processor's cache
_ROUNDS = 16
_BIN_SHIFT = U64(57)  # the top 7 of 64 bits
_SAMPLED = U64((SAMPLE_EVERY - 1) << 24)
_HALF = U64(32)
_KEPT = U64(0xFFFF)
_EMPTY = U64(2**64 - 1)


@cache
def sketch_key() -> GramKey:
    """The public key of all sketches: they must be comparable between runs and machines."""
    return gram_key(_SEED)


def _sketch_table(table: pa.Table, *, params: Mapping[str, object]) -> pa.Table:
    """Rows `sha256`, `text` → SKETCH rows, the same and in order. `params` is empty."""
    digests = table.column("sha256").combine_chunks()
    done = [_sketch_slice(digests.slice(at, len(part)), part) for at, part in slices(table["text"])]
    return pa.concat_tables(done) if done else SKETCH.empty_table()


def slices(column: pa.ChunkedArray) -> list[tuple[int, pa.Array]]:
    """A column of texts cut into arrays of about 1 MiB, each with its first row."""
    at, found = 0, []
    for chunk in column.chunks:
        texts = chunk.cast(pa.large_string())
        if not len(texts):
            continue
        offsets = np.frombuffer(texts.buffers()[1], np.int64)
        offsets = offsets[texts.offset : texts.offset + len(texts) + 1]
        start = 0
        while start < len(texts):
            end = int(np.searchsorted(offsets, offsets[start] + _SLICE, side="right")) - 1
            end = max(end, start + 1)
            found.append((at + start, texts.slice(start, end - start)))
            start = end
        at += len(texts)
    return found


def _sketch_slice(digests: pa.Array, texts: pa.Array) -> pa.Table:
    if is_long(texts):
        found = read_long(texts, sketch_key())
        norms, counts = pa.array([found.norm], pa.binary(32)), np.array([found.grams])
        size = np.array([len(found.distinct)])
        grams = Grams(found.distinct, np.zeros(len(found.distinct), np.int64), size)
    else:
        words = find_words(texts)
        grams = find_grams(words, sketch_key())
        norms, counts = words.digests(), grams.counts
    bands = sketch_grams(grams)
    chosen = np.flatnonzero((grams.values & _SAMPLED) == 0)
    packed = (grams.text[chosen].astype(U64) << _HALF) | (grams.values[chosen] >> _HALF)
    packed.sort()
    packed = packed[np.diff(packed, prepend=~packed[:1]) != 0]
    sampled = np.bincount((packed >> _HALF).astype(np.int64), minlength=len(texts))
    sample = pa.LargeListArray.from_arrays(
        pa.array(np.concatenate([np.zeros(1, np.int64), np.cumsum(sampled)])),
        pa.array(packed.astype(np.uint32)),
        type=SKETCH.field("sample").type,
    )
    columns = [digests, norms, pa.array(counts)]
    columns += [pa.array(np.ascontiguousarray(bands[:, band])) for band in range(BANDS)]
    return pa.table([*columns, pa.array(sampled), sample], schema=SKETCH)


SKETCHING = Scan(
    name="sketch",
    version=f"1 {NORM_VERSION}",
    map=_sketch_table,
    columns=("sha256", "text"),
    schema=SKETCH,
)
"""The scan: rows with `sha256` and `text` become SKETCH rows."""


def sketch_grams(grams: Grams) -> npt.NDArray[np.uint64]:
    """The bands of n texts, n × BANDS; zeros for a text without grams."""
    count = len(grams.counts)
    bins = np.full(count * BINS, _EMPTY, U64)
    values, text = grams.values, grams.text
    np.minimum.at(bins, text * BINS + (values >> _BIN_SHIFT).astype(np.int64), values)
    empty = bins == _EMPTY
    for number in range(1, _ROUNDS):
        wanting = empty.reshape(count, BINS).any(axis=1)
        if not wanting.any():
            break
        keep = wanting[text]
        values, text = values[keep], text[keep]
        hashed = values * _round_multiplier(number)
        hashed ^= hashed >> _HALF
        hashed *= _round_multiplier(-number)
        places = text * BINS + (hashed >> _BIN_SHIFT).astype(np.int64)
        filling = np.flatnonzero(empty[places])
        if len(filling):
            np.minimum.at(bins, places[filling], hashed[filling])
            empty = bins == _EMPTY
    if empty.any():
        bins = _rotate(bins.reshape(count, BINS), empty.reshape(count, BINS), grams.counts > 0)
    kept = (bins & _KEPT).astype("<u2").reshape(count, BINS)
    kept[grams.counts == 0] = 0
    return kept.view("<u8").astype(U64, copy=False)


@cache
def _round_multiplier(number: int) -> np.uint64:
    return gram_key(b"%s round %d" % (_SEED, number)).base


def _rotate(
    bins: npt.NDArray[np.uint64], empty: npt.NDArray[np.bool_], any_gram: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint64]:
    """Every empty bin takes the value of the next full one to its right, going round."""
    rows = np.flatnonzero(empty.any(axis=1) & any_gram)
    twice = np.concatenate([empty[rows], empty[rows]], axis=1)
    place = np.where(twice, 2 * BINS, np.arange(2 * BINS))
    nearest = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1][:, :BINS] % BINS
    bins[rows] = np.take_along_axis(bins[rows], nearest, axis=1)
    return bins
