"""Gumbel-max on torch's generator: seeds of contexts, and one number out of each stream."""

from collections.abc import Mapping
from math import log
from random import Random
from typing import Any

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.watermarks.kernels import outputs
from ledger.watermarks.schemes import open_mark, recognise
from ledger.watermarks.schemes._modular import chain
from ledger.watermarks.schemes.gumbel_torch import FAMILY, GumbelTorchMark
from ledger.watermarks.tokens import Scores, Tokens
from tests.watermarks.shared import VECTORS, find_marks, read, share

V = 1_000
M = 2**64 - 1
BRICKS = "gumbel-torchrand / greenlist-hash"


def _bricks(
    seed: int, salt: int = 35317, ngram: int = 2, payload: int = 0, size: int = V
) -> GumbelTorchMark:
    parameters, key = {"ngram": ngram, "payload": payload}, {"seed": seed, "salt_key": salt}
    mark = open_mark("gumbel-torch/three-bricks@1", parameters, key, size)
    assert isinstance(mark, GumbelTorchMark)
    return mark


def _markllm(key: int, prefix: int = 2, size: int = V) -> GumbelTorchMark:
    parameters = {"prefix_length": prefix}
    mark = open_mark("gumbel-torch/markllm@1", parameters, {"hash_key": key}, size)
    assert isinstance(mark, GumbelTorchMark)
    return mark


def _score(mark: GumbelTorchMark, *texts: list[int]) -> Scores:
    tokens = Tokens.of(texts)
    return mark.score(tokens, mark.prepare(tokens))


def _value(seed: int, number: int) -> float:
    """-ln(1 - u) of one number of the stream, read without the kernel."""
    word = int(outputs(seed % 2**32, number + 1)[number]) % 2**24
    return float(-np.log1p(-word / 2**24))


def _text(seed: int, length: int, size: int = V) -> list[int]:
    rng = Random(seed)
    return [rng.randrange(1, size) for _ in range(length)]


@pytest.mark.parametrize(
    ("seed", "salt"),
    [(0, 35317), (M - 1, M - 1), (2**63, 2**63 + 1), (1, 0), (12345, 2**32), (2**64 - 2, 3)],
)
def test_a_seed_loses_a_carry(seed: int, salt: int) -> None:
    rng = Random(1)
    columns = [[rng.choice([0, 1, 50_256, 2**31 - 1]) for _ in range(64)] for _ in range(5)]
    told = []
    for row in zip(*columns, strict=True):
        state = seed
        for token in row:
            state = (state * salt + token) % M
        told.append(state)
    contexts = [np.array(column, np.uint32) for column in columns]
    assert chain(seed, salt, contexts, 64).tolist() == told


@pytest.mark.parametrize("payload", [0, 1, 999])
@pytest.mark.parametrize("ngram", [0, 1, 2, 4])
def test_a_three_bricks_score_is_not_that_of_its_stream(ngram: int, payload: int) -> None:
    text = _text(2, 40)
    scores = _score(_bricks(77, 35317, ngram, payload), text)
    told = []
    for place in scores.positions.tolist():
        seed = 77
        for token in text[place - ngram : place]:
            seed = (seed * 35317 + token) % M
        told.append(_value(seed, (text[place] + payload) % V))
    assert scores.positions[0] == ngram  # the first token with its whole context
    assert scores.values.tolist() == told


@pytest.mark.parametrize("size", [V, 151_936])
@pytest.mark.parametrize("prefix", [1, 4, 6])
def test_a_product_wraps(prefix: int, size: int) -> None:
    """MarkLLM multiplies Python's whole numbers: 151,935^4 is beyond 64 bits."""
    text = [size - 1 - token for token in _text(3, 30)]
    scores = _score(_markllm(15485863, prefix, size), text)
    told = []
    for place in scores.positions.tolist():
        product = 1
        for token in text[place - prefix : place]:
            product *= token
        told.append(_value(15485863 * (product % size), text[place]))
    assert len(told) >= 20
    assert scores.values.tolist() == told


def test_a_seed_that_no_key_enters_is_counted() -> None:
    """1,000 divides the product of 8 and 125: the stream of seed 0, for every key."""
    text = [8, 125, 7, 0, 9, 11, 13]
    for key in (1, 999_331):
        assert _score(_markllm(key), text).positions.tolist() == [3, 6]


def test_contexts_of_one_seed_are_counted_twice() -> None:
    text = [3, 5, 9, 5, 3, 9, 15, 1, 9]
    assert _score(_markllm(77), text).positions.tolist() == [2, 3, 4, 6, 7]
    # The product 3·5 is that of 5·3 and of 15·1: token 9 follows each of them, and counts once.
    lone = _score(_bricks(0, M, 2), [4, 6, 9, 2, 4, 9])  # salt 0: only the last token is seen
    assert lone.positions.tolist() == [2, 3, 4, 5]
    assert _score(_bricks(0, M, 2), [4, 6, 9, 2, 6, 9]).positions.tolist() == [2, 3, 4]


EQUAL: list[tuple[int, Mapping[str, Any], Mapping[str, Any]]] = [
    (2, {"seed": 5, "salt_key": 7}, {"seed": 5 + M, "salt_key": 7 - 3 * M}),
    (2, {"seed": 5, "salt_key": 65_537}, {"seed": 5 + M // 65_537, "salt_key": 65_537}),
    (2, {"seed": 5, "salt_key": 0}, {"seed": 999, "salt_key": M}),
    (1, {"seed": 6, "salt_key": 35}, {"seed": 14, "salt_key": 15}),
    (1, {"seed": 0, "salt_key": 35317}, {"seed": 0, "salt_key": 9}),
    (0, {"seed": 6, "salt_key": 1}, {"seed": 6 - 2**32, "salt_key": 2}),
]


@pytest.mark.parametrize(("ngram", "one", "other"), EQUAL)
def test_equal_keys_look_like_two(
    ngram: int, one: Mapping[str, Any], other: Mapping[str, Any]
) -> None:
    parameters = FAMILY.parameters("three-bricks", {"ngram": ngram}, V)
    canonical = FAMILY.key("three-bricks", parameters, one, V)
    assert canonical == FAMILY.key("three-bricks", parameters, other, V)
    assert canonical == FAMILY.key("three-bricks", parameters, canonical, V)
    text = _text(4, 40)
    # Opened as they were given, without being made canonical, they score alike.
    raw = [
        FAMILY.open(
            "three-bricks",
            parameters,
            {n: str(v % (M if ngram else 2**32)) for n, v in k.items()},
            V,
        )
        for k in (one, other, {n: int(v) for n, v in canonical.items()})
    ]
    values = [_score(mark, text).values.tolist() for mark in raw]
    assert values[0] == values[1] == values[2]


def test_two_keys_look_like_one() -> None:
    for ngram in (1, 2, 4):
        parameters = FAMILY.parameters("three-bricks", {"ngram": ngram}, V)
        keys = [
            FAMILY.key("three-bricks", parameters, {"seed": seed, "salt_key": salt}, V)
            for seed, salt in ((1, 35317), (2, 35317), (1, 35319), (1, 65_537))
        ]
        assert len({tuple(key.items()) for key in keys}) == 4


def test_a_key_modulo_32_bits_is_another_key() -> None:
    parameters = {"prefix_length": "2"}
    told = {"hash_key": "15485863"}
    for key in (15485863, 15485863 + 2**32, 15485863 - 2**40):
        assert FAMILY.key("markllm", parameters, {"hash_key": key}, V) == told
    assert FAMILY.demo_key("markllm", parameters, told)
    assert not FAMILY.demo_key("markllm", parameters, {"hash_key": "15485864"})


def test_a_default_key_attributes_a_text() -> None:
    for ngram in (1, 2, 4):
        parameters = FAMILY.parameters("three-bricks", {"ngram": ngram}, V)
        for seed, known in ((0, True), (M, True), (1, False)):
            key = FAMILY.key("three-bricks", parameters, {"seed": seed}, V)
            assert FAMILY.demo_key("three-bricks", parameters, key) is known


def test_a_seeding_that_nobody_can_repeat_is_detected() -> None:
    for seeding in ("additive", "skip", "min", None, 7):
        with pytest.raises(InputError, match="seeding"):
            FAMILY.parameters("three-bricks", {"ngram": 2, "seeding": seeding}, V)


def test_a_green_list_is_read_as_gumbel() -> None:
    params = {"method": "openai", "ngram": 4, "seed": 3, "salt_key": 35317, "payload": V + 7}
    params |= {"seeding": "hash", "temperature": 1.0, "top_p": 0.95}
    assert recognise(BRICKS, params, V) == _bricks(3, 35317, 4, 7)
    assert recognise(BRICKS, params | {"method": "openaiz"}, V) == _bricks(3, 35317, 4, 7)
    assert FAMILY.recognise(BRICKS, params | {"method": "maryland"}, V) is None
    assert recognise("markllm-exp", {"prefix_length": 3, "hash_key": 9}, V) == _markllm(9, 3)


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the watermark vectors lie beside this checkout")
@pytest.mark.parametrize("name", ["markllm_exp", "three_bricks"])
def test_a_text_that_the_projects_code_marked_is_missed(name: str) -> None:
    records = [record for record in read(name) if record["params"].get("method") != "maryland"]
    found = list(find_marks(records))
    assert len(found) == 12
    assert share(np.array([item.log_p for item in found]), log(1e-6)) >= 0.95


@pytest.mark.parametrize("variant", ["three-bricks", "markllm"])
def test_a_token_far_down_the_stream_is_waited_for(variant: str) -> None:
    """Token 2^31 is output number 2^31 of its stream: half a minute for a short text."""
    given = {"ngram": 2} if variant == "three-bricks" else {"prefix_length": 2}
    assert FAMILY.parameters(variant, given, 1 << 22)
    with pytest.raises(InputError, match="vocab_size: found 4194305, expected at most 4194304"):
        FAMILY.parameters(variant, given, (1 << 22) + 1)
