"""Whether a document is in a sealed set: ours out of the folder, pymerkle after building its tree.

Both sides start from what is stored. Ours opens the folder anew for every proof, its pages thrown
out of the page cache before; the peer has the sorted digests in memory already, and its build is
timed, because it keeps no tree of a set that it did not append itself. pymerkle cannot show that
something is absent; two of its proofs, of the neighbours, are taken for that. The row after them
builds with our own hashing, which is faster than the peer's.
"""

import os
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from importlib import import_module
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa

from ledger.log.content_root import content_root
from ledger.log.merkle import leaf_hash, leaf_hashes, prove_inclusion
from ledger.reserves.layout import BLOCK, DOCUMENTS, TREE
from ledger.reserves.membership.proofs import Membership, ProofFile, check_membership, format_proof
from ledger.reserves.membership.prove import SealedTree
from ledger.reserves.opening.members import DOCUMENTS_SCHEMA
from ledger.reserves.sealing.write import write_documents
from ledger.reserves.selection.select import Selection
from tests.bench.bench import Bench
from tests.bench.rows import Row, measured, number, paired, size_words
from tests.bench.timing import interleave, seconds_of

OURS, PEER, REBUILT = "ours", "pymerkle 7 build and prove", "our own hashing of all"
_ROUNDS = 5
_BUDGET = 180.0
_AT_LEAST = 200


def run(bench: Bench) -> Iterator[Row]:
    size = bench.sizes.large
    digests = sorted(sha256(b"%d" % n).digest() for n in range(size))
    root = content_root(digests)
    folder = _content(bench.folder(), digests)
    places = count(size // 3, 7919)
    words = size_words(size)
    for present in (True, False):
        shown: list[Membership] = []

        def ours(shown: list[Membership] = shown, present: bool = present) -> float:
            leaf = digests[next(places) % size]
            document = leaf if present else sha256(leaf).digest()
            _forget(folder)
            return seconds_of(lambda: shown.append(_prove(folder, size, root, document)))

        def peer(shown: list[Membership] = shown) -> float:
            return seconds_of(lambda: _rebuild_theirs(digests, shown[-1], root))

        def rebuilt(shown: list[Membership] = shown) -> float:
            return seconds_of(lambda: _rebuild_ours(digests, shown[-1]))

        rates = {
            side: [1 / seconds for seconds in taken]
            for side, taken in interleave(
                {OURS: ours, PEER: peer, REBUILT: rebuilt}, _ROUNDS, _BUDGET
            ).items()
        }
        answer = "in" if present else "not in"
        name = f"proof of {answer!r}, {words} documents"
        checked = [seconds_of(partial(_check, each, size, root)) for each in shown]
        size_of = len(format_proof(ProofFile(shown[-1], "", "", "")))
        notes = (
            f"p50 ours {number(1e3 / median(rates[OURS]))} ms, files closed and out of the page "
            f"cache before; {size_of:,} bytes without the statement; "
            f"checked in {number(median(checked) * 1e6)} µs"
        )
        yield paired(name, rates, OURS, PEER, notes=notes, at_least=_AT_LEAST)
        yield paired(name, rates, OURS, REBUILT)
    yield measured(
        f"one more proof from an open folder, {words}",
        _warm(folder, size, root, bench.sizes.proofs),
        "ms",
        "blocks differ",
    )
    bench.drop(folder)


def _prove(folder: Path, size: int, root: bytes, document: bytes) -> Membership:
    with SealedTree(folder, size, root) as tree:
        return tree.prove(document)


def _check(shown: Membership, size: int, root: bytes) -> None:
    check_membership(shown, size, root, "proof")


def _warm(folder: Path, size: int, root: bytes, rounds: int) -> list[float]:
    with SealedTree(folder, size, root) as tree:
        wanted = [sha256(b"absent %d" % n).digest() for n in range(rounds)]
        return [seconds_of(partial(tree.prove, document)) * 1e3 for document in wanted]


def _rebuild_theirs(digests: list[bytes], shown: Membership, root: bytes) -> None:
    """Their fastest way: one bulk append into a tree in memory, then a proof of each leaf."""
    tree = import_module("pymerkle").SqliteTree(":memory:")
    try:
        tree.append_entries(digests)
        for leaf in shown.leaves:
            tree.prove_inclusion(leaf.index + 1)
        if tree.get_root() != root:
            raise AssertionError("the peer built another tree")
    finally:
        tree.close()


def _rebuild_ours(digests: list[bytes], shown: Membership) -> None:
    levels = [leaf_hashes(digests)]
    while len(levels[-1]) > 1:
        level = levels[-1]
        levels.append(
            [
                sha256(b"\x01" + low + high).digest()
                for low, high in zip(level[::2], level[1::2], strict=False)
            ]
        )
    for leaf in shown.leaves:
        path = prove_inclusion(leaf.index, len(digests), lambda level, at: levels[level][at])
        if tuple(path) != leaf.path or levels[0][leaf.index] != leaf_hash(leaf.digest):
            raise AssertionError("the proof from the folder is another one")


def _content(folder: Path, digests: list[bytes]) -> Path:
    """A reserve's `documents.parquet`, as a seal writes it, and `tree`; what a proof does not read
    is made up.
    """
    folder.mkdir(parents=True)
    made: dict[str, list[Any]] = {
        "sha256": digests,
        "bytes": list(range(len(digests))),
        "existed_by": [1_600_000_000 + n % 9_999 for n in range(len(digests))],
        "level": [3],
        "standing": ["checked"],
        "binding": ["container_member"],
        "evidence": ["registry_release"],
        "language": ["en"],
        "language_ppm": [990_000],
        "license": ["BSD-3-Clause"],
        "datasets": [["notes@2022"]],
    }
    coded = pa.dictionary(pa.int32(), pa.string())
    types = {pa.string(): coded, pa.list_(pa.string()): pa.list_(coded)}
    columns = {
        field.name: pa.array(
            made[field.name] * (len(digests) // len(made[field.name])),
            types.get(field.type, field.type),
        )
        for field in DOCUMENTS_SCHEMA
    }
    table = pa.table(columns)
    nobody = np.full(len(digests), -1, np.int64)
    write_documents(folder / DOCUMENTS, Selection(table, nobody, [], {}, 0))
    blocks = (digests[at : at + BLOCK] for at in range(0, len(digests), BLOCK))
    (folder / TREE).write_bytes(b"".join(map(content_root, blocks)))
    return folder


def _forget(folder: Path) -> None:
    """Throw the folder's pages out of the page cache, where the system lets us."""
    if hasattr(os, "posix_fadvise"):
        for path in folder.iterdir():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)
