"""Text that transformers' `generate()` marks on the spot is found by its key and by no other."""

from math import log
from random import Random
from typing import Any

import pytest

from ledger.watermarks.detector import detect
from ledger.watermarks.schemes import recognise
from ledger.watermarks.tokens import Tokens
from tests.watermarks.peers import INSTALLED, Greens, load, small_model

pytestmark = [
    pytest.mark.differential,
    pytest.mark.skipif(not INSTALLED, reason="extra [differential] is not installed"),
]

SIZE = 3_001
_PROMPT = 12


def _generate(marking: Any, texts: int, length: int, rng: Random) -> Tokens:
    """What a model of random weights emits after random prompts, the prompts left out."""
    torch = load("torch")
    model = small_model(SIZE, rng.getrandbits(31))
    prompts = torch.tensor([[rng.randrange(SIZE) for _ in range(_PROMPT)] for _ in range(texts)])
    with torch.no_grad():
        made = model.generate(
            prompts,
            attention_mask=torch.ones_like(prompts),
            watermarking_config=marking,
            do_sample=True,
            top_k=0,
            max_new_tokens=length,
            min_new_tokens=length,
        )
    return Tokens.of(made[:, _PROMPT:].tolist())


@pytest.mark.parametrize(
    ("scheme", "width", "bias", "texts"), [("lefthash", 1, 3.0, 4), ("selfhash", 4, 6.0, 1)]
)
def test_generated_green_text_goes_unseen(
    scheme: str, width: int, bias: float, texts: int, rng: Random
) -> None:
    given: dict[str, Any] = {
        "bias": bias,
        "context_width": width,
        "greenlist_ratio": 0.25,
        "hashing_key": rng.getrandbits(31) | 1,
        "seeding_scheme": scheme,
    }
    tokens = _generate(load("transformers").WatermarkingConfig(**given), texts, 130, rng)
    mark = recognise(f"kgw-{scheme}", given, SIZE)
    other = recognise(f"kgw-{scheme}", {**given, "hashing_key": given["hashing_key"] + 2}, SIZE)
    assert mark is not None and other is not None
    assert detect(tokens, mark).log_p.max() < log(1e-6)
    assert detect(tokens, other).log_p.min() > log(1e-5)
    peer = Greens(given, SIZE)
    peer.count(tokens, range(texts))
    scores = mark.score(tokens, mark.prepare(tokens))
    assert peer.compare(scores, tokens, counts=scheme == "lefthash") > 100 * texts
    assert min(peer.z.values()) > 4


@pytest.mark.parametrize("skip", [False, True])
def test_generated_synthid_text_goes_unseen(skip: bool, rng: Random) -> None:
    given: dict[str, Any] = {
        "context_history_size": 1024,
        "keys": [rng.getrandbits(31) for _ in range(rng.randint(8, 30))],
        "ngram_len": rng.randint(2, 6),
        "sampling_table_seed": rng.getrandbits(40),
        "sampling_table_size": rng.choice([2**16, 10_007, 2**17]),
        "skip_first_ngram_calls": skip,
    }
    tokens = _generate(load("transformers").SynthIDTextWatermarkingConfig(**given), 3, 130, rng)
    mark = recognise("synthid-transformers", given, SIZE)
    other = recognise("synthid-transformers", {**given, "keys": given["keys"][::-1]}, SIZE)
    assert mark is not None and other is not None
    assert detect(tokens, mark).log_p.max() < log(1e-6)
    wrong = {**given, "keys": [key + 1 for key in given["keys"]]}
    stranger = recognise("synthid-transformers", wrong, SIZE)
    assert stranger is not None
    assert detect(tokens, stranger).log_p.min() > log(1e-5)


def test_text_without_a_mark_has_one(rng: Random) -> None:
    given: dict[str, Any] = {
        "bias": 2.0,
        "context_width": 1,
        "greenlist_ratio": 0.25,
        "hashing_key": rng.getrandbits(31) | 1,
        "seeding_scheme": "lefthash",
    }
    tokens = _generate(None, 6, 100, rng)
    mark = recognise("kgw-lefthash", given, SIZE)
    assert mark is not None
    assert detect(tokens, mark).log_p.min() > log(1e-5)
