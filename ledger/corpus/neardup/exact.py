"""The exact comparison: sets of all grams, under a key drawn for the run.

The grams of the documents that are in some pair are computed again from their texts and lie in one
temporary file, which the system pages; nothing of it outlives the comparison.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.corpus.neardup.candidates import Indices
from ledger.corpus.neardup.grams import find_grams, gram_key
from ledger.corpus.neardup.long import is_long, read_long
from ledger.corpus.neardup.normal import find_words
from ledger.corpus.neardup.side import Digests, digest_rows, find_digests
from ledger.corpus.neardup.sketch import slices
from ledger.engines import Progress, Scan, Source, Workers, run
from ledger.errors import DocumentMismatchError

__all__ = ["Compared", "GramSets", "compare", "gram_sets"]

_GRAMS: pa.Schema = pa.schema(
    [
        pa.field("sha256", pa.binary(32), nullable=False),
        pa.field("grams", pa.large_list(pa.field("item", pa.uint64(), nullable=False))),
    ]
)


@dataclass(frozen=True, slots=True)
class Compared:
    """Of k pairs: the size of the intersection, and of both sets."""

    both: Indices
    candidate: Indices
    reference: Indices

    @property
    def jaccard(self) -> Indices:
        """|A ∩ B| / |A ∪ B| in millionths, rounded down."""
        return self.both * 1_000_000 // (self.candidate + self.reference - self.both)

    @property
    def containment(self) -> Indices:
        """The share of the candidate's grams that the reference has, in millionths."""
        return self.both * 1_000_000 // self.candidate

    @property
    def contained(self) -> Indices:
        """The share of the reference's grams that the candidate has, in millionths."""
        return self.both * 1_000_000 // self.reference


@dataclass(frozen=True, slots=True)
class GramSets:
    """The distinct grams of documents, ascending, one document's after the other's."""

    digests: Digests
    starts: Indices
    sizes: Indices
    values: npt.NDArray[np.uint64]


def gram_sets(
    digests: Digests,
    sources: Sequence[Source],
    folder: Path,
    *,
    workers: Workers,
    progress: Progress | None,
) -> GramSets:
    """The gram sets of documents given by sorted distinct digests, read from `sources`.

    Raises what the sources raise; DocumentMismatchError if a document is no longer in them. The
    file that holds the sets is below `folder`, without a name.
    """
    wanted = digests.tobytes()
    with TemporaryDirectory(prefix=".grams-", dir=folder) as scratch:
        file = Path(scratch) / "wanted"
        file.write_bytes(wanted)
        scan = Scan(
            name="grams",
            version="1",
            map=_gram_table,
            columns=("sha256", "text"),
            schema=_GRAMS,
            params={
                "wanted": str(file),
                "digest": sha256(wanted).hexdigest(),
                "key": os.urandom(32).hex(),
            },
        )
        again = [_Again(source) for source in sources]
        found = run(scan, again, Path(scratch), workers=workers, progress=progress)
        starts, sizes = np.full(len(digests), -1, np.int64), np.zeros(len(digests), np.int64)
        total = 0
        with open(Path(scratch) / "values", "wb+") as values:
            for sidecar in found:
                for table in sidecar.tables():
                    place = find_digests(digest_rows(table.column("sha256")), digests)
                    fresh = np.flatnonzero((place >= 0) & (starts[place] < 0))
                    fresh = fresh[np.unique(place[fresh], return_index=True)[1]]
                    lists = table.column("grams").combine_chunks().take(pa.array(fresh))
                    length = lists.value_lengths().to_numpy()
                    starts[place[fresh]] = total + np.cumsum(length) - length
                    sizes[place[fresh]] = length
                    total += int(length.sum())
                    lists.flatten().to_numpy().tofile(values)
            values.flush()
            if (starts < 0).any():
                raise DocumentMismatchError(
                    f"{int((starts < 0).sum())} documents are not where they were a moment ago",
                    hint="run the same command again when nobody writes to the inputs",
                )
            mapped = np.memmap(values, np.uint64, "r") if total else np.zeros(0, np.uint64)
            mapped = np.asarray(mapped)  # a memmap is slow to slice
        return GramSets(digests, starts, sizes, mapped)


@dataclass(frozen=True)
class _Again:
    """A source read a second time: its documents are looked for by digest, so no check is due."""

    first: Source

    @property
    def key(self) -> str:
        return self.first.key

    @property
    def size(self) -> int | None:
        return getattr(self.first, "size", None)

    def tables(self) -> Iterator[pa.Table]:
        return self.first.tables()


def compare(
    sets: GramSets, candidates: Indices, references: Indices, at_once: int = 1 << 22
) -> Compared:
    """Compare documents of `sets`, pair by pair; `candidates` are ascending.

    Every set has a gram at least. All pairs of a candidate are compared in one go.
    """
    both = np.zeros(len(candidates), np.int64)
    edges = np.flatnonzero(np.diff(candidates, prepend=-1, append=-1))
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        mine = _grams_of(sets, int(candidates[low]))
        at = low
        while at < high:
            ends = np.cumsum(sets.sizes[references[at:high]])
            count = max(1, int(np.searchsorted(ends, at_once, side="right")))
            theirs = [_grams_of(sets, number) for number in references[at : at + count].tolist()]
            other = np.concatenate(theirs)
            place = np.searchsorted(mine, other)
            place[place == len(mine)] = 0
            starts = ends[:count] - sets.sizes[references[at : at + count]]
            both[at : at + count] = np.add.reduceat(mine[place] == other, starts, dtype=np.int64)
            at += count
    return Compared(both, sets.sizes[candidates], sets.sizes[references])


def _grams_of(sets: GramSets, number: int) -> npt.NDArray[np.uint64]:
    start = sets.starts[number]
    return sets.values[start : start + sets.sizes[number]]


def _gram_table(table: pa.Table, *, params: Mapping[str, str]) -> pa.Table:
    """Rows `sha256`, `text` → the gram sets of those that are wanted, none for the others."""
    wanted = _wanted(params["wanted"], params["digest"])
    chosen = np.flatnonzero(find_digests(digest_rows(table.column("sha256")), wanted) >= 0)
    key = gram_key(bytes.fromhex(params["key"]))
    sizes = np.zeros(table.num_rows, np.int64)
    found = [np.zeros(0, np.uint64)]
    texts = table.column("text").take(pa.array(chosen))
    for at, part in slices(texts):
        if is_long(part):
            found.append(read_long(part, key).distinct)
            sizes[chosen[at]] = len(found[-1])
            continue
        grams = find_grams(find_words(part), key)
        ends = np.cumsum(grams.counts)
        for start, end in zip((ends - grams.counts).tolist(), ends.tolist(), strict=True):
            grams.values[start:end].sort()
        fresh = np.ones(len(grams.values), np.bool_)
        fresh[1:] = np.diff(grams.values) != 0
        fresh[1:] |= np.diff(grams.text) != 0
        found.append(grams.values[fresh])
        sizes[chosen[at : at + len(part)]] = np.bincount(grams.text[fresh], minlength=len(part))
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    lists = pa.LargeListArray.from_arrays(
        pa.array(offsets), pa.array(np.concatenate(found)), type=_GRAMS.field("grams").type
    )
    return pa.table([table.column("sha256").combine_chunks(), lists], schema=_GRAMS)


@lru_cache(maxsize=1)
def _wanted(path: str, digest: str) -> Digests:
    """`digest` is for the cache and for the name of the sidecars: a path says nothing."""
    return np.frombuffer(Path(path).read_bytes(), np.uint8).reshape(-1, 32)
