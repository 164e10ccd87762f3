"""Bands of known human text, by source and size of window, and the bytes that keep them.

    {"format": FORMAT, "tokenizer": "words@1" or "sha256:…",
     "sources": [{"source": "news@2022", "rare": [17, 42, …],
                  "windows": [{"tokens": 8192, "measures": {"entropy":
                      {"windows": 57, "mean_micro": 9066600, "deviation_micro": 97900}, …}}, …]}]}

Canonical JSON: sources by name, sizes from the largest, rare ids ascending. Means and deviations
are in millionths, on the scale of `windows.on_scale`, deviations rounded up. No text is in it; the
ids of rare types let whoever guesses a word find out whether it is one of them.

Every other document teaches which types are rare, and the ones between are what tail coverage is
measured on: text always covers its own rare types better than other text of the same kind does.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from ledger.errors import InputError, VerificationError, printable
from ledger.log.canonical import encode
from ledger.verdicts.batches.tokens import Piece, Tokenizer, WordTokenizer
from ledger.verdicts.batches.windows import TAIL, WINDOW, Windows, ladder, on_scale
from ledger.verdicts.signals.pooled import POOLED
from ledger.verdicts.signals.reference import reference_of
from ledger.verdicts.signals.tokens import Ids
from ledger.verdicts.statistics.bands import LEAST_WINDOWS, Band, band_of

__all__ = ["FORMAT", "Bands", "SourceBands", "make_bands", "read_bands"]

FORMAT = "headwater bands v1"

_MICRO = 1_000_000
_MOST_RARE = 4_096  # types: more would sharpen nothing, and take room
_CHARACTERS = 1 << 20  # of text, encoded at a time
_MOST_WINDOWS = 400  # of a size: with more, only the time grows


@dataclass(frozen=True, eq=False)
class SourceBands:
    """Of one source: the ids of its rare types, sorted, and a band of each measure by size."""

    rare: Ids
    sizes: Mapping[int, Mapping[str, Band]]


@dataclass(frozen=True, eq=False)
class Bands:
    """Bands by source, all of one tokenizer (its identity)."""

    tokenizer: str
    sources: Mapping[str, SourceBands]


def make_bands(
    sources: Mapping[str, Iterable[str]],
    tokenizer: Tokenizer | None = None,
    *,
    window: int = WINDOW,
) -> bytes:
    """The bands of some sources, whose documents come in the order in which they are read.

    A size of window that a source fills fewer than LEAST_WINDOWS times has no band, so a small
    source may have none; that is no error. Raises InputError for a window that is too small.
    """
    using = WordTokenizer() if tokenizer is None else tokenizer
    sizes = ladder(window)
    return encode(
        {
            "format": FORMAT,
            "tokenizer": using.identity,
            "sources": [
                {"source": name, **_made(using, sources[name], sizes)} for name in sorted(sources)
            ],
        }
    )


def read_bands(data: bytes, where: str) -> Bands:
    """The bands in `data`. Raises VerificationError naming `where`."""
    try:
        document = orjson.loads(data)
        if document["format"] != FORMAT or encode(document) != data:
            raise ValueError("not of this format")
        names = [str(source["source"]) for source in document["sources"]]
        if names != sorted(set(names)):
            raise ValueError("sources are not in order")
        found = {
            name: _source(plain) for name, plain in zip(names, document["sources"], strict=True)
        }
        return Bands(str(document["tokenizer"]), found)
    except (InputError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise VerificationError(
            f"{where}: not a {FORMAT}: {printable(str(error), 80) or type(error).__name__}"
        ) from error


def _made(tokenizer: Tokenizer, texts: Iterable[str], sizes: tuple[int, ...]) -> dict[str, Any]:
    """Two passes over tokens that are held: what is rare has to be known before it is counted."""
    teaching: list[Ids] = [np.zeros(0, np.uint32)]
    others: list[Piece] = []
    every = {size: Windows(tokenizer, size, most=_MOST_WINDOWS) for size in sizes}
    for number, piece in enumerate(_pieces(tokenizer, texts)):
        for windows in every.values():
            windows.add(piece)
        if number % 2:
            others.append(piece)
        else:
            teaching.append(piece.ids)
    rare = _few(reference_of(np.concatenate(teaching)).rare)
    tails = {
        size: Windows(tokenizer, size, {TAIL: rare}, most=_MOST_WINDOWS, plain=False)
        for size in sizes
    }
    for piece in others:
        for windows in tails.values():
            windows.add(piece)
    found = []
    for size in sizes:
        values = every[size].values()
        values |= tails[size].tails() if len(rare) else {}
        bands = {name: _plain(name, values[name]) for name in POOLED if name in values}
        kept = {name: band for name, band in bands.items() if band is not None}
        if kept:
            found.append({"tokens": size, "measures": kept})
    return {"rare": rare.tolist(), "windows": found}


def _pieces(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[Piece]:
    """One document each; encoded some hundred at a time, which is ten times as fast."""
    held: list[str] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= _CHARACTERS:
            yield from tokenizer.encode_each(held)
            held, size = [], 0
    yield from tokenizer.encode_each(held)


def _few(rare: Ids) -> Ids:
    """At most _MOST_RARE of some sorted ids, evenly spread."""
    if len(rare) <= _MOST_RARE:
        return rare
    return rare[np.linspace(0, len(rare) - 1, _MOST_RARE).astype(np.int64)]


def _plain(name: str, values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, int] | None:
    if len(values) < LEAST_WINDOWS:
        return None
    band = band_of(on_scale(name, values))
    return {
        "windows": band.windows,
        "mean_micro": round(band.mean * _MICRO),
        "deviation_micro": math.ceil(band.deviation * _MICRO),
    }


def _source(plain: Mapping[str, Any]) -> SourceBands:
    rare = np.array(plain["rare"], np.uint32)
    if not np.array_equal(np.unique(rare), rare):
        raise ValueError("rare types are not in order")
    sizes: dict[int, Mapping[str, Band]] = {}
    for item in plain["windows"]:
        unknown = sorted(set(item["measures"]) - set(POOLED))
        if unknown:
            raise ValueError(f"unknown measure {unknown[0]}")
        sizes[int(item["tokens"])] = {
            name: _band(item["measures"][name]) for name in POOLED if name in item["measures"]
        }
    if [*sizes] != sorted(sizes, reverse=True) or not all(size > 0 for size in sizes):
        raise ValueError("sizes are not in order")
    return SourceBands(rare, sizes)


def _band(plain: Mapping[str, Any]) -> Band:
    windows, mean, deviation = (plain[key] for key in ("windows", "mean_micro", "deviation_micro"))
    if not all(type(value) is int for value in (windows, mean, deviation)):
        raise ValueError("a band is not of whole numbers")
    if windows < LEAST_WINDOWS or deviation < 0:
        raise ValueError("a band that cannot be")
    return Band(mean / _MICRO, deviation / _MICRO, windows)
