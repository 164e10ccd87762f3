"""How much of one dataset stands in another set: measured on the texts, recorded as a claim.

The texts are read where the ledger found them. What is kept of them is sketches, in a folder beside
the ledger: digests and hashes, no text. It may be deleted at any time; the next run makes it again.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.claims import Overlap as OverlapBody
from ledger.corpus.neardup import Counts, overlap
from ledger.corpus.texts import text_sources
from ledger.engines import Progress, Source, Workers
from ledger.errors import DocumentMismatchError, InputError
from ledger.log.canonical import subject_of
from ledger.log.content_root import content_root
from ledger.log.log import Log
from ledger.log.record import Claim, record
from ledger.provenance.documents import find_dataset

__all__ = [
    "KEPT_PAIRS",
    "Measured",
    "Reference",
    "cache_folder",
    "dataset_reference",
    "measure",
    "sidecar_folder",
]

KEPT_PAIRS = 250_000
"""Pairs that the vault keeps of one comparison; of more, each document's closest first."""


@dataclass(frozen=True)
class Reference:
    """A set to compare with. `name` is NAME@VERSION, or reserve:NAME@VERSION.

    `members` are its sorted digests, concatenated; None where the sources hold nothing else.
    """

    name: str
    root: bytes
    documents: int
    sources: tuple[Source, ...]
    members: bytes | None = None


@dataclass(frozen=True)
class Measured:
    """What a comparison found, and the entry that says so; `new` is False if it already stood.

    `pairs` has the columns of ledger.corpus.neardup.PAIRS; the vault keeps `kept` of them. Of
    `capped` documents more matches may exist than are listed.
    """

    dataset: str
    root: bytes
    against: str
    against_root: bytes
    method: str
    counts: Counts
    pairs: pa.Table
    kept: int
    capped: int
    entry: int
    new: bool

    @property
    def came_back(self) -> int:
        """Documents that have a match of J ≥ 0.8, or lie in one another at 0.8 or more."""
        return self.counts.near_80 + self.counts.contained


def sidecar_folder(location: str) -> Path:
    """Where the sketches of a ledger's texts lie: beside it."""
    return Path(f"{location}.sidecars")


def cache_folder() -> Path:
    """Where sketches lie that belong to no ledger: the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "headwater" / "sidecars"


def measure(
    log: Log,
    dataset: str,
    against: str | Reference,
    *,
    roots: Sequence[Path] = (),
    workers: Workers = None,
    progress: Progress | None = None,
) -> Measured:
    """Compare `name@version` with another dataset, or a set of another kind, and record it.

    `roots` are where inputs that moved are looked for. The same result again is not recorded twice.
    Raises UnknownNameError, InputError, DocumentMismatchError where a document is not found or is
    not as recorded, and what reading and the engine raise.
    """
    ours = dataset_reference(log, dataset, roots)
    theirs = dataset_reference(log, against, roots) if isinstance(against, str) else against
    if ours.name == theirs.name:
        raise InputError(f"{dataset} against itself, expected another set")
    found = overlap(
        ours.sources,
        theirs.sources,
        sidecar_folder(log.location),
        workers=workers,
        progress=progress,
        candidates_only=ours.members,
        references_only=theirs.members,
    )
    counts = found.counts
    for side, count in ((ours, counts.documents), (theirs, counts.against_documents)):
        if count != side.documents:
            raise DocumentMismatchError(
                f"{side.name}: {count:,} documents found in its inputs, "
                f"expected {side.documents:,}",
                hint="an input was changed, or is read in another way than it was",
            )
    kept = _kept(found.pairs)
    attached = _parquet(kept)
    body = OverlapBody(
        dataset=dataset,
        content_root=f"sha256:{ours.root.hex()}",
        against=theirs.name,
        against_root=f"sha256:{theirs.root.hex()}",
        method=found.method,
        documents=counts.documents,
        against_documents=counts.against_documents,
        exact=counts.exact,
        normalised=counts.normalised,
        near_80=counts.near_80,
        near_50=counts.near_50,
        contained=counts.contained,
        novel=counts.novel,
        pairs=f"sha256:{sha256(attached).hexdigest()}",
    )
    name, _, version = dataset.rpartition("@")
    claim = Claim("overlap", subject_of("dataset", name, version), body)
    (recorded,) = record(log, [claim], attachments=[attached])
    return Measured(
        dataset, ours.root, theirs.name, theirs.root, found.method, counts, found.pairs,
        kept.num_rows, found.capped, recorded.index, recorded.new,
    )  # fmt: skip


def dataset_reference(log: Log, dataset: str, roots: Sequence[Path] = ()) -> Reference:
    """A dataset of the ledger as a set to compare with: its members, where they were read.

    Raises as text_sources.
    """
    number = find_dataset(log.connection, dataset)
    rows = log.connection.execute(
        "SELECT e.subject FROM member AS m JOIN entry AS e ON e.idx = m.document "
        "WHERE m.dataset = ? ORDER BY e.subject",
        (number,),
    )
    digests = [row[0] for row in rows]
    return Reference(
        name=dataset,
        root=content_root(digests),
        documents=len(digests),
        sources=tuple(text_sources(log, dataset, roots)) if digests else (),
        members=b"".join(digests),
    )


def _kept(pairs: pa.Table) -> pa.Table:
    """All pairs if they are few enough, else the closest of each document, and of those the first.

    The pairs come by document, the closest first.
    """
    if pairs.num_rows <= KEPT_PAIRS:
        return pairs
    digests = pairs.column("candidate").combine_chunks()
    rows = np.frombuffer(digests.buffers()[1], np.uint8)[: 32 * len(digests)].reshape(-1, 32)
    first = np.ones(len(rows), np.bool_)
    first[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return pairs.filter(pa.array(first)).slice(0, KEPT_PAIRS)


def _parquet(pairs: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pairs, sink, compression="zstd", use_dictionary=["method"], version="2.6")
    return bytes(sink.getvalue().to_pybytes())
