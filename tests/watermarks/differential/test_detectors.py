"""Our decisions beside those of transformers' own detector, on fresh keys and texts."""

from random import Random

import numpy as np
import pytest

from ledger.watermarks.schemes import recognise
from ledger.watermarks.tokens import Tokens
from tests.watermarks.peers import INSTALLED, Greens

pytestmark = [
    pytest.mark.differential,
    pytest.mark.skipif(not INSTALLED, reason="extra [differential] is not installed"),
]

KEYS = {
    "small": lambda rng: rng.randrange(1, 2**20),
    "of 31 bits": lambda rng: rng.getrandbits(31) | 1 << 30,
    "of 47 bits": lambda rng: rng.getrandbits(47) | 1 << 46,
    "of 63 bits": lambda rng: rng.getrandbits(63) | 1 << 62,
    "negative": lambda rng: -rng.getrandbits(40) - 1,
    "even": lambda rng: rng.getrandbits(20) << 24 | 1 << 23,
}


def _texts(rng: Random, vocab_size: int, lengths: tuple[int, ...]) -> Tokens:
    """Words as frequent as words are, and phrases that come again."""
    documents = []
    for length in lengths:
        text: list[int] = []
        while len(text) < length:
            if len(text) > 30 and rng.random() < 0.05:
                start = rng.randrange(len(text) - 10)
                text += text[start : start + 10]
            text.append(int(vocab_size ** rng.random()) - 1)
        documents.append(text[:length])
    return Tokens.of(documents)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize(("scheme", "width"), [("lefthash", 1), ("selfhash", 4), ("selfhash", 2)])
def test_a_token_is_green_for_one_of_us(scheme: str, width: int, kind: str, rng: Random) -> None:
    vocab_size = rng.choice([50_257, 32_000, 1_009])
    given = {
        "bias": 2.0,
        "context_width": width,
        "greenlist_ratio": rng.choice([0.1, 0.25, 0.5, rng.uniform(0.05, 0.9)]),
        "hashing_key": KEYS[kind](rng),
        "seeding_scheme": scheme,
    }
    tokens = _texts(rng, vocab_size, (90, 60, 40))
    mark = recognise(f"kgw-{scheme}", given, vocab_size)
    assert mark is not None
    scores = mark.score(tokens, mark.prepare(tokens))
    peer = Greens(given, vocab_size)
    peer.count(tokens, range(3))
    # Two contexts of an even key may seed one list, and self-seeded n-grams do: one unit to us.
    same = peer.compare(scores, tokens, counts=scheme == "lefthash" and kind != "even")
    assert same > 60


def test_a_static_list_is_another_one(rng: Random) -> None:
    """selfhash of width 1 seeds by the candidate alone: one green list for the whole text."""
    given = {
        "bias": 2.0,
        "context_width": 1,
        "greenlist_ratio": 0.25,
        "hashing_key": rng.getrandbits(31) | 1,
        "seeding_scheme": "selfhash",
    }
    tokens = _texts(rng, 50_257, (300,))
    mark = recognise("kgw-selfhash", given, 50_257)
    assert mark is not None
    scores = mark.score(tokens, mark.prepare(tokens))
    peer = Greens(given, 50_257)
    peer.count(tokens, [0])
    # Self-seeded lists of one token are alike only where two tokens hash alike.
    assert peer.compare(scores, tokens, counts=False) == len(scores.values)
    assert abs(peer.counts[0][0] - len(scores.values)) <= 2
    assert len(scores.values) <= len(np.unique(tokens.ids))
