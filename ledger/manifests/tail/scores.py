"""The scan that says how much of a text is rare words, and whether it is text at all.

    score = 10^6 · Σ over rare types of min(occurrences, 5) / words, rounded down

A rare type counts five times at most, so that a word said over and over is no rarity. Rare words
are attested ones (table.py): what no other document holds, base64 or the slips of a scanner, adds
nothing. A text is *unrated* for the first of these reasons that holds:

    short      fewer than 50 words
    unknown    over a third of its words are neither common nor rare in the table
    list       fewer than a third of its words are common: a list, code, or another language
    opaque     less than half of its bytes (white space aside) are in common and rare words
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ledger.engines import Scan
from ledger.manifests.tail.table import Ids, Rarity, Table, word_ids
from ledger.verdicts.signals.words import as_texts, find_words

__all__ = ["CAP", "LEAST_WORDS", "PPM", "UNRATED", "score_texts", "scoring", "slices"]

Ints = npt.NDArray[np.int64]

PPM: Final = 1_000_000
CAP: Final = 5
LEAST_WORDS: Final = 50
UNRATED: Final = ("short", "unknown", "list", "opaque")
"""Reasons of the scan; the score of a text with reason number k, from 0, is -1 - k."""

_RESULTS: Final = pa.schema([("sha256", pa.binary(32)), ("score", pa.int64())])
_RULE = {"cap": CAP, "least_words": LEAST_WORDS, "unknown": "1/3", "common": "1/3", "opaque": "1/2"}
_SLICE = 8 << 20  # bytes of text at a time


class _Scorer:
    """The map, with what a table calls common and rare; it travels to the workers."""

    def __init__(self, rarity: Rarity) -> None:
        self._rarity = rarity

    def __call__(self, table: pa.Table, *, params: Mapping[str, object]) -> pa.Table:
        texts = as_texts(table.column("text"))
        scores = [score_texts(part, self._rarity) for part in slices(texts)]
        column = np.concatenate([np.zeros(0, np.int64), *scores])
        digests = table.column("sha256").cast(_RESULTS.field("sha256").type)
        return pa.table([digests, pa.array(column)], schema=_RESULTS)


def scoring(table: Table) -> Scan:
    """The scan of texts against one table; its digest is its parameter."""
    return Scan(
        name="tail",
        version="1",
        map=_Scorer(table.rarity),
        columns=("sha256", "text"),
        schema=_RESULTS,
        params={"rule": _RULE, "table": table.digest},
    )


def score_texts(texts: pa.Array, rarity: Rarity) -> Ints:
    """int64[n] of n texts, large_string without nulls: 0 to 10^6, or below 0 where unrated."""
    found = find_words(texts)
    tokens, offsets = found.tokens, found.tokens.offsets
    kinds = _kinds(word_ids(found.vocabulary), rarity)
    kind = kinds[tokens.ids]
    words = tokens.sizes
    common, unknown = _sums(kind == 2, offsets), _sums(kind == 0, offsets)
    sizes = pc.binary_length(found.vocabulary).to_numpy().astype(np.int64)
    known = _sums(np.where(kind > 0, sizes[tokens.ids], 0), offsets)
    mass = _capped(tokens.text_of, tokens.ids, kind == 1, len(texts))
    score: Ints = mass * PPM // np.maximum(words, 1)
    for place, holds in reversed(
        [*enumerate((
            words < LEAST_WORDS,
            unknown * 3 > words,
            common * 3 < words,
            known * 2 < _solid(texts),
        ))]
    ):  # fmt: skip
        score[holds] = -1 - place
    return score


def _kinds(ids: Ids, rarity: Rarity) -> npt.NDArray[np.int8]:
    found = np.zeros(len(ids), np.int8)
    found[_among(rarity.rare, ids)] = 1
    found[_among(rarity.common, ids)] = 2
    return found


def _among(known: Ids, ids: Ids) -> npt.NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(ids), np.bool_)
    places = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.equal(known[places], ids)


def _capped(text_of: Ints, ids: npt.NDArray[np.uint32], rare: npt.NDArray[np.bool_],
            texts: int) -> Ints:  # fmt: skip
    """int64[n]: rare tokens of each text, of each type CAP at most."""
    keys = (text_of[rare] << 32) | ids[rare].astype(np.int64)
    pairs, counts = np.unique(keys, return_counts=True)
    mass = np.zeros(texts, np.int64)
    np.add.at(mass, pairs >> 32, np.minimum(counts, CAP))
    return mass


def _sums(values: npt.NDArray[np.int64 | np.bool_], offsets: Ints) -> Ints:
    upto = np.concatenate([np.zeros(1, np.int64), np.cumsum(values, dtype=np.int64)])
    found: Ints = upto[offsets[1:]] - upto[offsets[:-1]]
    return found


def _solid(texts: pa.Array) -> Ints:
    """int64[n]: bytes of each text that are no ASCII white space or control."""
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset :][: len(texts) + 1]
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    return _sums(data > 32, offsets - offsets[0])


def slices(texts: pa.Array) -> list[pa.Array]:
    """The texts in pieces of about _SLICE bytes; a longer one is a piece of its own."""
    sizes = pc.binary_length(texts).to_numpy().astype(np.int64)
    piece = np.cumsum(sizes) // _SLICE
    edges = [0, *(np.flatnonzero(np.diff(piece)) + 1).tolist(), len(texts)] if len(texts) else []
    return [texts.slice(a, b - a) for a, b in pairwise(edges)]
