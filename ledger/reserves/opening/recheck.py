"""Level 4: content/ read from end to end, and everything the statement counts counted again.

Memory is some fifty bytes a document and two shards of text. Text is hashed on two threads: while
one unpacks, the other hashes.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa

from ledger.errors import RootMismatchError, VerificationError, printable
from ledger.log.canonical import encode
from ledger.reserves import layout
from ledger.reserves.opening.evidenced import check_evidence
from ledger.reserves.opening.listing import file_digest, read_bounded
from ledger.reserves.opening.members import Members, document_rows, read_members
from ledger.reserves.opening.shards import Shard, check_shard
from ledger.reserves.opening.tallies import check_totals, row_checker
from ledger.reserves.statement import Statement

__all__ = ["Content", "check_content"]

_ROW = 4096  # bytes a document may take in documents.parquet and in evidence.jsonl
_ROOM = 64 << 20


@dataclass(frozen=True)
class Content:
    """A content/ that holds together; `evidence` is evidence.jsonl."""

    members: Members
    evidence: bytes
    rows: Callable[[], Iterator[pa.Table]]
    """Reads documents.parquet again, a block at a time."""


def check_content(
    content: Path,
    statement: Statement,
    sums: Mapping[str, bytes],
    workers: int | None,
    progress: Callable[[int, int, int], None],
) -> Content:
    """Check content/, whose files are those of `sums`, against the signed statement.

    Raises VerificationError or a kind of it, naming the file.
    """
    room = statement.documents * _ROW + _ROOM
    for name, said in (
        (layout.RULE, statement.rule),
        (layout.CONTAMINATION, statement.contamination),
    ):
        if _read(content, name, sums, _ROOM) != encode(said) + b"\n":
            raise VerificationError(f"{printable(content / name)}: not what the statement says")
    proofs = [name for name in sums if name.startswith(layout.PROOFS + "/")]
    for name in proofs:
        if file_digest(content / name) != sums[name]:
            raise _changed(content / name)
    tree = _read(content, layout.TREE, sums, room)
    evidence = _read(content, layout.EVIDENCE, sums, room)
    where = printable(content / layout.DOCUMENTS)
    documents = partial(_read, content, layout.DOCUMENTS, sums, room)
    members = read_members(documents(), statement.documents, where, row_checker(statement.rule))
    _check_roots(content, members, tree, statement)
    check_totals(members, statement, where)
    check_evidence(
        evidence,
        members,
        {name.removeprefix(layout.PROOFS + "/") for name in proofs},
        printable(content / layout.EVIDENCE),
    )
    _check_texts(content, members, sums, workers, progress)
    return Content(
        members, evidence, lambda: document_rows(documents(), statement.documents, where)
    )


def _read(content: Path, name: str, sums: Mapping[str, bytes], limit: int) -> bytes:
    data = read_bounded(content / name, limit)
    if sha256(data).digest() != sums[name]:
        raise _changed(content / name)
    return data


def _changed(path: Path) -> VerificationError:
    return VerificationError(f"{printable(path)}: its bytes are not those of {layout.SUMS}")


def _check_roots(content: Path, members: Members, tree: bytes, statement: Statement) -> None:
    if members.content_root != statement.content_root:
        raise RootMismatchError(
            f"{printable(content / layout.DOCUMENTS)}: content root {members.content_root.hex()}, "
            f"the statement has {statement.content_root.hex()}"
        )
    if members.digest != statement.members:
        raise RootMismatchError(
            f"{printable(content / layout.DOCUMENTS)}: digest of its digests "
            f"{members.digest.hex()}, the statement has {statement.members.hex()}"
        )
    if tree != b"".join(members.roots):
        raise RootMismatchError(
            f"{printable(content / layout.TREE)}: not the roots of {layout.DOCUMENTS}"
        )


# --- texts


def _check_texts(
    content: Path,
    members: Members,
    sums: Mapping[str, bytes],
    workers: int | None,
    progress: Callable[[int, int, int], None],
) -> None:
    shards = list(_shards(content, members, sums))
    listed = sum(name.startswith(layout.TEXT + "/") for name in sums)
    if len(shards) != listed:
        raise VerificationError(
            f"{printable(content / layout.TEXT)}: {listed} shards, its documents fill {len(shards)}"
        )
    total = int(members.lengths.sum())
    done = documents = 0
    for shard, rows in _hashed(shards, workers or min(2, os.cpu_count() or 1)):
        done, documents = done + shard.size, documents + rows
        progress(done, total, documents)


def _hashed(shards: list[Shard], workers: int) -> Iterator[tuple[Shard, int]]:
    """(shard, its rows) in order, `workers` of them in work at a time."""
    if workers <= 1 or len(shards) == 1:
        yield from ((shard, check_shard(shard)) for shard in shards)
        return
    waiting: deque[tuple[Shard, Future[int]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for shard in shards:
                waiting.append((shard, pool.submit(check_shard, shard)))
                if len(waiting) > workers:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _shards(content: Path, members: Members, sums: Mapping[str, bytes]) -> Iterator[Shard]:
    """The shards that documents of these lengths fill: cut before one that would overflow."""
    ends = np.cumsum(members.lengths)
    first = number = 0
    while first < len(ends):
        begin = int(ends[first - 1]) if first else 0
        end = int(np.searchsorted(ends, begin + layout.SHARD_BYTES, "right"))
        end = max(end, first + 1)
        name = layout.shard_name(number)
        if name not in sums:
            raise VerificationError(
                f"{printable(content / name)}: not there, documents {first} and on belong into it"
            )
        yield Shard(
            path=content / name,
            digest=sums[name],
            first=first,
            rows=end - first,
            size=int(ends[end - 1]) - begin,
            members=sha256(members.digests[first:end].tobytes()).digest(),
            lengths=sha256(members.lengths[first:end].astype("<i8").tobytes()).digest(),
        )
        first, number = end, number + 1
