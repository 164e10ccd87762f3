"""A table of word counts: a file whose bytes depend on the texts alone, named by their SHA-256.

    headwater word counts v1<TAB>words@1<TAB>DOCUMENTS
    COUNT<TAB>DOCUMENTS<TAB>WORD          one line a type, ascending by the word's UTF-8

A type is *common* if it is among the most frequent that together make up 90 % of the tokens, *rare*
if it is not and stands in two documents or more, and *unknown* otherwise: what stands in one alone
may be a slip of the pen, and what stands in none may be bytes read as text. Types of equal count
are never parted.
"""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import xxhash

from ledger.errors import InputError, MalformedError, printable
from ledger.verdicts.signals.reference import COMMON_MASS
from ledger.verdicts.signals.words import WORDS

__all__ = [
    "MOST_TYPES",
    "Rarity",
    "Table",
    "format_table",
    "load_table",
    "parse_table",
    "word_ids",
]

Ids = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

MOST_TYPES: Final = 10_000_000

_TITLE = "headwater word counts v1"
_MOST_BYTES = 1 << 29
_MOST = 2**53 - 1
_LEAST_DOCUMENTS = 2


@dataclass(frozen=True)
class Rarity:
    """Ids (XXH3-64 of the word) of the common and of the rare types, each sorted: uint64."""

    common: Ids
    rare: Ids


@dataclass(frozen=True, eq=False)
class Table:
    """k types: `words` large_string ascending, `counts` and `documents` (that hold it) int64.

    `texts` were counted. `digest` is of the file's bytes.
    """

    words: pa.Array
    counts: Ints
    documents: Ints
    texts: int
    digest: str

    def __len__(self) -> int:
        return len(self.words)

    @property
    def tokens(self) -> int:
        return int(self.counts.sum())

    @cached_property
    def kinds(self) -> npt.NDArray[np.int8]:
        """int8[k]: 2 common, 1 rare, 0 unknown."""
        if not len(self.counts):
            return np.zeros(0, np.int8)
        levels, level = np.unique(self.counts, return_inverse=True)
        mass = np.zeros(len(levels), np.int64)
        np.add.at(mass, level, self.counts)
        above = np.cumsum(mass[::-1])[::-1]  # tokens of types at least as frequent as this level
        enough = np.flatnonzero(above * 10 >= round(COMMON_MASS * 10) * self.tokens)
        common = self.counts >= levels[enough[-1]]
        rare = ~common & (self.documents >= _LEAST_DOCUMENTS)
        kinds: npt.NDArray[np.int8] = (2 * common + rare).astype(np.int8)
        return kinds

    @cached_property
    def rarity(self) -> Rarity:
        """What it calls common and rare, as a scan needs it."""
        ids = word_ids(self.words)
        return Rarity(np.sort(ids[self.kinds == 2]), np.sort(ids[self.kinds == 1]))


def word_ids(words: pa.Array) -> Ids:
    """uint64[k]: XXH3-64 (seed 0) of each word's UTF-8."""
    spelled = words.cast(pa.large_binary()).to_pylist()
    return np.fromiter((xxhash.xxh3_64_intdigest(word) for word in spelled), np.uint64, len(words))


def format_table(words: pa.Array, counts: Ints, documents: Ints, texts: int) -> bytes:
    """The file's bytes; `words` are distinct, in whatever order. Raises InputError for too many."""
    if len(words) > MOST_TYPES:
        raise InputError(
            f"found {len(words):,} distinct words, at most {MOST_TYPES:,}",
            hint="count a smaller set of documents",
        )
    order = pc.sort_indices(words.cast(pa.large_binary()))
    taken = order.to_numpy()
    table = pa.table(
        [pa.array(counts[taken]), pa.array(documents[taken]), words.take(order)],
        names=["count", "documents", "word"],
    )
    sink = BytesIO()
    sink.write(f"{_TITLE}\t{WORDS}\t{texts}\n".encode())
    options = csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
    csv.write_csv(table, sink, options)
    return sink.getvalue()


def load_table(path: Path) -> Table:
    """The table in a file. Raises InputError where none can be read, MalformedError."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{printable(path)}: no table of word counts can be read there: {reason.lower()}",
            hint="headwater audit tail NAME@VERSION --write FILE.tsv makes one",
        ) from error
    return parse_table(data, str(path))


def parse_table(data: bytes, place: str) -> Table:
    """The table in a file's bytes. Raises MalformedError naming `place` and the line."""
    if len(data) > _MOST_BYTES:
        raise MalformedError(place, None, f"over {_MOST_BYTES:,} bytes, too long for word counts")
    head, _, body = data.partition(b"\n")
    title, *rest = head[:200].split(b"\t")
    if title != _TITLE.encode() or len(rest) != 2 or not rest[1].isdigit() or len(rest[1]) > 15:
        raise MalformedError(
            place, 1, f"found {printable(head[:60].decode(errors='replace'))!r}, expected {_TITLE}",
            hint="headwater audit tail NAME@VERSION --write FILE.tsv makes one",
        )  # fmt: skip
    if rest[0] != WORDS.encode():
        counted = printable(rest[0].decode(errors="replace"))
        raise MalformedError(place, 1, f"counts {counted}, expected {WORDS}")
    words, counts, documents = _columns(body, place)
    texts = int(rest[1])
    for wrong, reason in (
        ((counts < 1) | (counts > _MOST), "a count that is none"),
        ((documents < 1) | (documents > np.minimum(counts, texts)),
         "more documents than there are, or none"),
        (~_ascending(words), "a word that does not come after the one before it"),
    ):  # fmt: skip
        if wrong.any():
            raise MalformedError(place, int(np.flatnonzero(wrong)[0]) + 2, reason)
    if len(words) > MOST_TYPES or int(counts.sum(dtype=np.float64)) > _MOST:
        raise MalformedError(place, None, f"over {MOST_TYPES:,} words, or too large counts")
    return Table(words, counts, documents, texts, f"sha256:{sha256(data).hexdigest()}")


def _columns(body: bytes, place: str) -> tuple[pa.Array, Ints, Ints]:
    names = ["count", "documents", "word"]
    if not body:
        return pa.array([], pa.large_string()), np.zeros(0, np.int64), np.zeros(0, np.int64)
    try:
        table = csv.read_csv(
            pa.BufferReader(body),
            csv.ReadOptions(column_names=names, use_threads=False),
            csv.ParseOptions(
                delimiter="\t", quote_char=False, escape_char=False, ignore_empty_lines=False
            ),
            csv.ConvertOptions(
                column_types={"count": pa.int64(), "documents": pa.int64(),
                              "word": pa.large_string()},
                null_values=[],
            ),
        ).combine_chunks()  # fmt: skip
    except (pa.ArrowException, UnicodeDecodeError) as error:
        reason = printable(str(error), 200)
        raise MalformedError(place, None, f"no table of word counts: {reason}") from error
    word, counts, documents = (
        column.combine_chunks() for column in (table["word"], table["count"], table["documents"])
    )
    if counts.null_count or documents.null_count or word.null_count:
        raise MalformedError(place, None, "no table of word counts: an empty field")
    return word, counts.to_numpy(), documents.to_numpy()


def _ascending(words: pa.Array) -> npt.NDArray[np.bool_]:
    """bool[k]: which words come after the one before, by their UTF-8, and are not empty."""
    good = pc.greater(pc.binary_length(words), 0).to_numpy(zero_copy_only=False)
    if len(words) > 1:
        raw = words.cast(pa.large_binary())
        good[1:] &= pc.greater(raw.slice(1), raw.slice(0, len(raw) - 1)).to_numpy(
            zero_copy_only=False
        )
    return np.asarray(good, np.bool_)
