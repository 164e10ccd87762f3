"""Sketches of 128 numbers from whole texts, beside datasketch's MinHash of the same word 5-grams.

Both sides begin with the texts and take words as they do: ours from Arrow's buffers, the peer's
from Python's `re` and `str`. Errors are against exact Jaccard, on edited copies. One process each.
"""

import gzip
import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import islice
from os import cpu_count
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from ledger.corpus.hashing import hash_texts
from ledger.corpus.neardup.sketch import BAND_NAMES, BINS, SKETCHING
from tests.bench.bench import Bench
from tests.bench.rows import Row, measured, number, paired
from tests.bench.timing import interleave, seconds_of

OURS, PEER = "sketch", "datasketch MinHash(128).update_batch"
_PERMUTATIONS = 128
_DOCUMENTS = 2_000  # seconds for the peer, and enough to fill many of our slices
_EDITED = 400
_WORD = re.compile(r"\w+")


def run(bench: Bench) -> Iterator[Row]:
    texts = _texts(bench.texts()[0], min(_DOCUMENTS, bench.sizes.documents))
    column = pa.array(texts, pa.large_string())
    table = pa.table({"sha256": hash_texts(column)[0], "text": column})
    size = sum(len(text.encode()) for text in texts)
    peer = _Peer()
    rates = interleave(
        {
            OURS: lambda: len(texts) / seconds_of(lambda: SKETCHING.apply(table)),
            PEER: lambda: len(texts) / seconds_of(lambda: [peer.sketch(text) for text in texts]),
        },
        bench.sizes.rounds,
        240.0,
    )
    ours, theirs = _errors(texts, peer)
    notes = (
        f"{number(len(texts))} documents of {size / len(texts) / 1e3:.1f} kB, one processor of "
        f"{cpu_count()}; ours also makes normal forms, their SHA-256 and samples"
    )
    yield paired("texts to sketches", rates, OURS, PEER, notes=notes, unit=" docs/s", at_least=8)
    yield measured(
        "error of a sketch against exact Jaccard, of the peer's",
        [ours / theirs],
        "×",
        f"mean absolute error on {_EDITED} edited documents: ours {ours:.4f}, peer {theirs:.4f}",
        at_most=1,
    )


def _texts(path: Path, count: int) -> list[str]:
    with gzip.open(path) as file:
        return [orjson.loads(line)["text"] for line in islice(file, count)]


class _Peer:
    """datasketch, fed as its documentation does for speed: all of a document's shingles at once."""

    def __init__(self) -> None:
        self._minhash = import_module("datasketch").MinHash

    def sketch(self, text: str) -> npt.NDArray[np.uint64]:
        made = self._minhash(num_perm=_PERMUTATIONS)
        made.update_batch([gram.encode() for gram in grams(text)])
        values: npt.NDArray[np.uint64] = made.hashvalues
        return values


def grams(text: str) -> set[str]:
    """The word 5-grams of a text."""
    words = _WORD.findall(text.casefold())
    return {" ".join(words[at : at + 5]) for at in range(max(len(words) - 4, 1))}


def _errors(texts: Sequence[str], peer: _Peer) -> tuple[float, float]:
    """Mean absolute errors of both sides' estimates, ours and the peer's."""
    rng = np.random.default_rng(13)
    chosen = [texts[place % len(texts)] for place in range(_EDITED)]
    shares = np.linspace(0.01, 0.2, _EDITED)
    edited = [_edited(text, share, rng) for text, share in zip(chosen, shares, strict=True)]
    pairs = [(grams(a), grams(b)) for a, b in zip(chosen, edited, strict=True)]
    exact = np.array([len(a & b) / len(a | b) for a, b in pairs])
    one, other = _bins(chosen), _bins(edited)
    ours = (one == other).mean(axis=1)
    theirs = np.array(
        [(peer.sketch(a) == peer.sketch(b)).mean() for a, b in zip(chosen, edited, strict=True)]
    )
    return float(np.abs(ours - exact).mean()), float(np.abs(theirs - exact).mean())


def _edited(text: str, share: float, rng: np.random.Generator) -> str:
    """That share of the words replaced."""
    words = text.split(" ")
    for place in np.flatnonzero(rng.random(len(words)) < share).tolist():
        words[place] = f"edit{rng.integers(1 << 30)}"
    return " ".join(words)


def _bins(texts: Sequence[str]) -> npt.NDArray[np.uint16]:
    column = pa.array(texts, pa.large_string())
    table = SKETCHING.apply(pa.table({"sha256": hash_texts(column)[0], "text": column}))
    bands = np.stack([table.column(name).to_numpy() for name in BAND_NAMES], axis=1)
    return bands.astype("<u8").view("<u2").reshape(-1, BINS)
