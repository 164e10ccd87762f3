"""Durable bulk append, as shipped and log only, beside pymerkle's bulk append and root.

Both are handed entry bytes that are ready and commit as often. pymerkle keeps no signature, no
private values and no look-up, and computes its root once, at the end; ours signs every batch. What
making the bytes costs us, commitments included, is a row of its own.
"""

from collections.abc import Iterator
from statistics import median

from tests.bench.bench import Bench
from tests.bench.rows import Row, number, paired, size_words
from tests.bench.systems import Fed, Ledger, feed_ledger, feed_log, feed_tree
from tests.bench.timing import interleave

SHIPPED, LOG_ONLY, PEER = "as shipped", "log only", "pymerkle 7 append_entries + root"
EACH_ROOT = "pymerkle 7 append_entries + root each"
_HARSH = "both get ready entry bytes; pymerkle makes one root, at the end"


def run(bench: Bench) -> Iterator[Row]:
    sizes = bench.sizes
    _warm_up(bench)
    for size, rounds, budget in (
        (sizes.small, sizes.rounds, 120.0),
        (sizes.large, sizes.rounds, 480.0),
        (sizes.huge, sizes.huge_rounds, 420.0),
    ):
        yield from _at(bench, size, rounds, budget, huge=size == sizes.huge)


def _warm_up(bench: Bench) -> None:
    """Imports and first calls, on both sides, before any stopwatch."""
    fed = bench.parts(1_000)
    folder = bench.folder()
    feed_ledger(Ledger(folder / "ledger"), fed)
    feed_log(Ledger(folder / "log"), fed)
    feed_tree(folder / "tree.db", fed)
    bench.drop(folder)


def _at(bench: Bench, size: int, rounds: int, budget: float, *, huge: bool) -> Iterator[Row]:
    fed = bench.parts(size)
    roots: dict[str, set[bytes]] = {LOG_ONLY: set(), PEER: set()}
    flat: list[Fed] = []
    making: list[float] = []

    def shipped() -> float:
        ledger = Ledger(bench.folder())
        result = feed_ledger(ledger, fed)
        bench.keep_ledger(size, ledger)
        flat.append(result)
        making.append(result.rate_with_making)
        return result.rate

    def log_only() -> float:
        ledger = Ledger(bench.folder())
        result = feed_log(ledger, fed)
        bench.drop(ledger.folder)
        roots[LOG_ONLY].add(result.root)
        return result.rate

    def peer() -> float:
        path = bench.folder() / "tree.db"
        result = feed_tree(path, fed)
        bench.keep_tree(size, path)
        roots[PEER].add(result.root)
        return result.rate

    def peer_signing() -> float:
        path = bench.folder() / "tree.db"
        rate = feed_tree(path, fed, root_each=True).rate
        bench.drop(path.parent)
        return rate

    sides = {SHIPPED: shipped, PEER: peer, LOG_ONLY: log_only}
    if size == bench.sizes.small:
        sides[EACH_ROOT] = peer_signing
    rates = interleave(sides, rounds, budget)
    if len(roots[LOG_ONLY] | roots[PEER]) != 1:
        raise RuntimeError(f"roots over the same {size} entries differ: {roots}")
    words = size_words(size)
    few = f"; at most {rounds}, one takes minutes" if huge else ""
    yield paired(
        f"append as shipped, {words}", rates, SHIPPED, PEER, notes=_HARSH + few, at_least=0.7
    )
    yield paired(
        f"append as shipped, {words}, claims made on our clock",
        {SHIPPED: making, PEER: rates[PEER]},
        SHIPPED,
        PEER,
        notes="entry bytes and commitments made from staged rows by us, given to pymerkle",
    )
    yield paired(
        f"append log only, {words}",
        rates,
        LOG_ONLY,
        PEER,
        notes=f"the same entries, equal roots{few}",
        at_least=1.8,
    )
    if EACH_ROOT in rates:
        yield paired(
            f"append as shipped, {words}, a root a commit on both sides",
            rates,
            SHIPPED,
            EACH_ROOT,
            notes="pymerkle computes what ours signs after each commit",
        )
    if huge:
        halves = [result.flatness for result in flat]
        yield Row(
            f"append as shipped, {words}: second half / first half",
            median(halves),
            min(halves),
            max(halves),
            "its own first half",
            "×",
            f"{len(halves)} runs; whole run {number(median(rates[SHIPPED]))}/s",
            at_least=0.8,
        )
