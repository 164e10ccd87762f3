"""What is measured on: the same staged rows, entries and texts on every machine.

Looks like a web corpus: random digests and sizes, a long URL that nobody repeats, some thousand
sites, a few languages.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from ledger.corpus.document import STAGED
from ledger.corpus.origins import OriginContext, origin_entries, scopes_of

__all__ = ["BATCH", "Part", "make_part", "parts", "write_texts"]

BATCH = 10_240  # entries a commit, on both sides
ROWS_A_FILE = 5 * BATCH
DATASET = "bench@1"
_AT = 1_790_000_000
_SITES = [f"site-{n:04}.example" for n in range(4000)]
_LANGUAGES = ["en", "de", "fr", "es", "zh", "ja", "pt", "it"]


@dataclass(frozen=True)
class Part:
    """One commit's worth. `entries` are what ours come to, but for each ledger's own salts."""

    rows: pa.Table
    context: OriginContext
    entries: list[bytes]

    def head(self, count: int) -> "Part":
        return Part(self.rows.slice(0, count), self.context, self.entries[:count])


def make_part(number: int) -> Part:
    """The part of this number: a function of the number alone."""
    rng = np.random.default_rng(number)
    file, start = divmod(number * BATCH, ROWS_A_FILE)
    digest = sha256(b"bench file %d" % file).digest()
    context = OriginContext(DATASET, "crawled", "ODC-By-1.0", digest, _AT)
    rows = _staged(rng, start)
    keys = {scope: bytes(32) for scope in set(scopes_of(rows, digest))}
    return Part(rows, context, origin_entries(rows, context, keys)[0])


def parts(made: list[Part], count: int) -> Iterator[Part]:
    """The first `count` rows of the corpus; adds to `made` what is missing there."""
    for number, start in enumerate(range(0, count, BATCH)):
        if number == len(made):
            made.append(make_part(number))
        part = made[number]
        yield part if start + BATCH <= count else part.head(count - start)


def _staged(rng: np.random.Generator, start: int) -> pa.Table:
    sites = (len(_SITES) * rng.random(BATCH) ** 3).astype(np.int64)
    languages = (len(_LANGUAGES) * rng.random(BATCH) ** 3).astype(np.int64)
    pages = rng.integers(0, 1 << 62, BATCH)
    digests = pa.py_buffer(rng.bytes(32 * BATCH))
    known = {
        "row": pa.array(np.arange(start, start + BATCH)),
        "part": pa.array(np.zeros(BATCH, np.int32)),
        "sha256": pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), BATCH, [None, digests]),
        "bytes": pa.array(rng.lognormal(7.8, 0.9, BATCH).astype(np.int64) + 1),
        "language": pa.array([_LANGUAGES[code] for code in languages]),
        "site": pa.array([_SITES[code] for code in sites]),
        "collected_at": pa.array(rng.integers(1_400_000_000, 1_700_000_000, BATCH)),
        "url": pa.array(
            [
                f"https://www.{_SITES[site]}/archive/{page:016x}.html"
                for site, page in zip(sites, pages, strict=True)
            ]
        ),
    }
    columns = [
        known[field.name] if field.name in known else pa.nulls(BATCH, field.type)
        for field in STAGED
    ]
    return pa.table(columns, schema=STAGED)


def write_texts(path: Path, documents: int) -> int:
    """A .jsonl.gz of web pages of about 3.3 kB each; returns its unpacked size in bytes."""
    rng = np.random.default_rng(7)
    words = _vocabulary(rng)
    size = 0
    with gzip.open(path, "wb", compresslevel=6) as file:
        for number in range(documents):
            text = _text(rng, words)
            line = orjson.dumps(
                {
                    "text": text,
                    "id": f"urn:bench:{number:08}",
                    "url": f"https://www.{_SITES[number % len(_SITES)]}/{number:x}.html",
                    "date": f"20{10 + number % 13}-0{1 + number % 9}-11T08:00:00Z",
                    "language": _LANGUAGES[number % len(_LANGUAGES)],
                    "token_count": len(text) // 4,
                }
            )
            file.write(line + b"\n")
            size += len(line) + 1
    return size


def _vocabulary(rng: np.random.Generator) -> npt.NDArray[np.object_]:
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    lengths = rng.integers(2, 11, 20_000)
    words = ["".join(letters[(26 * rng.random(n) ** 2).astype(np.int64)]) for n in lengths]
    words[50::40] = [f'"{word}"' for word in words[50::40]]  # what JSON must escape
    words[60::40] = [f"{word}.\n\n" for word in words[60::40]]
    words[70::40] = [f"{word}é" for word in words[70::40]]
    return np.array(words, dtype=object)


def _text(rng: np.random.Generator, words: npt.NDArray[np.object_]) -> str:
    count = int(rng.lognormal(5.9, 0.8)) + 20
    return " ".join(words[(len(words) * rng.random(count) ** 3).astype(np.int64)])
