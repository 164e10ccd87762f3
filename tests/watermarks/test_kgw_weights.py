"""What a text repeats, under KGW: how often, what that weighs, and what it does to p."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from ledger.errors import InputError
from ledger.watermarks import kernels
from ledger.watermarks.detector import detect, judge
from ledger.watermarks.schemes import Mark, open_mark
from ledger.watermarks.schemes._kgw_mark import StagedMark
from ledger.watermarks.statistics import (
    LEAST,
    WEIGHTS,
    Binomial,
    Hypergeometric,
    log_sf_weighted,
    weigh,
)
from ledger.watermarks.tokens import Scores, Tokens

V = 307


def _left(key: int = 15485863) -> Mark:
    return open_mark("kgw/lefthash@1", {"gamma": 0.25}, {"key": key}, V)


def _extended(prf: str, width: int, key: int = 32452843) -> Mark:
    given = {"gamma": 0.25, "prf": prf, "context_width": width}
    return open_mark("kgw/extended@1", given, {"key": key}, V)


def _texts() -> list[list[int]]:
    rng = np.random.default_rng(4)
    words: list[list[int]] = rng.geometric(0.05, (3, 200)).clip(max=V - 1).tolist()
    return [words[0], [], [9], words[1] + words[1][:80], [7] * 400, list(range(90)), words[2]]


def _score(mark: Mark, *documents: list[int]) -> Scores:
    tokens = Tokens.of(documents)
    return mark.score(tokens, mark.prepare(tokens))


def test_a_code_is_counted_in_another_document_or_not_at_all() -> None:
    rng = np.random.default_rng(8)
    offsets = np.concatenate([[0, 0], np.sort(rng.integers(0, 4_000, 30)), [4_000, 5_000, 5_000]])
    codes = np.concatenate([rng.integers(0, 40, 4_000), np.full(1_000, 3)]).astype(np.uint64)
    found = kernels.times_in_document(codes, offsets.astype(np.int64))
    for low, high in pairwise(offsets.tolist()):
        told = Counter(codes[low:high].tolist())
        seen = [(int(codes[place]), int(found[place])) for place in range(low, high)]
        assert {code: times for code, times in seen if times} == {
            code: min(times, 255) for code, times in told.items()
        }
        assert [code for code, times in seen if times] == list(told)


def test_a_unit_weighs_otherwise_than_it_occurs() -> None:
    texts = _texts()
    scores = _score(_left(), *texts)
    assert scores.weights is not None and len(scores.weights) == len(scores.values)
    for number, text in enumerate(texts):
        times = list(Counter(pairwise(text)).values())
        units = slice(int(scores.offsets[number]), int(scores.offsets[number + 1]))
        told = weigh(np.minimum(np.array(times, np.int64), 255).astype(np.uint8))
        assert scores.weights[units].tolist() == told.tolist()


def test_contexts_of_one_seed_are_counted_apart() -> None:
    """minhash of two: the seed is one token's; with key 2^31 all even contexts share lefthash's."""
    text = _texts()[3]
    mark = _extended("minhash", 2)
    rows = np.array(text, np.uint32)
    seeds = mark.seeding.seeds([rows[:-2], rows[1:-1]])  # type: ignore[attr-defined]
    told = Counter(zip(seeds.tolist(), text[2:], strict=True))
    found = _score(mark, text).weights
    assert (
        found is not None
        and found.tolist() == weigh(np.array(list(told.values()), np.uint8)).tolist()
    )
    even = _score(_left(2**31), [2, 9, 4, 9, 6, 9, 8, 9]).weights
    assert even is not None and even[0] == weigh(np.array([4], np.uint8))[0]


def test_a_stage_weighs_its_units_otherwise() -> None:
    mark, tokens = _left(), Tokens.of(_texts())
    assert isinstance(mark, StagedMark)
    prepared, hot = mark.prepare(tokens), np.arange(1, 30, dtype=np.uint32)
    full, part = mark.score(tokens, prepared), mark.stage(tokens, prepared, hot)
    assert full.weights is not None and part.weights is not None
    before = tokens.ids[tokens.offsets[np.repeat(np.arange(7), full.counts)] + full.positions - 1]
    assert part.weights.tolist() == full.weights[np.isin(before, hot)].tolist()


def test_one_seed_for_all_has_weights() -> None:
    given = {"green_tokens": 80, "ngram": 0, "seeding": "hash"}
    mark = open_mark("kgw/three-bricks@1", given, {"seed": 3, "salt_key": 35317}, V)
    assert isinstance(mark.null, Hypergeometric)
    assert _score(mark, *_texts()).weights is None


def test_p_is_not_that_of_the_weighted_sum() -> None:
    mark, texts = _left(), _texts()
    scores = _score(mark, *texts)
    assert scores.weights is not None and isinstance(mark.null, Binomial)
    found = judge(scores, mark, parts=False)
    units, green = (np.zeros((len(texts), len(WEIGHTS)), np.int64) for _ in range(2))
    owner = np.repeat(np.arange(len(texts)), scores.counts)
    np.add.at(units, (owner, scores.weights - LEAST), 1)
    np.add.at(green, (owner, scores.weights - LEAST), scores.values)
    plain = mark.null.log_sf(found.statistic, found.counted)
    uneven = (units[:, 1:] > 0).any(axis=1)
    assert uneven.sum() == 4
    assert found.log_p[~uneven].tolist() == plain[~uneven].tolist()
    told = log_sf_weighted(mark.null, green, units)
    assert found.log_p[uneven].tolist() == told[uneven].tolist()
    assert found.statistic.tolist() == green.sum(axis=1).tolist()


def test_a_text_s_p_depends_on_its_neighbours() -> None:
    texts = _texts()
    together = detect(Tokens.of(texts), _left()).log_p
    assert together.tolist() == [detect(Tokens.of([text]), _left()).log_p[0] for text in texts]


@pytest.mark.parametrize("copies", [2, 3, 30])
def test_a_copied_text_is_more_evidence(copies: int) -> None:
    """Each pair occurs as often as every other, so they all weigh the same again."""
    rng, compared = np.random.default_rng(copies), 0
    for key in range(1, 40):
        once = list(dict.fromkeys(rng.integers(0, V, 60).tolist()))
        one, many = (once * times + once[:1] for times in (1, copies))
        first, second = detect(Tokens.of([one, many]), _left(key), parts=False).log_p.tolist()
        if second < np.log(2 / 3):  # and no bound
            compared += first < -1
            assert second == pytest.approx(first, abs=1e-9)
        assert second >= first - 1e-9
    assert compared


def test_unmarked_text_that_repeats_itself_is_found_too_often() -> None:
    """Over keys, each text: half of it a phrase that comes again and again."""
    rng = np.random.default_rng(12)
    texts = []
    for _ in range(60):
        phrase = rng.integers(0, V, rng.integers(2, 12)).tolist()
        others = rng.integers(0, V, 80).tolist()
        texts.append([token for other in others for token in (*phrase[: other % 12], other)])
    tokens = Tokens.of(texts)
    keys = range(101, 301)
    p = np.exp([detect(tokens, _left(key), parts=False).log_p for key in keys])
    for level in (0.1, 1e-2, 1e-3):
        shares = np.mean(p <= level, axis=1)
        deviation = max(float(shares.std()), np.sqrt(level / 60)) / np.sqrt(len(keys))
        assert shares.mean() <= level + 4 * deviation, level
    assert np.mean(p <= 0.1) > 0.03  # or the test says nothing


def test_weights_of_what_is_no_coin_are_taken() -> None:
    mark = open_mark("unigram/shuffle@1", {"fraction": 0.25}, {"watermark_key": 7}, V)
    values = np.array([1, 0, 1], np.uint8)
    scores = Scores(np.array([0, 3]), np.arange(3), values, 1, np.full(3, LEAST, np.uint8))
    with pytest.raises(InputError, match="coins"):
        judge(scores, mark)
