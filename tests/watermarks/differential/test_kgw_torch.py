"""Green lists of lm-watermarking, MarkLLM and three_bricks, beside their formulas run in torch.

Tensors wrap, take remainders and reduce a seed as they do; nothing here says how. transformers'
own processor and detector are compared in `test_detectors`.
"""

from collections.abc import Callable
from functools import cache
from itertools import combinations
from random import Random
from typing import Any

import pytest

from ledger.watermarks.schemes import Mark, open_mark
from ledger.watermarks.tokens import Tokens
from tests.watermarks.peers import INSTALLED, load

pytestmark = [
    pytest.mark.differential,
    pytest.mark.skipif(not INSTALLED, reason="extra [differential] is not installed"),
]

KEYS: dict[str, Callable[[Random], int]] = {
    "small": lambda rng: rng.randrange(1, 2**20),
    "of 32 bits": lambda rng: rng.getrandbits(32) | 1 << 31,
    "of 63 bits": lambda rng: rng.getrandbits(63) | 1 << 62,
    "negative": lambda rng: -rng.getrandbits(60) - 1,
}


@cache
def _table() -> Any:
    torch = load("torch")
    return torch.randperm(1_000_003, generator=torch.Generator().manual_seed(2971215073))


def _h(values: Any) -> Any:
    return _table()[values % 1_000_003] + 1


def _noncomm(window: Any, key: int) -> int:
    state = load("torch").as_tensor(key)
    for token in window:
        state = state * _h(state * token) % 2**32
    return int(state.item())


def _weighted(window: Any, key: int) -> int:
    places = load("torch").arange(1, len(window) + 1)
    return int((key * window * places).sum().item())


def _pairs(window: Any, key: int) -> int:
    return min(int((a * b).item()) for a, b in combinations(_h(key * window), 2))


PRFS: dict[str, Callable[[Any, int], int]] = {
    "additive": lambda w, key: key * w.sum().item(),
    "anchored_minhash": lambda w, key: (key * _h(w) * _h(w[-1])).min().item(),
    "anchored_skipgram": lambda w, key: (_h(key * w[0]) * _h(key * w[-1])).item(),
    "minfunc": lambda w, key: key * w.min().item(),
    "minhash": lambda w, key: _h(key * w).min().item(),
    "minskipgram": _pairs,
    "multiplicative": lambda w, key: key * w.prod().item(),
    "noncomm": _noncomm,
    "position": _weighted,
    "simple_skip": lambda w, key: _h(key * w[::2]).prod().item(),
    "skipgram": lambda w, key: _h(key * w[0]).item(),
}


def _compare(
    mark: Mark, ids: list[int], size: int, window: Callable[[int], list[int]], of: Any, green: Any
) -> None:
    """`of(window)` is the seed as Python holds it, `green(permutation)` the green tokens."""
    torch = load("torch")
    tokens = Tokens.of([ids])
    scores = mark.score(tokens, mark.prepare(tokens))
    assert len(scores.values) > len(ids) // 3
    for position, value in zip(scores.positions.tolist(), scores.values.tolist(), strict=True):
        generator = torch.Generator().manual_seed(of(torch.tensor(window(position))))
        listed = green(torch.randperm(size, generator=generator))
        assert value == bool((listed == ids[position]).any()), position


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("prf", PRFS)
def test_a_function_of_a_window_seeds_another_list(prf: str, kind: str, rng: Random) -> None:
    size, key = rng.choice([50_257, 32_000, 1_009]), KEYS[kind](rng)
    width, salted, first = rng.randrange(2, 7), rng.random() < 0.5, rng.random() < 0.7
    ids = [int(size ** rng.random()) - 1 for _ in range(50)]
    given = {"gamma": rng.uniform(0.05, 0.9), "prf": prf, "context_width": width}
    given |= {"self_salt": salted, "select_green": first}
    mark = open_mark("kgw/extended@1", given, {"key": key}, size)
    count = int(size * given["gamma"])
    _compare(
        mark,
        ids,
        size,
        lambda position: ids[position + salted - width : position + salted],
        lambda window: PRFS[prf](window, key) % (2**64 - 1),
        lambda order: order[:count] if first else order[size - count :],
    )


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("f_scheme", ["time", "additive", "skip", "min"])
def test_a_permuted_prefix_seeds_another_list(f_scheme: str, kind: str, rng: Random) -> None:
    torch = load("torch")
    size, key, width = rng.choice([50_257, 1_009]), KEYS[kind](rng), rng.randrange(1, 5)
    ids = [int(size ** rng.random()) - 1 for _ in range(50)]
    prf = torch.randperm(size, generator=torch.Generator().manual_seed(key))
    for salted in (False, True):
        given = {"gamma": 0.5, "f_scheme": f_scheme, "prefix_length": width}
        given |= {"window_scheme": "self" if salted else "left"}
        mark = open_mark("kgw/markllm@1", given, {"key": key}, size)

        def seed(window: Any, salted: bool = salted) -> int:
            context = window[:width].tolist()
            product = 1
            for token in context:
                product *= token
            f = {
                "time": prf[product % size],
                "additive": prf[sum(context) % size],
                "skip": prf[context[0]],
                "min": prf[window[:width]].min(),
            }[f_scheme]
            # A tensor of one number, as in MarkLLM: a product with it wraps at 64 bits.
            return int((f * prf[window[-1]] if salted else key * f) % size)

        _compare(
            mark,
            ids,
            size,
            lambda position, salted=salted: ids[position - width : position + salted],
            seed,
            lambda order: order[: size // 2],
        )


@pytest.mark.parametrize("ngram", [1, 2, 4])
def test_a_chain_seeds_another_list(ngram: int, rng: Random) -> None:
    size, payload = rng.choice([50_257, 1_009]), rng.randrange(2_000)
    seed, salt = rng.getrandbits(rng.choice([8, 32, 64])), rng.getrandbits(rng.choice([16, 40, 64]))
    ids = [int(size ** rng.random()) - 1 for _ in range(50)]
    given = {"gamma": 0.25, "ngram": ngram, "payload": payload}
    mark = open_mark("kgw/three-bricks@1", given, {"seed": seed, "salt_key": salt}, size)

    def chain(window: Any) -> int:
        state = seed
        for token in window.tolist():
            state = (state * salt + token) % (2**64 - 1)
        return state

    # Rolled down by the payload: a token is green where the list has the one so much higher.
    _compare(
        mark,
        ids,
        size,
        lambda position: ids[position - ngram : position],
        chain,
        lambda order: (order[: size // 4] - payload) % size,
    )
