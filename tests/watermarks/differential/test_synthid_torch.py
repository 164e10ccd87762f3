"""SynthID's bits and its rule of repeated contexts, beside transformers' own, on fresh keys."""

from random import Random
from typing import Any

import numpy as np
import pytest

from ledger.watermarks.schemes import recognise
from ledger.watermarks.schemes._synthid import weights
from ledger.watermarks.schemes.synthid_table import SynthIDTable
from ledger.watermarks.tokens import Tokens
from tests.watermarks.peers import INSTALLED, load, processor

pytestmark = [
    pytest.mark.differential,
    pytest.mark.skipif(not INSTALLED, reason="extra [differential] is not installed"),
]

SIZES = (2**16, 2**16, 2**8, 2**20, 1_000, 65_537)


def _draw(
    rng: Random, size: int, vocab_size: int, **given: Any
) -> tuple[dict[str, Any], SynthIDTable]:
    params = {
        "ngram_len": rng.randint(2, 6),
        "keys": [rng.randrange(-(2**63), 2**63) for _ in range(rng.randint(1, 40))],
        "sampling_table_size": size,
        "sampling_table_seed": rng.getrandbits(48),
        "context_history_size": rng.choice([0, 1, 7, 50, 1024]),
        "skip_first_ngram_calls": True,
        **given,
    }
    mark = recognise("synthid-transformers", params, vocab_size)
    assert isinstance(mark, SynthIDTable)
    return params, mark


def _text(rng: Random, length: int, vocab_size: int) -> list[int]:
    text: list[int] = []
    while len(text) < length:
        if len(text) > 20 and rng.random() < 0.15:
            start = rng.randrange(len(text) - 12)
            text += text[start : start + 12]
        text.append(rng.randrange(vocab_size))
    return text[:length]


@pytest.mark.parametrize("size", SIZES)
def test_a_bit_or_a_mask_is_another(size: int, rng: Random) -> None:
    """Positions with a whole n-gram: what transformers' detector looks at."""
    params, mark = _draw(rng, size, 50_257)
    peer, torch = processor(params), load("torch")
    texts = [_text(rng, 400, 50_257) for _ in range(4)]
    ids = torch.tensor(texts)
    bits = peer.compute_g_values(ids).numpy()
    mask = peer.compute_context_repetition_mask(ids).numpy().astype(np.bool_)
    tokens = Tokens.of(texts)
    (run,) = mark.layout.runs(tokens)
    ours = mark.layout.marked(run).reshape(mask.shape[0], -1)
    assert (ours[:, params["ngram_len"] - 1 :] == mask).all()
    prepared = mark.prepare(tokens)
    scores, layers = mark.score(tokens, prepared), mark.layers(prepared.states)
    assert len(layers) > 200 or size < 2**16
    for number in range(4):
        part = slice(scores.offsets[number], scores.offsets[number + 1])
        places = scores.positions[part] - (params["ngram_len"] - 1)
        assert mask[number][places].all()
        assert (layers[part] == bits[number][places]).all()
        sums = bits[number][places] @ weights(len(params["keys"]))
        assert (scores.values[part] == sums).all()
        left = np.setdiff1d(np.flatnonzero(mask[number]), places)
        counted = {row.tobytes() for row in bits[number][places]}
        if size & (size - 1) == 0:  # what is left out was seen: its bits tell nothing new
            assert {row.tobytes() for row in bits[number][left]} <= counted


@pytest.mark.parametrize("skip", [False, True])
def test_another_token_was_marked(skip: bool, rng: Random) -> None:
    """Which tokens transformers really marks, from its first call on: one layer, flat scores."""
    vocab_size = 40
    params, mark = _draw(
        rng, 2**16, vocab_size, keys=[rng.getrandbits(40)], ngram_len=rng.randint(2, 3),
        context_history_size=rng.choice([1, 5, 1024]), skip_first_ngram_calls=skip,
    )  # fmt: skip
    peer, torch = processor(params), load("torch")
    text = [0, 0, 0, *_text(rng, 150, 6), *_text(rng, 150, vocab_size)]
    flat, marked, bit = torch.zeros((1, vocab_size)), [], []
    for position, token in enumerate(text):
        ids = torch.tensor([[1, 2, 3, *text[:position]]])  # the prompt is no context
        scores = peer(ids, flat)
        marked.append(not torch.equal(scores, flat))
        bit.append(bool(scores[0, token] > scores.mean()))
    tokens = Tokens.of([text])
    (run,) = mark.layout.runs(tokens)
    ours = mark.layout.marked(run)
    assert ours.tolist() == marked
    assert 20 < sum(marked) < len(text)
    prepared = mark.prepare(tokens)
    values = mark.score(tokens, prepared).values
    assert values.tolist() == [bit[position] for position in prepared.positions.tolist()]
