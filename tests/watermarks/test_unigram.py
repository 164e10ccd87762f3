"""Unigram: the mask of a key, which numpy's shuffle made, and the tokens it is asked about."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.watermarks.schemes import open_mark, recognise
from ledger.watermarks.schemes._shuffle import shuffle_mask
from ledger.watermarks.schemes.unigram import FAMILY, UnigramMark
from ledger.watermarks.statistics import Hypergeometric
from ledger.watermarks.tokens import Tokens

V = 50_257

# SHA-256 of the masks that numpy 2.4.6's own Generator.shuffle made, when this was written.
MASKS = {
    (0, 0.5, V): "69a96467062f749e56a2a1f7b38899225bb149b381f800aedff540f6fa29236f",
    (1234567, 0.25, V): "e64af012b733873b35f16783a5053c22a5e4420d0cc6fb301afeb633bae34cc6",
    (15485863, 0.5, 32_000): "d04d57b77625c28df6758a099dfcab0e0b4231a47b5c126553f86ba2d33fb704",
    (-1, 0.5, 300): "923924c892b5e11472c73640f3ec485946aa1eb476c8c4c84f093216a7fa7585",
}


def _open(key: int, fraction: float, size: int = V) -> UnigramMark:
    mark = open_mark("unigram/shuffle@1", {"fraction": fraction}, {"watermark_key": key}, size)
    assert isinstance(mark, UnigramMark)
    return mark


@pytest.mark.parametrize("case", MASKS, ids=str)
def test_a_mask_moves_with_a_package_version(case: tuple[int, float, int]) -> None:
    assert _open(*case).mask_digest == MASKS[case]


def test_the_replayed_shuffle_is_not_the_one_that_marked_the_texts() -> None:
    """Should a later numpy shuffle otherwise, marks made with it are another variant."""
    sizes = [2, 3, 4, 5, 31, 32, 33, 63, 64, 65, 1_000, 16_383, 16_384, 16_385, V, 128_256]
    for seed, size in enumerate(sizes * 3):
        marked = size * (1 + seed % 3) // 4
        told = np.arange(size) < marked
        np.random.default_rng(seed * 90_000_001).shuffle(told)
        assert np.array_equal(shuffle_mask(seed * 90_000_001, marked, size), told), (seed, size)


def test_a_seed_is_hashed_otherwise_than_its_authors_hash_it() -> None:
    for key in (0, 1, -1, 2**63 - 1, -(2**63)):
        told = int.from_bytes(sha256(np.int64(key)).digest()[:4], "little")
        assert FAMILY.key("shuffle", {}, {"watermark_key": key}, V) == {"seed": str(told)}


def test_a_fraction_is_rounded() -> None:
    assert FAMILY.parameters("shuffle", {"fraction": 0.29}, 100) == {"green_tokens": "28"}
    assert FAMILY.parameters("shuffle", {"fraction": 0.25}, V) == {"green_tokens": "12564"}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "fraction"),
        ({"fraction": 1.0}, "fraction"),
        ({"fraction": 1e-9}, "fraction"),
        ({"green_tokens": 0}, "green_tokens"),
        ({"green_tokens": 25_000, "fraction": 0.5}, "fraction"),
    ],
    ids=str,
)
def test_a_list_of_no_or_all_tokens_is_a_mark(given: Mapping[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word):
        FAMILY.parameters("shuffle", given, V)


def test_a_mask_of_gigabytes_is_made() -> None:
    with pytest.raises(InputError, match="vocab_size"):
        _open(1, 0.5, 2**31 - 1)


def test_a_seed_that_contradicts_its_key_opens_a_mark() -> None:
    seed = FAMILY.key("shuffle", {}, {"watermark_key": 7}, V)["seed"]
    both = {"watermark_key": 7, "seed": seed}
    assert FAMILY.key("shuffle", {}, both, V) == {"seed": seed}
    with pytest.raises(InputError, match="seed"):
        FAMILY.key("shuffle", {}, {"watermark_key": 7, "seed": int(seed) ^ 1}, V)


def test_a_token_is_left_out_or_asked_twice() -> None:
    mark = _open(99, 0.5, 64)
    text = [5, 9, 5, 63, 64, 9, 0, 2**32 - 1]
    tokens = Tokens.of([text, [], [9]])
    scores = mark.score(tokens, mark.prepare(tokens))
    assert scores.positions.tolist() == [0, 1, 3, 6, 0]
    assert scores.offsets.tolist() == [0, 4, 4, 5]
    assert scores.values.tolist() == mark.mask[[5, 9, 63, 0, 9]].astype(int).tolist()
    assert mark.null == Hypergeometric(32, 64)


def test_a_default_key_attributes_a_text() -> None:
    for key, known in ((0, True), (15485863, True), (1, False), (42, False)):
        seen = FAMILY.key("shuffle", {}, {"watermark_key": key}, V)
        assert FAMILY.demo_key("shuffle", {}, seen) is known


def test_marklm_spells_the_same_mark_otherwise() -> None:
    theirs = recognise("markllm-unigram", {"gamma": 0.5, "hash_key": 15485863, "delta": 2.0}, V)
    assert theirs == _open(15485863, 0.5)
    assert recognise("unigram-of-another-kind", {}, V) is None
