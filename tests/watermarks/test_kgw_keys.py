"""Keys and parameters that mark alike are written alike, and no others."""

from math import lcm
from random import Random
from typing import Any

import numpy as np
import pytest

from ledger.watermarks.schemes._kgw_keys import reduce_hashed, reduce_markllm, reduce_product
from ledger.watermarks.schemes._modular import M, chain, plus, reduce_chain, times
from ledger.watermarks.schemes.kgw import FAMILY
from tests.watermarks.kgw_formulas import chain_seed, wrap


def _key(variant: str, given: dict[str, Any], key: Any, size: int = 50_257) -> dict[str, str]:
    parameters = FAMILY.parameters(variant, {"gamma": 0.25, **given}, size)
    return FAMILY.key(variant, parameters, {"key": key}, size)


def test_equal_products_are_two_keys() -> None:
    """Of all keys of a small modulus' worth of multiples: equal sequences, one canonical key."""
    rng = Random(1)
    for most in (1, 2, 3, 7, 40):
        marks: dict[tuple[int, ...], int] = {}
        for _ in range(60):
            key = rng.choice([rng.randrange(M), rng.randrange(2**40), M - rng.randrange(2**34)])
            for near in (key, key + 2**32, key - 2**32, key + rng.randrange(2**20) * 2**32):
                seen = tuple(near * t % M % 2**32 for t in range(most + 1))
                reduced = reduce_product(near, most)
                assert tuple(reduced * t % M % 2**32 for t in range(most + 1)) == seen
                assert reduce_product(reduced, most) == reduced
                assert marks.setdefault(seen, reduced) == reduced


def test_a_key_of_32_bits_is_changed() -> None:
    rng = Random(2)
    for _ in range(50):
        key = rng.randrange(2**32)
        assert reduce_product(key, 50_256) == key
        assert reduce_product(key + 2**32 * rng.randrange(2**14), 50_256) == key
        assert reduce_product(key - M, 50_256) == key


def test_equal_hashes_are_two_keys() -> None:
    rng = Random(3)
    for key in [
        0,
        1,
        -1,
        2**63 - 1,
        -(2**63),
        *(rng.randrange(-(2**62), 2**63) for _ in range(30)),
    ]:
        for most in (3, 50_256):
            reduced = reduce_hashed(key, most, 1_000_003)
            for t in [0, 1, 2, most, *(rng.randrange(most) for _ in range(30))]:
                assert wrap(reduced * t) % 1_000_003 == wrap(key * t) % 1_000_003
    assert reduce_hashed(15485863 + 1_000_003 * 7, 50_256, 1_000_003) == 15485863 % 1_000_003
    assert reduce_hashed(-5, 50_256, 1_000_003) == 999_998


def test_equal_chains_are_two_keys() -> None:
    rng = Random(4)
    numbers = [0, 1, 3, 35317, 2**31, 2**32, 2**32 + 1, M - 1, M, M + 5, -7, 3 * 5 * 17 * 2**9]
    numbers += [rng.randrange(M) for _ in range(12)]
    for length in (0, 1, 2, 4):
        texts = [[rng.randrange(50_257) for _ in range(length)] for _ in range(20)]
        texts += [[50_256] * length, [0] * length]
        for seed in numbers:
            for salt in numbers:
                seen = [chain_seed(text, seed, salt) for text in texts]
                reduced = reduce_chain(seed, salt, length, 50_257)
                assert [chain_seed(text, *reduced) for text in texts] == seen
                assert reduce_chain(*reduced, length, 50_257) == reduced
                if length:
                    assert reduce_chain(seed + M, salt - M, length, 50_257) == reduced
    assert reduce_chain(6, 35317, 1, 50_257) == reduce_chain(3, 70634, 1, 50_257)
    assert reduce_chain(3 + M // 3, 3 * 35317, 2, 50_257) == reduce_chain(3, 3 * 35317, 2, 50_257)
    assert reduce_chain(2**32 - 1, 9, 0, 50_257) == reduce_chain(-1, 35317, 0, 50_257)
    assert reduce_chain(3 + 2**32, 35317, 2, 50_257) == reduce_chain(3, 35317, 2, 50_257)


def test_residues_of_128_bits_are_wrong() -> None:
    rng = Random(5)
    edge = [0, 1, 2, 2**32 - 1, 2**32, 2**63, M - 1, M - 2**32]
    values = edge + [rng.randrange(M) for _ in range(200)]
    array = np.array(values, np.uint64)
    for factor in edge + [rng.randrange(M) for _ in range(40)]:
        assert times(factor, array).tolist() == [factor * value % M for value in values]
        other = np.full(len(values), factor, np.uint64)
        assert plus(array, other).tolist() == [(factor + value) % M for value in values]
    contexts = [np.array([5, 50_256], np.uint32), np.array([0, 2**32 - 1], np.uint32)]
    told = [((M - 2) * (M - 9) + a) * (M - 9) + b for a, b in ((5, 0), (50_256, 2**32 - 1))]
    assert chain(M - 2, M - 9, contexts, 2).tolist() == [value % M for value in told]


@pytest.mark.parametrize(
    "key", [15485863, 2**32 - 1, 2**40 + 3, 2**63 - 25, -982451653, 2**64 - 59]
)
def test_spellings_of_one_key_are_two_keys(key: int) -> None:
    for variant, given in (
        ("lefthash", {}),
        ("selfhash", {"context_width": 4}),
        ("extended", {"prf": "noncomm", "context_width": 2}),
    ):
        once = _key(variant, given, key)
        assert _key(variant, given, str(key)) == once == _key(variant, given, once["key"])
    assert _key("selfhash", {"context_width": 4}, key % 2**64) == _key(
        "selfhash", {"context_width": 4}, wrap(key)
    )
    alone = {"f_scheme": "time", "prefix_length": 2, "window_scheme": "self"}
    assert _key("markllm", alone, key % 2**32) == _key("markllm", alone, key)


def test_a_product_that_wraps_is_reduced_as_if_it_did_not() -> None:
    """MarkLLM multiplies key and f as a tensor does: past 2^63 / V another list is made."""
    for size in (307, 4_096, 50_257):
        both, rng = lcm(2**32, size), Random(size)
        edge = 2**63 // size
        keys = [0, 5, -5, size, both, -both, edge, edge + 1, -edge - 1, 2**63 - 1, -(2**63)]
        for key in [*keys, *(rng.randrange(-(2**63), 2**63) for _ in range(20))]:
            reduced = reduce_markllm(key, size)
            assert reduce_markllm(reduced, size) == reduced
            assert reduced % 2**32 == key % 2**32
            for f in [0, 1, 2, size - 1, *(rng.randrange(size) for _ in range(30))]:
                assert wrap(reduced * f) % size == wrap(key * f) % size
        if abs(-5 + both) * (size - 1) < 2**63:
            assert reduce_markllm(-5, size) == reduce_markllm(both - 5, size)


def test_functions_that_read_alike_are_two_marks() -> None:
    def told(prf: str, width: int, salted: bool = False) -> tuple[str, str, str]:
        given = {"gamma": 0.25, "prf": prf, "context_width": width, "self_salt": salted}
        found = FAMILY.parameters("extended", given, 307)
        return found["prf"], found["context_width"], found["self_salt"]

    assert told("multiplicative", 1) == told("minfunc", 1) == told("additive", 1)
    assert told("minhash", 1) == told("simple_skip", 1) == told("skipgram", 1)
    assert told("simple_skip", 2) == told("skipgram", 2) == told("skipgram", 3, salted=True)
    assert told("minskipgram", 2) == told("anchored_skipgram", 2)
    assert told("simple_skip", 3) == told("anchored_skipgram", 3)
    assert told("skipgram", 1, salted=True) != told("skipgram", 1)
    assert told("minhash", 2) != told("skipgram", 2)


def test_shares_that_make_one_list_are_two_marks() -> None:
    same = [{"gamma": 0.25}, {"gamma": 0.2500001}, {"gamma": "0.25"}, {"green_tokens": 12564}]
    found = [FAMILY.parameters("lefthash", given, 50_257) for given in same]
    assert all(each == found[0] for each in found)
    assert FAMILY.parameters("lefthash", found[0], 50_257) == found[0]
    assert FAMILY.parameters("lefthash", {"gamma": 0.2501}, 50_257) != found[0]
