"""Drawing documents and putting them in order, beside samplers that depend on the reading order.

The peers draw a number a document as they read, from numpy's generator: one call a document, as
datatrove's SamplerFilter does, or all at once. A permutation of numpy's is made whole before any
position of it is known.
"""

from collections.abc import Iterator
from functools import partial
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from ledger.manifests.order.order import Order
from ledger.manifests.sampling.draw import draw
from ledger.manifests.sampling.keys import document_keys
from ledger.manifests.sampling.rows import rows_of
from tests.bench.bench import FULL, Bench
from tests.bench.rows import Row, measured, paired, size_words
from tests.bench.timing import interleave, seconds_of

OURS, EACH, ALL = "keys", "numpy, a draw a document", "numpy, all draws at once"
_SHARE = 0.02
_STRATA = 200
_FAR = 10**9
_BATCH = 1024
_MANIFEST = sha256(b"bench").digest()


def run(bench: Bench) -> Iterator[Row]:
    size = bench.sizes.large
    digests = np.random.default_rng(5).integers(0, 256, (size, 32), np.uint8)
    yield from _drawing(bench, digests)
    yield from _ordering(bench)


def _drawing(bench: Bench, digests: npt.NDArray[np.uint8]) -> Iterator[Row]:
    size, words = len(digests), size_words(len(digests))
    few = min(size, 100_000)
    stratum = np.random.default_rng(6).integers(0, _STRATA, size)
    budgets = np.bincount(stratum, minlength=_STRATA) // 50
    document_keys(digests[:1], 0, compiled=True)  # the compiler is loaded once

    def each() -> None:
        rng = np.random.default_rng(0)
        [rng.uniform() < _SHARE for _ in range(few)]

    def selection() -> None:
        rows = rows_of(digests, stratum, 7, compiled=True)
        draw(lambda: [rows], budgets).thresholds.takes(rows)

    rates = interleave(
        {
            OURS: lambda: size / seconds_of(lambda: document_keys(digests, 7, compiled=True)),
            "hashlib": lambda: (
                few / seconds_of(lambda: document_keys(digests[:few], 7, compiled=False))
            ),
            "selection": lambda: size / seconds_of(selection),
            EACH: lambda: few / seconds_of(each),
            ALL: lambda: size / seconds_of(lambda: np.random.default_rng(0).random(size) < _SHARE),
        },
        bench.sizes.rounds,
        120.0,
    )
    notes = "SHA-256 in our kernel, one thread"
    yield paired(f"keys of {words} documents", rates, OURS, EACH, notes=notes, unit=" docs/s")
    yield paired(f"keys of {words} documents", rates, OURS, ALL, unit=" docs/s")
    yield paired("the kernel", rates, OURS, "hashlib", unit=" docs/s")
    yield measured(
        f"{words} documents of {_STRATA} strata drawn: keys, two readings, selection",
        rates["selection"],
        "docs/s",
    )


def _ordering(bench: Bench) -> Iterator[Row]:
    items = 2 * _FAR
    batch = np.arange(_BATCH)
    near, far = "from position 0", "from position 10⁹"
    peer, whole = "numpy's permutation", bench.sizes.huge * (50 if bench.sizes == FULL else 1)

    def resume(start: int) -> float:
        return 1 / seconds_of(lambda: Order(_MANIFEST, 3, [items]).at(batch + start))

    resume(0)
    rates = interleave(
        {far: partial(resume, _FAR), near: partial(resume, 0)}, bench.sizes.proofs, 60.0
    )
    notes = f"an order of {items:,} made, and a batch of {_BATCH} read"
    yield paired("resume at position 10⁹", rates, far, near, notes=notes, at_least=0.8)
    rates = interleave(
        {
            far: lambda: (
                1 / seconds_of(lambda: Order(_MANIFEST, 3, [whole]).at(batch + whole // 2))
            ),
            peer: lambda: (
                1
                / seconds_of(
                    lambda: np.random.default_rng(3).permutation(whole)[batch + whole // 2]
                )
            ),
        },
        3,
        60.0,
    )
    yield paired(f"resume half-way through {size_words(whole)}", rates, far, peer)

    count = bench.sizes.large
    positions = _FAR + np.arange(count)
    plain = Order(_MANIFEST, 0, [items])
    counts = np.random.default_rng(8).integers(1, 10**6, _STRATA) + 10**7
    mixed = Order(_MANIFEST, 0, counts.tolist())
    for name, order in (("", plain), (f", even over {_STRATA} strata", mixed)):
        taken = [count / seconds_of(lambda order=order: order.at(positions)) for _ in range(5)]  # type: ignore[misc]
        yield measured(f"positions to documents{name}", taken, "/s")
