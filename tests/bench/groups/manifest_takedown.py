"""One document is taken down and a manifest drawn again: how many rows change.

Ours draws by a key of seed and digest, so that of every other document nothing changes. The peers
depend on the order: numpy's generator chooses so many places of the list (`choice`, as a sampler of
a dataset does), or gives each document a number as it is read (as datatrove's SamplerFilter does).
Of the list without the document they choose other places, and every later document gets its
neighbour's number. The ratio is a count, not a time.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from statistics import median

import numpy as np
import numpy.typing as npt

from ledger.manifests.sampling.classes import Classes, Scores
from ledger.manifests.sampling.draw import draw
from ledger.manifests.sampling.rows import Rows, rows_of
from tests.bench.bench import Bench
from tests.bench.rows import Row, measured, number, size_words

_SHARE = 0.02
_QUANTILES = (Fraction(1, 2), Fraction(9, 10))
_WEIGHTS = (1, 2, 4)
_FEWEST = 100_000
_PROMISED = 2

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Choose = Callable[[int], Mask]


def run(bench: Bench) -> Iterator[Row]:
    size = max(bench.sizes.large, _FEWEST)
    digests = np.random.default_rng(5).integers(0, 256, (size, 32), np.uint8)
    wanted = round(size * _SHARE)
    notes = f"{number(wanted)} of {size_words(size)} documents"

    one = np.zeros(size, np.int64)
    rows = rows_of(digests, one, 7, compiled=True)
    ours = _ours(rows, lambda left: _selected(rows.take(left), wanted))
    yield measured(
        f"rows changed after one takedown, drawn again to as many documents: {notes}",
        ours, "rows", at_most=_PROMISED,
    )  # fmt: skip
    peers: dict[str, Choose] = {
        "numpy rng.choice of places": lambda count: _places(count, wanted),
        "numpy, a number a document": lambda count: np.random.default_rng(0).random(count) < _SHARE,
    }
    for name, choose in peers.items():
        theirs = _theirs(size, choose)
        yield Row(
            "rows changed after one takedown, one of the peer's to one of ours",
            median(theirs) / max(median(ours), 1),
            min(theirs) / max(*ours, 1),
            max(theirs) / max(min(ours), 1),
            name,
            "×",
            f"{len(theirs)} takedowns; {notes}; ours {number(median(ours))} rows, "
            f"peer {number(median(theirs))}",
            at_least=100,
        )

    tokens = np.random.default_rng(9).lognormal(6.0, 1.2, size).astype(np.int64) + 1
    counted = rows_of(digests, one, 7, units=tokens, compiled=True)
    budget = int(tokens.sum() * _SHARE)
    yield measured(
        "the same, drawn again to as many tokens",
        _ours(counted, lambda left: _selected(counted.take(left), budget)),
        "rows",
        "with the thresholds kept it is one row",
    )
    score = np.random.default_rng(11).lognormal(11, 1, size).astype(np.int64)
    yield measured(
        "the same, rare documents drawn 2 and 4 times as often, cut again at both quantiles",
        _ours(
            _weighed(digests, score),
            lambda left: _selected(_weighed(digests[left], score[left]), wanted),
            wanted,
        ),
        "rows",
    )


def _weighed(digests: npt.NDArray[np.uint8], score: Ints) -> Rows:
    """All in one stratum, weighed by the class of its score."""
    one = np.zeros(len(score), np.int64)
    classes = Classes.of(Scores.part(one, score), 1, _QUANTILES, _WEIGHTS)
    return rows_of(digests, one, 7, weight=classes.weight(one, score), compiled=True)


def _ours(rows: Rows, again: Callable[[Ints], Mask], wanted: int | None = None) -> list[float]:
    """Rows that changed, for each of some takedowns of a selected document."""
    size = len(rows)
    before = _selected(rows, int(rows.units.sum() * _SHARE) if wanted is None else wanted)
    return [
        _changed(before, left, again(left))
        for left in (np.delete(np.arange(size), place) for place in _spread(before))
    ]


def _theirs(size: int, choose: Choose) -> list[float]:
    before, after = choose(size), choose(size - 1)
    return [_changed(before, np.delete(np.arange(size), place), after) for place in _spread(before)]


def _places(count: int, wanted: int) -> Mask:
    chosen = np.zeros(count, np.bool_)
    chosen[np.random.default_rng(0).choice(count, wanted, replace=False)] = True
    return chosen


def _selected(rows: Rows, wanted: int) -> Mask:
    return draw(lambda: [rows], [wanted]).thresholds.takes(rows)


def _spread(selected: Mask) -> list[int]:
    """Seven of them, from the first to the last in reading order."""
    places = np.flatnonzero(selected)
    chosen: list[int] = places[np.linspace(0, len(places) - 1, 9).astype(int)[1:-1]].tolist()
    return chosen


def _changed(before: Mask, left: Ints, after: Mask) -> float:
    """Rows that came or went."""
    now = np.zeros(len(before), np.bool_)
    now[left] = after
    return float((before != now).sum())
