"""One inclusion proof, at the same random indices on both sides, each store opened once.

pymerkle computes subtree roots when it first needs them and remembers them, so its later proofs in
one process are cheaper than its first. The promised row is over its first proofs; the row after it
says what is left of the ratio when the same process has proved for a while. Ours reads tiles.
"""

from collections.abc import Iterator
from contextlib import closing
from statistics import median

import numpy as np

from ledger.log.merkle import check_inclusion, leaf_hash
from tests.bench.bench import Bench
from tests.bench.rows import Row, number, size_words
from tests.bench.systems import open_tree
from tests.bench.timing import interleave, seconds_of

OURS, PEER = "ours", "pymerkle 7 prove_inclusion"
_FIRST = 15


def run(bench: Bench) -> Iterator[Row]:
    size = bench.sizes.large
    indices = iter(np.random.default_rng(3).integers(0, size, 10_000).tolist())
    with bench.ledger(size).open() as log, closing(open_tree(bench.tree(size))) as tree:
        ends, _ = log.checkpoint()
        current: list[int] = []

        def ours() -> float:
            current[:] = [next(indices)]
            made = []
            seconds = seconds_of(lambda: made.append(log.prove(current[0])))
            leaf = leaf_hash(log.entry_bytes(current[0]))
            check_inclusion(current[0], ends.size, leaf, ends.root, made[0].hashes)
            return seconds

        def peer() -> float:
            return seconds_of(lambda: tree.prove_inclusion(current[0] + 1))

        sides = {OURS: ours, PEER: peer}
        first = interleave(sides, _FIRST, 120.0)
        later = interleave(sides, bench.sizes.proofs, 120.0)
    words = size_words(size)
    yield _row(f"inclusion proof, {words}", first, "the first proofs of a process", 200)
    warm = {name: seconds[-100:] for name, seconds in later.items()}
    after = _FIRST + len(later[OURS]) - len(warm[OURS])
    yield _row(f"inclusion proof, {words}, caches warm", warm, f"after {after} proofs", None)


def _row(name: str, seconds: dict[str, list[float]], notes: str, at_least: float | None) -> Row:
    ratios = [peer / ours for ours, peer in zip(seconds[OURS], seconds[PEER], strict=True)]
    p50 = {side: median(seconds[side]) for side in seconds}
    said = (
        f"{len(ratios)} pairs; p50 ours {number(p50[OURS] * 1e3)} ms, "
        f"peer {number(p50[PEER] * 1e3)} ms; {notes}"
    )
    ratio = p50[PEER] / p50[OURS]
    return Row(name, ratio, min(ratios), max(ratios), PEER, "×", said, at_least=at_least)
