"""three_bricks, MarkLLM and TextSeal: their formulas said again in torch, fresh keys and texts."""

from random import Random
from typing import Any

import numpy as np
import pytest

from ledger.watermarks.schemes import recognise
from ledger.watermarks.tokens import Scores, Tokens
from tests.watermarks.peers import INSTALLED, load

pytestmark = [
    pytest.mark.differential,
    pytest.mark.skipif(not INSTALLED, reason="extra [differential] is not installed"),
]

V = 50_257
PRIMES = [10_000_019, 10_000_247, 10_000_439]
REFUSED = 2**64  # torch takes no seed from here on


def _score(scheme: str, params: dict[str, Any], text: list[int]) -> Scores:
    mark = recognise(scheme, params, V)
    assert mark is not None
    tokens = Tokens.of([text])
    return mark.score(tokens, mark.prepare(tokens))


def _text(rng: Random, length: int) -> list[int]:
    return [rng.randrange(1, V) for _ in range(length)]


def test_a_three_bricks_number_is_another_one(rng: Random) -> None:
    torch = load("torch")
    for _ in range(6):
        text, ngram, payload = _text(rng, 60), rng.randrange(1, 5), rng.randrange(V)
        key = {"seed": rng.getrandbits(64), "salt_key": rng.getrandbits(64)}
        params = {"method": "openai", "ngram": ngram, "payload": payload, **key}
        scores = _score("gumbel-torchrand / greenlist-hash", params, text)
        told = []
        for place in scores.positions.tolist():
            seed = key["seed"]
            for token in text[place - ngram : place]:
                seed = (seed * key["salt_key"] + token) % (2**64 - 1)
            drawn = torch.rand(V, generator=torch.Generator().manual_seed(seed)).roll(-payload)
            told.append(float(drawn[text[place]]))
        assert len(told) == len(text) - ngram
        assert np.allclose(scores.values, -np.log1p(-np.array(told)), rtol=1e-14, atol=0)


def test_a_markllm_number_is_another_one(rng: Random) -> None:
    torch = load("torch")
    for _ in range(6):
        text, prefix = _text(rng, 60), rng.randrange(1, 7)
        key = rng.getrandbits(40)
        params = {"prefix_length": prefix, "hash_key": key}
        scores = _score("markllm-exp", params, text)
        told = []
        for place in scores.positions.tolist():
            product = 1
            for token in text[place - prefix : place]:
                product *= token
            seed = key * (product % V)
            assert seed < REFUSED
            drawn = torch.rand(V, generator=torch.Generator().manual_seed(seed))
            told.append(float(drawn[text[place]]))
        assert len(told) > 20
        assert np.allclose(scores.values, -np.log1p(-np.array(told)), rtol=1e-14, atol=0)


def test_a_textseal_colour_is_another_one(rng: Random) -> None:
    torch = load("torch")
    for _ in range(6):
        text, ngram, gamma = _text(rng, 300), rng.randrange(1, 4), rng.uniform(0.05, 0.95)
        secret = rng.getrandbits(32)
        params = {"watermark_type": "greenlist", "ngram": ngram, "gamma": gamma}
        scores = _score("textseal", params | {"secret_key": secret}, text)
        ids = torch.tensor(text, dtype=torch.long)
        windows = ids.unfold(0, ngram + 1, 1)
        mixed = (windows[:, :-1] * torch.tensor(PRIMES[:ngram])).sum(-1)
        mixed = (mixed + 100_000_007 * windows[:, -1] + 500_001_713 * secret) * 15_485_863
        mixed = mixed * 40_499
        states = (mixed ^ (mixed >> 13)) % 8191
        green = (states.float() / 8191 < gamma).numpy()
        assert scores.values.tolist() == green[scores.positions - ngram].astype(int).tolist()
        seen = states.numpy()[scores.positions - ngram]
        assert sorted(seen) == sorted(set(states.tolist()))
