"""Windows and first occurrences, which four families count by."""

from itertools import pairwise
from random import Random

import numpy as np
import pytest

from ledger.watermarks.schemes import _windows
from ledger.watermarks.schemes._windows import (
    EVER,
    Numbers,
    Run,
    first_occurrences,
    repeated_within,
    runs,
)
from ledger.watermarks.tokens import Ints, Tokens

V = 1_000
M = 6364136223846793005


def _edges(lengths: list[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _starts(edges: Ints) -> Numbers:
    return np.repeat(edges[:-1], np.diff(edges)).astype(np.int32)


def _slow_firsts(keys: list[int], edges: Ints) -> list[int]:
    result = []
    for low, high in pairwise(edges.tolist()):
        seen: dict[int, int] = {}
        result += [seen.setdefault(keys[unit], unit) for unit in range(low, high)]
    return result


@pytest.mark.parametrize("rounds", [3, 1, 0])
@pytest.mark.parametrize("different", [1, 3, 400, 2**62])
def test_a_unit_is_counted_twice(
    different: int, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_windows, "_ROUNDS", _windows._ROUNDS[:rounds])
    rng = Random(different)
    lengths = [0, 1, 700, 0, 3, 1500, 2]
    edges = _edges(lengths)
    keys = [rng.randrange(different) for _ in range(sum(lengths))]
    found = first_occurrences(np.array(keys, np.uint64), _starts(edges))
    assert found.tolist() == _slow_firsts(keys, edges)


def test_texts_made_for_one_slot_take_a_quadratic_time() -> None:
    """Keys that meet in one slot in every round are sorted, whoever chose them."""
    inverse = pow(int(_windows._ROUNDS[0]), -1, 2**64)
    keys = [place * inverse % 2**64 for place in range(20_000)]
    found = first_occurrences(np.array(keys * 2, np.uint64), np.zeros(40_000, np.int32))
    assert found.tolist() == list(range(20_000)) * 2


@pytest.mark.parametrize("history", [0, 1, 2, 7, 40, 1024])
def test_a_context_is_forgotten_a_call_too_early(history: int) -> None:
    rng = Random(history)
    edges = _edges([60, 0, 5, 300])
    keys = [rng.randrange(25) for _ in range(365)]
    expected = [
        keys[unit] in keys[max(start, unit - history) : unit]
        for start, end in pairwise(edges.tolist())
        for unit in range(start, end)
    ]
    found = repeated_within(np.array(keys, np.uint64), _starts(edges), history, 300)
    assert found.tolist() == expected


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("token", [False, True])
def test_a_window_reaches_into_the_neighbour(
    skip: bool, token: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_windows, "_RUN", 50)
    rng = Random(skip)
    documents = [
        [rng.randrange(V + 3) for _ in range(rng.choice([0, 1, 2, 30, 130]))] for _ in range(40)
    ]
    number = 0
    for run in runs(Tokens.of(documents), 3, 7, skip=skip):
        unfit = set(run.unfit(V).tolist())
        for kind, bits in ((np.uint16, 16), (np.uint32, 32), (np.uint64, 64)):
            found = run.polynomial(M, kind, token=token).tolist()  # type: ignore[type-var]
            for document, (low, high) in enumerate(pairwise(run.edges.tolist())):
                ids = documents[number + document]
                assert run.ids[low:high].tolist() == ids
                padded = [7, 7, 7, *ids]
                for at in range(len(ids)):
                    window = padded[at : at + 3 + token]
                    value = sum(t * M ** (3 + token - j) for j, t in enumerate(window))
                    assert found[low + at] == value % 2**bits
        calls, taken = run.calls, run.calls
        keys = run.ids.astype(np.uint64) % 5
        run.drop_repeats(keys, taken, 4)
        for document, low in enumerate(run.edges[:-1].tolist()):
            ids = documents[number + document]
            for at in range(len(ids)):
                assert run.positions[low + at] == at
                assert (low + at in unfit) == (max(ids[max(0, at - 3) : at + 1]) >= V)
                assert calls[low + at] == (at >= 3 or not skip)
                before = [t % 5 for t in ids[max(3 * skip, at - 4) : at]]
                assert taken[low + at] == (calls[low + at] and ids[at] % 5 not in before)
        number += len(run.edges) - 1
    assert number == len(documents)


@pytest.mark.parametrize("history", [0, 1, 5, 60, EVER])
def test_the_kernel_disagrees(history: int) -> None:
    rng = np.random.default_rng(7)
    edges = np.array([0, 0, 1, 700, 700, 1500], np.int64)
    for different, kind in ((1, "<u8"), (30, "<u8"), (30, "<u2"), (2**60, "<u8"), (900, "<u4")):
        keys = rng.integers(0, different, 1500).astype(kind)
        calls = rng.random(1500) < 0.9 if history == EVER else np.ones(1500, np.bool_)
        calls[[1, 2, 3, 700, 701]] = False
        found = []
        for many in (False, True):
            taken = calls.copy()
            Run(np.zeros(1500, np.uint32), edges, 4, 0, False, many).drop_repeats(
                keys, taken, history
            )
            found.append(taken.tolist())
        assert found[0] == found[1]
        assert history == 0 or sum(found[0]) < calls.sum() or different > 30


def test_a_million_empty_documents_fill_the_memory() -> None:
    offsets = np.zeros(1_000_002, np.int64)
    offsets[-1] = 3
    found = list(runs(Tokens(np.array([1, 2, 3], np.uint32), offsets), 64, 0))
    assert sum(len(run.edges) - 1 for run in found) == 1_000_001
    assert max(len(run.edges) for run in found) <= 65_537
