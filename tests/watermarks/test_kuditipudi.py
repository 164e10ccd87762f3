"""Kuditipudi: a key sequence, every shift of it tried, and memory that does not grow with it."""

import tracemalloc
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.watermarks.detector import detect
from ledger.watermarks.schemes import _shifts, open_mark, recognise
from ledger.watermarks.schemes.kuditipudi import FAMILY, KuditipudiMark
from ledger.watermarks.tokens import Scores, Tokens


def _open(key: int, n: int, size: int) -> KuditipudiMark:
    mark = open_mark("kuditipudi/exponential@1", {"n": n}, {"key": key}, size)
    assert isinstance(mark, KuditipudiMark)
    return mark


def _score(mark: KuditipudiMark, *texts: list[int]) -> Scores:
    tokens = Tokens.of(texts)
    return mark.score(tokens, mark.prepare(tokens))


def _twister(seed: int, count: int) -> list[int]:
    """MT19937 as Matsumoto and Nishimura (1998) define it; the first word is as long as the seed.

    Python's whole numbers keep what a 32-bit word would lose, as the marking code's do.
    """
    state = [seed]
    for number in range(1, 624):
        last = state[-1]
        state.append((1812433253 * (last ^ last >> 30) + number) % 2**32)
    words: list[int] = []
    while len(words) < count:
        for at in range(624):
            mixed = state[at] & 2**31 | state[(at + 1) % 624] & 2**31 - 1
            twist = mixed >> 1 ^ (0x9908B0DF if mixed & 1 else 0)
            state[at] = state[(at + 397) % 624] ^ twist
        for word in state:
            word ^= word >> 11
            word ^= word << 7 & 0x9D2C5680
            word ^= word << 15 & 0xEFC60000
            words.append(word ^ word >> 18)
    return list(islice(words, count))


def _exact(key: int, n: int, size: int) -> np.ndarray:
    uniform = np.array(_twister(key, n * size), np.float64).reshape(n, size) / 2**32
    return -np.log1p(-uniform)


def _units(text: list[int], n: int) -> list[tuple[int, int, int]]:
    """(position, row, token), each row and token once."""
    seen: dict[tuple[int, int], int] = {}
    for position, token in enumerate(text):
        seen.setdefault((position % n, token), position)
    return sorted((position, row, token) for (row, token), position in seen.items())


@pytest.mark.parametrize("key", [0, 42, 2**32 - 1, 2**32, 2**45 + 987654321, 2**61 - 1])
def test_a_number_is_not_that_of_the_authors_generator(key: int) -> None:
    n, size = 7, 90
    text = np.random.default_rng(1).integers(0, size, 40).tolist()
    exact, units = _exact(key, n, size), _units(text, n)
    sums = [sum(exact[(row + s) % n, token] for _, row, token in units) for s in range(n)]
    best = int(np.argmax(sums))
    told = np.array([exact[(row + best) % n, token] for _, row, token in units])
    scores = _score(_open(key, n, size), text)
    assert scores.trials == n
    assert scores.positions.tolist() == [position for position, _, _ in units]
    assert len(units) < len(text)
    assert np.all(scores.values <= told) and np.all(told - scores.values < 2**-15)
    assert np.all(scores.values * 2**15 % 1 == 0)


def test_a_shift_is_missed() -> None:
    n, size, key = 16, 500, 9
    exact = _exact(key, n, size)
    for shift in range(n):
        text = [int(np.argmax(exact[(shift + i) % n])) for i in range(12)]
        scores = _score(_open(key, n, size), text)
        assert scores.values.min() > 4


def test_a_repeated_row_and_token_is_counted_again() -> None:
    mark = _open(3, 4, 50)
    assert _score(mark, [7] * 1_000).positions.tolist() == [0, 1, 2, 3]
    assert _score(mark, [7, 50, 7, 2**32 - 1, 7, 8]).positions.tolist() == [0, 2, 5]


@pytest.mark.parametrize("bounds", [(1, 1, 1, 1, 1), (40, 30, 200, 50, 3), (64, 1, 64, 7, 2048)])
def test_the_size_of_a_part_changes_a_score(
    bounds: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = _open(5, 16, 60)
    rng = np.random.default_rng(2)
    texts = [rng.integers(0, 60, length).tolist() for length in (30, 0, 1, 200, 17)]
    told = _score(mark, *texts)
    names = ("_COLUMNS", "_TOTALS", "_DRAWN", "_ADDED", "_RUN")
    for name, bound in zip((*names, "_TURNED"), (*bounds, 1), strict=True):
        monkeypatch.setattr(_shifts, name, bound)
    again = _score(mark, *texts)
    assert again.values.tolist() == told.values.tolist()
    assert again.offsets.tolist() == told.offsets.tolist()


def test_a_matrix_is_held_in_memory() -> None:
    mark = _open(6, 2_000, 30_000)  # 240 MB of words
    text = np.random.default_rng(3).integers(0, 30_000, 120).tolist()
    _score(mark, text[:2])
    tracemalloc.start()
    try:
        _score(mark, text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30e6


def test_one_numbers_two_keys_are_two_marks() -> None:
    for key in (2**32, 2**40 + 5, 2**61 - 1):
        canonical = FAMILY.key("exponential", {}, {"key": key}, 100)
        assert int(canonical["key"]) < 2**32
        assert _twister(int(canonical["key"]), 1_300) == _twister(key, 1_300)
    for key in (0, 42, 2**32 - 1):
        assert FAMILY.key("exponential", {}, {"key": key}, 100) == {"key": str(key)}


def test_a_key_that_no_32_bits_replace_is_cut() -> None:
    with pytest.raises(InputError, match="key"):
        FAMILY.key("exponential", {}, {"key": 2**61}, 100)


def test_a_sequence_too_long_to_draw_is_drawn() -> None:
    with pytest.raises(InputError, match="n: "):
        _open(1, 10_001, 100)
    with pytest.raises(InputError, match="n: "):
        _open(1, 10_000, 2**20)
    assert _open(1, 10_000, 50_257).trials == 10_000


def test_another_generator_is_read_as_this_one() -> None:
    params = {"key": 42, "n": 64, "rng": "mt19937 (init_genrand), rand=u32/2^32"}
    assert recognise("exp-shift-kuditipudi", params, 500) == _open(42, 64, 500)
    with pytest.raises(InputError, match="rng"):
        recognise("exp-shift-kuditipudi", params | {"rng": "torch-cpu"}, 500)
    assert FAMILY.demo_key("exponential", {}, {"key": "42"})
    assert not FAMILY.demo_key("exponential", {}, {"key": "43"})


def test_trying_every_shift_is_not_paid_for() -> None:
    tokens = Tokens.of([np.random.default_rng(4).integers(0, 2_000, 100).tolist()])
    mark = _open(0, 32, 2_000)
    marks = [replace(mark, seed=key) for key in range(300)]
    p = np.exp([detect(tokens, one, parts=False).log_p[0] for one in marks])
    assert np.mean(p <= 0.1) < 0.1 + 3 * 0.0175 and np.mean(p <= 0.01) < 0.01 + 3 * 0.006
    assert p.min() > 1e-5


def test_a_row_of_eight_gigabytes_is_drawn() -> None:
    with pytest.raises(InputError, match="vocab_size: found 2147483647, expected at most 4194304"):
        open_mark("kuditipudi/exponential@1", {"n": 2}, {"key": 1}, 2**31 - 1)
