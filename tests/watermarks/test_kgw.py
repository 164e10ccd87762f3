"""KGW green lists against formulas written out one token at a time."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.watermarks.schemes import Mark, open_mark, recognise
from ledger.watermarks.schemes._kgw_mark import KgwMark, StagedMark
from ledger.watermarks.schemes._kgw_seeding import PRFS
from ledger.watermarks.schemes.kgw import FAMILY
from ledger.watermarks.statistics import Binomial, Hypergeometric
from ledger.watermarks.tokens import Scores, Tokens
from tests.watermarks import kgw_formulas
from tests.watermarks.kgw_formulas import Formula, chain_seed, markllm_seed, prf_seed

V = 307  # small: the formulas shuffle every list

KEYS = {
    "default": 15485863,
    "even": 2**31,
    "of 32 bits": 2**32 - 5,
    "of 63 bits": 2**63 - 25,
    "of 64 bits": 2**64 - 59,
    "negative": -982451653,
    "least": -(2**63),
}


def _text(seed: int, length: int = 60) -> list[int]:
    """Few words, some often, and some ids that no vocabulary of V has."""
    rng = Random(seed)
    ids = [int(V ** rng.random()) - 1 for _ in range(length)]
    ids[length // 2] = V
    return ids


def _score(mark: Mark, *documents: list[int]) -> Scores:
    tokens = Tokens.of(documents)
    return mark.score(tokens, mark.prepare(tokens))


def _units(scores: Scores, document: int = 0) -> list[tuple[int, int]]:
    units = slice(int(scores.offsets[document]), int(scores.offsets[document + 1]))
    return list(zip(scores.positions[units].tolist(), scores.values[units].tolist(), strict=True))


def _agree(mark: Mark, formula: Formula) -> None:
    texts = [_text(1), [], [5], _text(2), _text(2)]
    scores = _score(mark, *texts)
    for number, text in enumerate(texts):
        assert _units(scores, number) == formula.units(text), number
    assert scores.values.dtype == np.uint8


def _extended(prf: str, width: int, key: int, salted: bool = False, **more: Any) -> Mark:
    given = {"gamma": 0.25, "prf": prf, "context_width": width, "self_salt": salted, **more}
    return open_mark("kgw/extended@1", given, {"key": key}, V)


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("prf", PRFS)
def test_a_context_seeds_another_list(prf: str, name: str) -> None:
    key = KEYS[name]
    for width, salted in ((2, False), (3, True), (4, False)):
        formula = Formula(lambda w: prf_seed(prf, w, key), width, salted, V // 4, V)
        _agree(_extended(prf, width, key, salted), formula)


@pytest.mark.parametrize("prf", [prf for prf in PRFS if prf != "minskipgram"])
def test_a_window_of_one_token_seeds_another_list(prf: str) -> None:
    for salted in (False, True):
        formula = Formula(lambda w: prf_seed(prf, w, 32452843), 1, salted, V // 4, V)
        _agree(_extended(prf, 1, 32452843, salted), formula)


@pytest.mark.parametrize("name", KEYS)
def test_transformers_seeds_another_list(name: str) -> None:
    key = KEYS[name]
    left = open_mark("kgw/lefthash@1", {"gamma": 0.25, "context_width": 3}, {"key": key}, V)
    _agree(left, Formula(lambda w: prf_seed("additive", w, key), 1, False, V // 4, V))
    for width in (1, 4):
        given = {"gamma": 0.25, "context_width": width}
        mark = open_mark("kgw/selfhash@1", given, {"key": key}, V)
        told = Formula(lambda w: kgw_formulas.selfhash_seed(w, key), width, True, V // 4, V)
        _agree(mark, told)


@pytest.mark.parametrize("f_scheme", ["time", "additive", "skip", "min"])
def test_markllm_seeds_another_list(f_scheme: str) -> None:
    for key in KEYS.values():
        for width in (1, 3):
            given = {"gamma": 0.5, "f_scheme": f_scheme, "prefix_length": width}
            mark = open_mark("kgw/markllm@1", {**given, "window_scheme": "left"}, {"key": key}, V)
            seed = partial(markllm_seed, f_scheme, key=key, n=V)
            told = Formula(seed, width, False, V // 2, V)
            _agree(mark, told)


def test_markllm_with_the_candidate_seeds_another_list() -> None:
    key = 15485863
    given = {"gamma": 0.5, "f_scheme": "min", "prefix_length": 2, "window_scheme": "self"}
    prf = kgw_formulas.permutation(key, V)

    def seed(window: Any) -> int:
        return min(prf[x] for x in window[:-1]) * prf[window[-1]] % V

    mark = open_mark("kgw/markllm@1", given, {"key": key}, V)
    _agree(mark, Formula(seed, 3, True, V // 2, V))


@pytest.mark.parametrize("ngram", [0, 1, 2, 5])
def test_three_bricks_seeds_another_list(ngram: int) -> None:
    for seed, salt in ((0, 35317), (3, 35317), (2**64 - 3, 2**63 + 1), (7, 0), (-4, 2**32)):
        given = {"gamma": 0.25, "ngram": ngram, "payload": 300 + ngram}
        mark = open_mark("kgw/three-bricks@1", given, {"seed": seed, "salt_key": salt}, V)
        of = partial(chain_seed, seed=seed, salt=salt)
        told = Formula(of, ngram, False, V // 4, V, shift=300 + ngram)
        _agree(mark, told)


def test_the_last_tokens_are_taken_for_the_first() -> None:
    for prf in ("additive", "minhash"):
        seed = partial(prf_seed, prf, key=15485863)
        told = Formula(seed, 2, False, V // 4, V, last=True)
        _agree(_extended(prf, 2, 15485863, select_green=False), told)


def test_contexts_of_one_seed_are_counted_apart() -> None:
    """An even key makes one list of two contexts: their token is one unit."""
    mark = open_mark("kgw/lefthash@1", {"gamma": 0.25}, {"key": 2**31}, V)
    text = [2, 9, 4, 9, 6, 9]  # all contexts before 9 are even: one seed, 0
    assert [position for position, _ in _units(_score(mark, text))] == [1, 2, 4]
    _agree(mark, Formula(lambda w: prf_seed("additive", w, 2**31), 1, False, V // 4, V))


@pytest.mark.parametrize(
    ("variant", "given", "key"),
    [
        ("lefthash", {}, {"key": 0}),
        ("extended", {"prf": "minhash", "context_width": 3}, {"key": 1_000_003}),
        ("markllm", {"f_scheme": "min", "prefix_length": 2, "window_scheme": "left"}, {"key": V}),
        ("three-bricks", {"ngram": 0}, {"seed": 5, "salt_key": 35317}),
    ],
)
def test_one_list_for_every_context_is_tested_with_replacement(
    variant: str, given: dict[str, Any], key: dict[str, int]
) -> None:
    mark = open_mark(f"kgw/{variant}@1", {"gamma": 0.25, **given}, key, V)
    assert mark.null == Hypergeometric(V // 4, V)
    scores = _score(mark, list(range(V)) * 2)
    assert int(scores.values.sum()) in (V // 4 - 1, V // 4)  # the first tokens have no context


def test_colours_of_single_tokens_are_taken_for_one_list() -> None:
    """selfhash of width 1 colours each token by a list of its own: green ones are not V·gamma."""
    mark = open_mark("kgw/selfhash@1", {"gamma": 0.25, "context_width": 1}, {"key": 77}, V)
    assert mark.null == Binomial(V // 4, V)
    assert int(_score(mark, list(range(V)) * 2).counts[0]) == V


def test_a_stage_scores_other_units_or_colours() -> None:
    texts = [_text(seed, 400) for seed in range(4)]
    tokens = Tokens.of(texts)
    hot = np.array([3, 0, 1, V + 4, 2, 40], np.uint32)
    makers: list[Callable[[], Mark]] = [
        lambda: open_mark("kgw/lefthash@1", {"gamma": 0.25}, {"key": 15485863}, V),
        lambda: _extended("skipgram", 4, 99991, select_green=False),
        lambda: open_mark(
            "kgw/three-bricks@1",
            {"gamma": 0.5, "ngram": 1, "payload": 5},
            {"seed": 1, "salt_key": 35317},
            V,
        ),
    ]
    for make, back in zip(makers, (1, 4, 1), strict=True):
        mark = make()
        assert isinstance(mark, StagedMark)
        prepared = mark.prepare(tokens)
        full, part = mark.score(tokens, prepared), mark.stage(tokens, prepared, hot)
        for number, text in enumerate(texts):
            told = [(p, v) for p, v in _units(full, number) if text[p - back] in hot]
            assert _units(part, number) == told and told
        none = mark.stage(tokens, prepared, np.array([V + 1], np.uint32))
        assert none.counts.sum() <= 4 * V


def test_a_stage_counts_twice_or_depends_on_the_batch() -> None:
    """Where some contexts share a seed, all units are scored: also where this batch has none."""
    mark = open_mark("kgw/lefthash@1", {"gamma": 0.25}, {"key": 2**31}, V)
    assert isinstance(mark, StagedMark)
    for text, told in (([2, 9, 4, 9, 6, 9], [1, 2, 4]), ([2, 9, 8], [1, 2])):
        tokens = Tokens.of([text])
        part = mark.stage(tokens, mark.prepare(tokens), np.array([2, 4], np.uint32))
        assert [position for position, _ in _units(part)] == told


def test_marks_that_read_other_windows_share_their_preparation() -> None:
    left = open_mark("kgw/lefthash@1", {"gamma": 0.25}, {"key": 5}, V)
    skip = _extended("skipgram", 4, 5)
    hashed = _extended("minhash", 4, 5)
    salted = _extended("minhash", 4, 5, salted=True)
    assert len({left.shared, skip.shared, hashed.shared, salted.shared}) == 4
    other = open_mark("kgw/lefthash@1", {"gamma": 0.5}, {"key": 6}, V)
    assert other.shared == left.shared
    texts = [_text(1, 200), _text(2, 200)]
    tokens = Tokens.of(texts)
    alone, given = other.score(tokens, other.prepare(tokens)), left.prepare(tokens)
    assert _units(other.score(tokens, given), 1) == _units(alone, 1)


@pytest.mark.parametrize("rng", ["torch-cuda-philox", "cuda"])
def test_a_list_made_on_a_gpu_is_looked_for(rng: str) -> None:
    params = {"hashing_key": 5, "greenlist_ratio": 0.25}
    params |= {"device": "cuda:0"} if rng == "cuda" else {"rng": rng}
    with pytest.raises(InputError, match="torch-cuda-philox") as caught:
        recognise("kgw-lefthash", params, V)
    assert caught.value.hint and "launch geometry" in caught.value.hint


def test_a_name_of_lm_watermarking_means_another_function() -> None:
    named = {
        "lefthash": "ff-additive_prf-1-False-15485863",
        "simple_1": "ff-additive_prf-1-False",
        "selfhash": "ff-anchored_minhash_prf-4-True",
        "algorithm-3": "ff-anchored_minhash_prf-4-True-15485863",
        "minhash": "ff-minhash_prf-4-False-15485863",
        "skipgram": "ff-skipgram_prf-5-False-15485863",
    }
    for short, long in named.items():
        assert recognise("kgw-extended", {"seeding_scheme": short}, V) == recognise(
            "kgw-extended", {"seeding_scheme": long}, V
        )


@pytest.mark.parametrize(
    "params",
    [
        {"seeding_scheme": "ff-additive_prf-2-False-٣٣"},
        {"seeding_scheme": "ff-additive_prf-2-Maybe-123456789123"},
        {"seeding_scheme": "ff-unheard_prf-2-False-123456789123"},
        {"seeding_scheme": "ff-additive_prf-0-False-123456789123"},
        {"seeding_scheme": "ff-additive_prf-65-False-123456789123"},
        {"seeding_scheme": "ff-minskipgram_prf-1-False-123456789123"},
        {"seeding_scheme": 123456789123},
        {"seeding_scheme": "ff-minhash_prf-2-False-" + "123456789123" * 20},
        {"seeding_scheme": "minhash", "gamma": float("nan")},
        {"seeding_scheme": "minhash", "gamma": True},
        {"seeding_scheme": "minhash", "gamma": 1e-9},
        {"seeding_scheme": "minhash", "vocab_size": V + 1},
        {"seeding_scheme": "minhash", "device": 10**5000},
        {"seeding_scheme": "minhash", "rng": 10**5000},
        {"seeding_scheme": "minhash", "select_green_tokens": 1},
    ],
    ids=lambda params: "-".join(params),
)
def test_a_spelling_that_cannot_be_read_is_guessed(params: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        recognise("kgw-extended", params, V)
    assert "123456789123" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("key", [True, None, 1.5, "1.5", "٣", "", "-", 2**64, -(2**63) - 1, [5]])
def test_a_key_that_is_none_is_read(key: Any) -> None:
    for variant, given in (("lefthash", {}), ("selfhash", {"context_width": 2})):
        with pytest.raises(InputError, match="key: expected a whole number"):
            open_mark(f"kgw/{variant}@1", {"gamma": 0.25, **given}, {"key": key}, V)


def test_a_key_is_seen_where_a_mark_is_shown() -> None:
    key = 987654321987654321
    mark = open_mark("kgw/selfhash@1", {"gamma": 0.25, "context_width": 2}, {"key": key}, V)
    assert isinstance(mark, KgwMark)
    bricks = open_mark(
        "kgw/three-bricks@1", {"gamma": 0.25, "ngram": 4}, {"seed": key, "salt_key": key + 2}, V
    )
    for shown in (mark, bricks):
        assert "98765432198765432" not in f"{shown!r} {shown} {shown.shared}"


def test_a_default_key_attributes_a_text() -> None:
    def demo(variant: str, given: dict[str, Any], key: dict[str, int]) -> bool:
        parameters = FAMILY.parameters(variant, {"gamma": 0.25, **given}, 50_257)
        return FAMILY.demo_key(variant, parameters, FAMILY.key(variant, parameters, key, 50_257))

    markllm = {"f_scheme": "min", "prefix_length": 2, "window_scheme": "left"}
    for variant, given in (
        ("lefthash", {}),
        ("selfhash", {"context_width": 4}),
        ("extended", {"prf": "minhash", "context_width": 4}),
        ("extended", {"prf": "anchored_minhash", "context_width": 4, "self_salt": True}),
        ("markllm", markllm),
    ):
        assert demo(variant, given, {"key": 15485863})
        assert not demo(variant, given, {"key": 15485867})
    for ngram in (0, 1, 2, 4):
        assert demo("three-bricks", {"ngram": ngram}, {"seed": 0, "salt_key": 35317})
        assert not demo("three-bricks", {"ngram": ngram}, {"seed": 5, "salt_key": 35317})
