"""Makes content/ of a selection: its texts, read again and hashed again, and all that is said.

What is said comes first, so that only digests and lengths are kept while workers have the texts.
Inputs are read once, in parallel, into parts by shard; shards are then written in parallel, each
by itself. Memory is a few tables of text a worker, and forty bytes a document.
"""

import ctypes
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ledger.corpus.texts import TextSource
from ledger.engines import work
from ledger.errors import DocumentMismatchError, LedgerError, printable
from ledger.log.canonical import Entry, encode, parse_digest
from ledger.log.merkle import root_of
from ledger.reserves import layout
from ledger.reserves.sealing.parts import ReadJob, part_starts, prepare, shard_starts
from ledger.reserves.sealing.write import (
    ShardJob,
    sync_folder,
    write_documents,
    write_lines,
    write_whole,
)
from ledger.reserves.selection.digests import Digests, Ints, block_roots
from ledger.reserves.selection.rule import Rule
from ledger.reserves.selection.select import Selection

__all__ = [
    "Found",
    "Members",
    "Root",
    "Said",
    "Written",
    "contamination_of",
    "root_of_selection",
    "totals_of",
    "write_content",
    "write_said",
]

Progress = Callable[[str, int, int, int], None]


@dataclass(frozen=True)
class Root:
    """A selection's identity: the tree's blocks, its root, and the digest of all its digests."""

    blocks: tuple[bytes, ...]
    content_root: bytes
    members: bytes


@dataclass(frozen=True)
class Members:
    """The documents of a selection without what is said about them: sorted, parallel."""

    digests: Digests
    lengths: Ints

    @classmethod
    def of(cls, selection: Selection) -> "Members":
        """Copies: the selection's memory can go."""
        return cls(selection.digests.copy(), selection.lengths.copy())

    def __len__(self) -> int:
        return len(self.digests)


@dataclass(frozen=True)
class Said:
    """The files of content/ that hold no text, as path -> SHA-256, and what they come to."""

    sums: Mapping[str, bytes]
    totals: Mapping[str, Any]
    contamination: Mapping[str, Any]


@dataclass(frozen=True)
class Written:
    """What content/ came to. `sums` is the digest of its SHA256SUMS."""

    sums: bytes
    totals: Mapping[str, Any]
    contamination: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """Where texts lie. `absent` are inputs that are gone; `claim` says where a document was."""

    sources: Sequence[TextSource]
    absent: Mapping[bytes, LedgerError]
    claim: Callable[[bytes], Entry]


def root_of_selection(selection: Selection) -> Root:
    """The selection's tree. Needs no text."""
    blocks = block_roots(selection.digests)
    members = sha256(selection.digests.tobytes()).digest()
    return Root(tuple(blocks), root_of(blocks), members)


def totals_of(documents: pa.Table) -> dict[str, Any]:
    """Documents and bytes, in all and by level, binding and type of evidence."""
    return {
        "bindings": _tally(documents, binding="binding"),
        "bytes": int(documents.column("bytes").to_numpy().sum()),
        "documents": documents.num_rows,
        "evidence": _tally(documents, type="evidence", standing="standing"),
        "levels": _tally(documents, level="level", standing="standing"),
    }


def _tally(documents: pa.Table, **columns: str) -> list[dict[str, Any]]:
    keys = list(columns.values())
    counted = documents.group_by(keys).aggregate([("bytes", "sum"), ([], "count_all")])
    rows = []
    for row in counted.to_pylist():
        values = [row[key] for key in keys]
        if None not in values:
            rows.append((values, row["count_all"], row["bytes_sum"]))
    return [
        {"bytes": size, "documents": count, **dict(zip(columns, values, strict=True))}
        for values, count, size in sorted(rows)
    ]


def contamination_of(selection: Selection, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was left out of a selection, and what it was held against."""
    return {
        "excluded": [
            {"documents": count, "reason": reason}
            for reason, count in sorted(selection.excluded.items())
        ],
        "guards": [dict(run) for run in runs],
        "repeated": selection.repeated,
    }


def write_said(
    folder: Path,
    selection: Selection,
    root: Root,
    rule: Rule,
    runs: Sequence[Mapping[str, Any]],
    proof: Callable[[str], bytes | None],
) -> Said:
    """Write `folder`, which is not there yet, but for its texts and SHA256SUMS.

    `proof` gives an attachment by its digest. Raises what writing raises.
    """
    folder.mkdir()
    totals, contamination = totals_of(selection.documents), contamination_of(selection, runs)
    lines = selection.evidence()
    sums = {
        layout.DOCUMENTS: write_documents(folder / layout.DOCUMENTS, selection),
        layout.TREE: write_whole(folder / layout.TREE, b"".join(root.blocks)),
        layout.RULE: write_whole(folder / layout.RULE, encode(rule.plain()) + b"\n"),
        layout.CONTAMINATION: write_whole(
            folder / layout.CONTAMINATION, encode(contamination) + b"\n"
        ),
        layout.EVIDENCE: write_lines(folder / layout.EVIDENCE, lines),
        **_proofs(folder, lines, proof),
    }
    return Said(sums, totals, contamination)


def write_content(
    folder: Path,
    parts: Path,
    members: Members,
    said: Said,
    found: Found,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Written:
    """Add the texts to what is said, and SHA256SUMS; `parts` is room for temporary files.

    Raises DocumentMismatchError where a text is not found again, or why its input is absent; and
    what reading and writing raise.
    """
    (folder / layout.TEXT).mkdir()
    starts = shard_starts(members.lengths, layout.SHARD_BYTES)
    cuts = part_starts(starts, len(members))
    prepare(parts, members.digests, cuts)
    _give_back()
    jobs = [ReadJob(source, parts) for source in found.sources]
    seen = work(jobs, workers=workers, progress=_phase(progress, "reading"))
    _check_found(members, found, seen)
    del seen
    texts = _shards(folder, parts, members, (starts, cuts), workers, progress)
    listed = write_whole(folder / layout.SUMS, layout.format_sums({**said.sums, **texts}))
    for path in (folder / layout.TEXT, folder / layout.PROOFS, folder):
        if path.exists():
            sync_folder(path)
    return Written(listed, said.totals, said.contamination)


def _give_back() -> None:
    """Hand back memory that choosing took, before workers need theirs; glibc keeps it else."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _phase(progress: Progress | None, what: str) -> Callable[[int, int, int], None] | None:
    if progress is None:
        return None
    hear = progress
    return lambda done, total, rows: hear(what, done, total, rows)


def _shards(
    folder: Path,
    parts: Path,
    members: Members,
    starts: tuple[Ints, Ints],
    workers: int | None,
    progress: Progress | None,
) -> dict[str, bytes]:
    """Path -> SHA-256 of the text shards; `starts` are of shards and of parts."""
    bounds = [*starts[0].tolist(), len(members)]
    jobs = []
    for number, (low, high) in enumerate(pairwise(bounds)):
        part, after = np.searchsorted(starts[1], [low, high]).tolist()
        jobs.append(
            ShardJob(
                path=folder / layout.shard_name(number),
                parts=parts,
                part=part,
                starts=starts[1][part:after],
                first=low,
                digests=members.digests[low:high],
                size=int(members.lengths[low:high].sum()),
            )
        )
    digests = work(jobs, workers=workers, progress=_phase(progress, "writing"))
    shutil.rmtree(parts)
    return {
        layout.shard_name(number): digest
        for number, digest in enumerate(digests)
        if isinstance(digest, bytes)
    }


def _check_found(members: Members, found: Found, seen: Sequence[object]) -> None:
    """Every selected text was read again: a reserve never shrinks in silence."""
    there = np.zeros(len(members), np.bool_)
    for places in seen:
        there[np.asarray(places, np.int64)] = True
    if there.all():
        return
    for error in found.absent.values():
        raise error
    claim = found.claim(members.digests[int(np.argmin(there))].tobytes())
    locator = claim.body.get("locator", {})
    file = str(locator.get("file", ""))
    paths = [item.path for item in found.sources if f"sha256:{item.digest.hex()}" == file]
    where = printable(paths[0]) if paths else f"file {file}"
    raise DocumentMismatchError(
        f"{where}: row {locator.get('row')}, part {locator.get('part')}: found another text, "
        f"expected {claim.subject}; {int((~there).sum())} in all were not found again",
        hint="it is read in another way than it was; ingest it again as a new version",
    )


def _proofs(
    folder: Path, lines: Sequence[Mapping[str, Any]], proof: Callable[[str], bytes | None]
) -> dict[str, bytes]:
    """The stored proofs of the evidence that was used, as far as the vault has them."""
    sums: dict[str, bytes] = {}
    for digest in sorted({str(line["proof"]) for line in lines if "proof" in line}):
        data = proof(digest)
        if data is None:
            continue  # withheld: its line still names it
        name = f"{layout.PROOFS}/{parse_digest(digest).hex()}"
        (folder / layout.PROOFS).mkdir(exist_ok=True)
        sums[name] = write_whole(folder / name, data)
    return sums
