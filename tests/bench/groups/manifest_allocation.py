"""Strata allocated under bounds, beside HiGHS asked for the bare linear programme.

The peer is scipy's `linprog` on the same amounts, its matrices made already: one variable up and
one down for each stratum, the L1 distance, in floats, not rounded and not checked. Ours makes
targets, cells and matrices, prefers to spread the change, rounds to whole tokens and proves every
bound on them; both distances are compared. Then the same strata with a bound that cannot hold: how
long it takes to say which, and what would do.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np

from ledger.errors import InfeasibleError
from ledger.manifests.allocation.allocate import Allocation, allocate
from ledger.manifests.allocation.limits import ONE
from ledger.manifests.allocation.strata import Strata, make_strata
from ledger.manifests.mix.mix import Bound, Gate, Mix, Natural
from ledger.manifests.mix.where import Where
from ledger.provenance.rules import LABELS
from tests.bench.bench import FULL, Bench
from tests.bench.rows import Row, measured, paired
from tests.bench.timing import interleave, seconds_of

OURS, PEER = "ours", "scipy's linprog (HiGHS), unrounded"
_AXES = ("label", "topic", "language")


def run(bench: Bench) -> Iterator[Row]:
    full = bench.sizes.documents >= FULL.documents
    mix, strata = _case(25 if full else 5, 20 if full else 10)
    made = allocate(mix, strata)
    if not all(found.holds for found in made.achieved):
        raise AssertionError("a bound does not hold")
    solve = _plain(made)
    distance = solve()
    sides = {
        OURS: lambda: 1 / seconds_of(lambda: allocate(mix, strata)),
        PEER: lambda: 1 / seconds_of(solve),
    }
    rates = interleave(sides, bench.sizes.rounds, 60.0)
    name = f"{len(strata):,} strata under {len(mix.bounds)} bounds"
    times = [1e3 / rate for rate in rates[OURS]]
    notes = (
        f"{made.total / 1e6:.0f} M tokens, every bound proved on whole ones; L1 distance to the "
        f"target {float(made.distance):.4f}, least {distance:.4f}"
    )
    yield measured(f"{name}, allocated", times, "ms", notes)
    yield paired(f"{name}, against the library alone", rates, OURS, PEER)
    impossible = _impossible(mix)
    words: list[str] = []

    def refuse() -> None:
        try:
            allocate(impossible, strata)
        except InfeasibleError as error:
            words.append(str(error))

    turns = [1e3 * seconds_of(refuse) for _ in range(3)]
    if len(words) != len(turns):
        raise AssertionError("bounds that cannot hold were met")
    notes = f"said: {words[0].partition(': ')[2]}"
    yield measured(f"{name} that cannot hold, explained", turns, "ms", notes)


def _case(topics: int, languages: int) -> tuple[Mix, Strata]:
    """Strata of lognormal sizes, and bounds that one certain mix of them meets closely."""
    rng = np.random.default_rng(6)
    names = (
        LABELS,
        tuple(f"topic {n}" for n in range(topics)),
        tuple(f"l{chr(97 + n)}" for n in range(languages)),
    )
    shape = tuple(map(len, names))
    held = rng.lognormal(10, 2, shape).astype(np.int64) + 1
    counts = zip(product(*names), held.reshape(-1).tolist(), strict=True)
    strata = make_strata(_AXES, {row: (n // 1_000 + 1, n) for row, n in counts})
    budget = int(held.sum() * 0.4)
    lean = [rng.uniform(*span, size) for span, size in zip([(0.05, 1)] * 3, shape, strict=True)]
    witness = held * lean[0][:, None, None] * lean[1][None, :, None] * lean[2][None, None, :]
    witness += (held - witness) * (budget - witness.sum()) / (held - witness).sum()
    bounds = []

    def limit(name: str, *chosen: tuple[int, ...] | None) -> None:
        """A bound that the witness meets by a fiftieth, on the side where nature fails it."""
        inside = np.ix_(*(range(n) if c is None else c for c, n in zip(chosen, shape, strict=True)))
        share, natural = witness[inside].sum() / budget, held[inside].sum() / held.sum()
        where = Where.of(
            {
                axis: tuple(values[at] for at in c)
                for axis, values, c in zip(_AXES, names, chosen, strict=True)
                if c is not None
            }
        )
        least = Fraction(round(share * 0.98 * 1e6), 10**6) if share > natural else None
        most = None if share > natural else Fraction(round(share * 1.02 * 1e6), 10**6)
        bounds.append(Bound(name, where, least, most))

    for at in range(shape[0]):
        limit(f"label {at}", (at,), None, None)
    for at in range(shape[1]):
        limit(f"topic {at}", None, (at,), None)
    for at in range(shape[2]):
        limit(f"language {at}", None, None, (at,))
    for at in range(14 if shape[2] > 14 else 6):
        limit(f"group {at}", None, tuple(range(shape[1] // 3)), (at,))
    mix = Mix(
        name="bench",
        version=1,
        stage="mid",
        unit="tokens",
        seed=0,
        datasets=("made@1",),
        strata=_AXES,
        target=Natural(),
        budget=budget,
        bounds=tuple(bounds),
        gate=Gate(Fraction(1), Fraction(1)),
    )
    return mix, strata


def _impossible(mix: Mix) -> Mix:
    """The same with some topics at most a part of what two of them are to be at least."""
    topics = tuple(f"topic {n}" for n in range(3))
    more = (
        Bound("few topics", Where.of({"topic": topics}), None, Fraction(1, 1_000)),
        Bound("more topics", Where.of({"topic": topics[:2]}), Fraction(2, 1_000), None),
    )
    return replace(mix, bounds=mix.bounds + more)


def _plain(made: Allocation) -> Callable[[], float]:
    """The bare programme over the same targets: its least L1 distance."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, vstack

    total, count = made.total, len(made.strata)
    weights = csr_array(np.array([limit.weights / ONE for limit in made.limits]))
    targets, caps = made.targets / total, made.strata.available / total
    base = weights @ targets
    least = np.array([float(limit.at_least) for limit in made.limits])
    most = np.array([float(limit.at_most) for limit in made.limits])
    low, high = np.flatnonzero(least > 0), np.flatnonzero(most < 1)
    moved = hstack([weights, -weights], format="csr")
    rows = vstack([moved[high], -moved[low]], format="csr")
    limits = np.concatenate([(most - base)[high], (base - least)[low]])
    sums = csr_array(np.concatenate([np.ones(count), -np.ones(count)])[None])
    sides = np.stack([np.zeros(2 * count), np.concatenate([caps - targets, targets])], 1)

    def solve() -> float:
        found = linprog(
            np.ones(2 * count),
            A_ub=rows,
            b_ub=limits,
            A_eq=sums,
            b_eq=[0.0],
            bounds=sides,
            method="highs",
        )
        if found.status != 0:
            raise AssertionError(f"the library found no answer: {found.message}")
        return float(found.fun)

    return solve
