"""TextSeal: 8,191 states, each counted once, and what is left of them."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.watermarks.detector import detect
from ledger.watermarks.schemes import open_mark, recognise
from ledger.watermarks.schemes._ranks import rank_unseen
from ledger.watermarks.schemes.textseal import FAMILY, STATES, TextSealMark
from ledger.watermarks.statistics import Hypergeometric
from ledger.watermarks.tokens import Scores, Tokens

V = 50_257
PRIMES = [10_000_019, 10_000_247, 10_000_439, 10_000_643, 10_000_747]


def _gumbel(secret: int, ngram: int = 2) -> TextSealMark:
    mark = open_mark("textseal/gumbel@1", {"ngram": ngram}, {"secret_key": secret}, V)
    assert isinstance(mark, TextSealMark)
    return mark


def _greenlist(secret: int, gamma: float, ngram: int = 2) -> TextSealMark:
    parameters = {"ngram": ngram, "gamma": gamma}
    mark = open_mark("textseal/greenlist@1", parameters, {"secret_key": secret}, V)
    assert isinstance(mark, TextSealMark)
    return mark


def _score(mark: TextSealMark, *texts: list[int]) -> Scores:
    tokens = Tokens.of(texts)
    return mark.score(tokens, mark.prepare(tokens))


def _state(context: list[int], token: int, secret: int) -> int:
    """The hash in whole numbers, wrapped to 64 bits by hand."""
    total = sum(prime * old for prime, old in zip(PRIMES, context, strict=False))
    total = (total + 100_000_007 * token + 500_001_713 * secret) * 15_485_863 * 40_499
    wrapped = (total + 2**63) % 2**64 - 2**63
    return (wrapped ^ (wrapped >> 13)) % 8191


def _text(seed: int, length: int) -> list[int]:
    rng = Random(seed)
    return [rng.randrange(V) for _ in range(length)]


@pytest.mark.parametrize("ngram", [0, 1, 2, 5])
@pytest.mark.parametrize("secret", [0, 42, 2**63 + 12345, -7])
def test_a_state_is_not_that_of_its_authors_hash(ngram: int, secret: int) -> None:
    text = _text(1, 300)
    mark = _greenlist(secret, 0.25, ngram)
    seen: dict[int, int] = {}
    for place in range(ngram, len(text)):
        seen.setdefault(_state(text[place - ngram : place], text[place], secret), place)
    scores = _score(mark, text)
    assert len(seen) < len(text) - ngram  # at least two n-grams of one state
    assert scores.positions.tolist() == sorted(seen.values())
    by_place = {place: state for state, place in seen.items()}
    told = [int(by_place[place] / 8191 < 0.25) for place in scores.positions.tolist()]
    assert scores.values.tolist() == told


def test_a_gumbel_score_is_not_that_of_the_states_left() -> None:
    text, mark = _text(2, 400), _gumbel(77)
    left, told, places = list(range(STATES)), [], []
    for place in range(2, len(text)):
        state = _state(text[place - 2 : place], text[place], 77)
        if state in left:
            told.append(-np.log1p(-left.index(state) / len(left)))
            places.append(place)
            left.remove(state)
    scores = _score(mark, text)
    assert scores.positions.tolist() == places
    assert np.allclose(scores.values, told, rtol=1e-12, atol=0)
    first = _state(text[:2], text[2], 77)
    assert scores.values[0] == -np.log1p(-first / STATES)  # nothing was seen before it


def test_ranks_count_what_a_neighbour_drew() -> None:
    rng = np.random.default_rng(3)
    drawn = [rng.permutation(64)[:length] for length in (0, 1, 64, 20, 0, 33)]
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in drawn])]).astype(np.int64)
    told = [
        int(state - np.sum(part[:number] < state))
        for part in drawn
        for number, state in enumerate(part)
    ]
    flat = np.concatenate(drawn).astype(np.int64)
    assert rank_unseen(flat, offsets, 6).tolist() == told


def test_a_text_through_all_states_is_evidence() -> None:
    """With replacement its sum would be a constant, whatever the key; here order decides."""
    rng, texts = np.random.default_rng(4), 60
    states = np.concatenate([rng.permutation(STATES) for _ in range(texts)])
    ranks = rank_unseen(states, np.arange(texts + 1) * STATES, 13).reshape(texts, STATES)
    sums = -np.log1p(-ranks / (STATES - np.arange(STATES))).sum(axis=1)
    p = np.exp(_gumbel(1).null.log_sf(sums, np.full(texts, STATES)))
    assert np.mean(p < 0.1) < 0.2 and 0.2 < np.mean(p < 0.5) < 0.7


def test_a_unit_is_likelier_to_reach_a_score_than_its_null_says() -> None:
    """P(-ln(1 - r/L) >= v) for a uniform rank r below L is at most e^-v."""
    for left in (1, 2, 7, 100, STATES):
        scores = -np.log1p(-np.arange(left) / left)
        for v in np.concatenate([np.linspace(0, 10, 301), scores[::97]]):
            assert np.mean(scores >= v) <= np.exp(-v) * (1 + 1e-12)
    assert _gumbel(1).null.minimum(np.log(1e-9)) == 3  # no unit is worth more than ln 8191


@pytest.mark.parametrize("count", [1, 1000, 2047, 4095, 4097, 8190])
def test_gamma_is_compared_in_double_precision(count: int) -> None:
    for gamma in (count / 8191, np.nextafter(count / 8191, 0), np.nextafter(count / 8191, 1)):
        wide = np.float32(gamma)
        told = sum(np.float32(h) / np.float32(8191) < wide for h in range(8191))
        assert _greenlist(1, float(gamma)).green == told


def test_equal_lists_look_like_two_marks() -> None:
    one, other = ({"ngram": 2, "gamma": gamma} for gamma in (0.5, 0.50003))
    canonical = FAMILY.parameters("greenlist", one, V)
    assert canonical == FAMILY.parameters("greenlist", other, V)
    assert canonical == {"green_states": "4096", "ngram": "2"}
    assert _greenlist(1, 0.5).null == Hypergeometric(4096, 8191)
    with pytest.raises(InputError, match="gamma"):
        FAMILY.parameters("greenlist", {"ngram": 2, "gamma": 0.5, "green_states": 9}, V)


def test_keys_that_wrap_to_one_are_two() -> None:
    for secret in (-1, 2**64 - 1, 2**65 - 1):
        assert FAMILY.key("gumbel", {}, {"secret_key": secret}, V) == {"secret_key": f"{2**64 - 1}"}


def test_a_context_longer_than_the_hash_has_primes_is_hashed() -> None:
    assert _gumbel(1, 10).ngram == 10
    with pytest.raises(InputError, match="ngram"):
        _gumbel(1, 11)


def test_another_method_of_the_project_is_read_as_one_of_ours() -> None:
    params = {"ngram": 2, "secret_key": 42, "watermark_type": "dipmark"}
    with pytest.raises(InputError, match="watermark_type"):
        recognise("textseal", params, V)
    mark = recognise("textseal", params | {"watermark_type": "gumbelmax"}, V)
    assert mark == _gumbel(42)
    assert FAMILY.demo_key("gumbel", {}, {"secret_key": "42"})
    assert not FAMILY.demo_key("gumbel", {}, {"secret_key": "43"})


def test_unmarked_text_is_found_more_often_than_its_p_says() -> None:
    text = [token for token in _text(5, 60) for _ in range(2)] + _text(5, 60)  # n-grams recur
    tokens = Tokens.of([text])
    for mark in (_gumbel(0), _greenlist(0, 0.5)):
        prepared = mark.prepare(tokens)
        marks = [replace(mark, secret=key) for key in range(1_000, 1_400)]
        p = np.exp([detect(tokens, one, prepared, parts=False).log_p[0] for one in marks])
        assert np.mean(p <= 0.1) < 0.1 + 3 * 0.015 and np.mean(p <= 0.01) < 0.01 + 3 * 0.005
        assert p.min() > 1e-5
