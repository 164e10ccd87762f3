"""Who is drawn with which chance, and what can be said from it."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError, VerificationError
from ledger.provenance.review.drawing import Draw, Stratum, draw, parse_draw
from ledger.provenance.review.estimate import horvitz_thompson

NAMES = ["rare", "some", "most"]
SIZES = [5, 40, 355]
CODES = np.repeat(np.arange(3), SIZES)


def digests(count: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    rows = b"".join(sorted(sha256(b"%d" % n).digest() for n in range(count)))
    return np.frombuffer(rows, np.uint8).reshape(-1, 32)


def test_each_label_gives_as_many_while_it_has_them() -> None:
    found = draw(digests(400), CODES, NAMES, 100, 1)
    assert [(name, len(places)) for name, places in found] == [
        ("rare", 5), ("some", 40), ("most", 55)
    ]  # fmt: skip
    assert all((CODES[places] == NAMES.index(name)).all() for name, places in found)


def test_the_same_key_draws_the_same_and_another_does_not() -> None:
    first, again, other = (draw(digests(400), CODES, NAMES, 30, seed)[2][1] for seed in (7, 7, 8))
    assert first.tolist() == again.tolist() != other.tolist()


def test_a_key_draws_what_its_digests_say_whatever_else_is_there() -> None:
    """The least keys of a stratum: a document that leaves only lets another in."""
    every = digests(400)
    places = draw(every, CODES, NAMES, 30, 7)[2][1]
    gone = places[0]
    kept = np.delete(np.arange(400), gone)
    left = draw(every[kept], CODES[kept], NAMES, 30, 7)[2][1]
    assert set(kept[left].tolist()) >= set(places.tolist()) - {gone}


@pytest.mark.parametrize(("sample", "seed"), [(0, 0), (10_001, 0), (2, 0), (30, -1), (30, 1 << 64)])
def test_what_is_no_draw(sample: int, seed: int) -> None:
    with pytest.raises(InputError):
        draw(digests(400), CODES, NAMES, sample, seed)


def test_all_are_drawn_of_a_small_set() -> None:
    found = draw(digests(400), CODES, NAMES, 10_000, 0)
    assert sum(len(places) for _, places in found) == 400


MADE = Draw(
    "notes@1", 17, f"sha256:{'0' * 64}", "2022-11-30", 3, 5,
    (Stratum("a", 9, (f"sha256:{'1' * 64}", f"sha256:{'2' * 64}")),
     Stratum("b", 1, (f"hmac-sha256:{'3' * 64}",))),
)  # fmt: skip


def test_a_draw_is_read_as_it_was_written() -> None:
    assert parse_draw(MADE.data, "x") == MADE
    tasks = list(MADE.tasks.values())
    assert [task.inclusion_ppb for task in tasks] == [222_222_222, 222_222_222, 1_000_000_000]
    assert MADE.documents == 10 and {task.draw for task in tasks} == {MADE.digest}


@given(st.integers(0, len(MADE.data) - 1), st.integers(0, 255))
def test_a_changed_byte_is_another_draw_or_none(place: int, byte: int) -> None:
    changed = bytearray(MADE.data)
    changed[place] = byte
    try:
        found = parse_draw(bytes(changed), "x")
    except VerificationError:
        return
    assert found.data == bytes(changed) and (found == MADE) == (changed == MADE.data)


def test_estimates_are_right_on_average() -> None:
    """1,000 queues over one population, drawn with unequal chances, decided only in part."""
    rng = np.random.default_rng(3)
    every = digests(400)
    ai = np.concatenate([rng.random(5) < 0.9, rng.random(40) < 0.6, rng.random(355) < 0.05])
    points, inside = [], 0
    for seed in range(1_000):
        places, chances, strata = [], [], []
        for stratum, (_, drawn) in enumerate(draw(every, CODES, NAMES, 60, seed)):
            decided = drawn[: max(len(drawn) * 2 // 3, 1)]  # in the order of the keys
            places += decided.tolist()
            chances += [len(decided) / SIZES[stratum]] * len(decided)
            strata += [stratum] * len(decided)
        found = horvitz_thompson(ai[places], chances, 400, strata)
        points.append(found.point)
        inside += found.low <= ai.mean() <= found.high
    error = float(np.std(points)) / np.sqrt(len(points))
    assert abs(float(np.mean(points)) - ai.mean()) < 4 * error
    unweighted = np.mean([ai[CODES == 0].mean(), ai[CODES == 1].mean(), ai[CODES == 2].mean()])
    assert abs(unweighted - ai.mean()) > 50 * error  # what counting decisions alike would say
    assert inside > 900


def test_a_whole_set_is_known_for_certain() -> None:
    found = horvitz_thompson([True, False, False, True], [1.0] * 4, 4, [0, 0, 1, 1])
    assert (found.low, found.point, found.high) == (0.5, 0.5, 0.5)


def test_decisions_that_all_agree_prove_little() -> None:
    found = horvitz_thompson([False] * 10, [0.01] * 10, 1_000, [0] * 10)
    assert found.point == 0 and found.high > 0.1


@pytest.mark.parametrize(
    ("chance", "population", "stratum"),
    [
        ([0.0, 0.5], 9, [0, 1]),
        ([1.1, 0.5], 9, [0, 1]),
        ([0.5, 0.4], 9, [0, 0]),
        ([1, 1], 0, [0, 0]),
    ],
)
def test_what_is_no_chance(chance: list[float], population: int, stratum: list[int]) -> None:
    with pytest.raises(InputError):
        horvitz_thompson([True, False], chance, population, stratum)
