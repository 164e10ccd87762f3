"""Gumbel marks: vLLM's Philox beside its formula in plain torch, and what a further key costs.

The engine needs a GPU, so the peer is our transcription of its published formula, on the CPU and
named as such (tests/watermarks/vllm_torch.py). Repeated contexts it finds by a dictionary, as the
engine's detector does.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from ledger.watermarks.schemes import Mark, recognise
from ledger.watermarks.tokens import Scores, Tokens
from tests.bench.bench import FULL, Bench
from tests.bench.rows import Row, measured, number, paired
from tests.bench.timing import interleave, seconds_of
from tests.bench.tokens import VOCABULARY, draw_tokens
from tests.watermarks.peers import load
from tests.watermarks.vllm_torch import contexts_of, first_of_each, scores

OURS, PEER = "ours", "plain torch, one batch"
SCORED, HASHED = "ours, contexts at hand", "plain torch, contexts at hand"
TEXTS = "plain torch, a text a call"
_LENGTH = 250
_KEY = 0x9E3779B97F4A7C15
_WIDTH = 4


def run(bench: Bench) -> Iterator[Row]:
    torch = load("torch")
    full = bench.sizes.documents >= FULL.documents
    tokens = draw_tokens(4_000 if full else 400, _LENGTH)
    every = torch.tensor(tokens.ids.reshape(-1, _LENGTH).astype(np.int64))
    contexts = torch.cat([contexts_of(row, _WIDTH) for row in every])
    flat, ids = every.reshape(-1), every[: 500 if full else 100]
    prepared = _philox().prepare(tokens)
    units = len(prepared.positions)
    scored: list[Scores] = []
    told: list[tuple[Any, Any]] = []

    def ours() -> float:
        return len(tokens.ids) / seconds_of(lambda: scored.append(_score(_philox(), tokens)))

    def peer() -> float:
        return len(ids) * _LENGTH / seconds_of(lambda: told.append(_torch(ids)))

    def ours_hashing() -> float:
        return units / seconds_of(lambda: _philox().score(tokens, prepared))

    def peer_hashing() -> float:
        return len(flat) / seconds_of(lambda: scores(_KEY, contexts, flat))

    def texts() -> float:
        return 100 * _LENGTH / seconds_of(lambda: [_torch(row[None]) for row in ids[:100]])

    _score(_philox(), tokens)
    sides = {OURS: ours, PEER: peer, SCORED: ours_hashing, HASHED: peer_hashing, TEXTS: texts}
    rates = interleave(sides, bench.sizes.rounds, 60.0)
    compared = _compare(scored[-1], *told[-1])
    of = f"{number(len(tokens.ids))} tokens in documents of {_LENGTH}"
    notes = f"{of}, one call; hashed and scored, contexts made before by both; one thread each"
    yield paired("vLLM Philox", rates, SCORED, HASHED, notes=notes, unit=" tok/s", at_least=20)
    notes = (
        f"{compared:,} scores found identical; contexts made, each kept once, hashed and scored; "
        f"the peer is called text by text, as a detector is"
    )
    name = "vLLM Philox from ids to scores"
    yield paired(name, rates, OURS, TEXTS, notes=notes, unit=" tok/s", at_least=20)
    notes = "as above, but the peer hashes all its texts at once"
    yield paired(name, rates, OURS, PEER, notes=notes, unit=" tok/s", at_least=20)
    yield _one_more(bench, tokens)


def _torch(texts: Any) -> tuple[Any, Any]:
    """(scores, places of the first of equal contexts in each text): hashed as one batch."""
    contexts = [contexts_of(row, _WIDTH) for row in texts]
    length = texts.shape[1]
    kept = np.concatenate(
        [first_of_each(rows) + number * length for number, rows in enumerate(contexts)]
    )
    units = load("torch").from_numpy(kept)
    told = scores(_KEY, load("torch").cat(contexts)[units], texts.reshape(-1)[units])
    return told.numpy(), kept


def _philox() -> Mark:
    given = {"algorithm": "gumbel", "context_width": _WIDTH, "key": _KEY}
    given |= {"context_padding": -1, "prf": "philox4x32-10-v1"}
    return _known("gumbel-philox-vllm", given)


def open_murmur(number: int) -> Mark:
    """SGLang's scheme; another key for another number."""
    given = {"context_window": 4, "hash": "murmur3_x86_32", "key": hex(_KEY - number)}
    return _known("gumbel-murmur3-sglang", given)


def _known(scheme: str, given: dict[str, Any]) -> Mark:
    mark = recognise(scheme, given, VOCABULARY)
    if mark is None:
        raise RuntimeError("no family knows the engine's configuration")
    return mark


def _score(mark: Mark, tokens: Tokens) -> Scores:
    return mark.score(tokens, mark.prepare(tokens))


def _compare(found: Scores, told: Any, kept: Any) -> int:
    """Raises AssertionError unless every unit and its score are the peer's, but for a logarithm's
    last digits.
    """
    rows = np.repeat(np.arange(found.documents), found.counts) * _LENGTH + found.positions
    if not np.array_equal(rows[: len(kept)], kept):
        raise AssertionError("other contexts than the peer's were counted")
    if not np.allclose(found.values[: len(kept)], told, rtol=1e-12, atol=0):
        raise AssertionError("other scores than the peer's")
    return len(kept)


def _one_more(bench: Bench, tokens: Tokens) -> Row:
    """What a further Murmur key costs, once a first one was looked for in the same tokens."""
    shares = []
    for turn in range(bench.sizes.rounds):
        kept: list[Any] = []
        first = seconds_of(partial(_first, 2 * turn, tokens, kept))
        more = seconds_of(partial(_further, 2 * turn + 1, tokens, kept))
        shares.append(100 * more / first)
    notes = f"{number(len(tokens.ids))} tokens; the first hashes the contexts"
    return measured("one more Murmur key, of the first one's time", shares, "%", notes, at_most=25)


def _first(number: int, tokens: Tokens, kept: list[Any]) -> None:
    mark = open_murmur(number)
    kept.append(mark.prepare(tokens))
    mark.score(tokens, kept[0])


def _further(number: int, tokens: Tokens, kept: list[Any]) -> None:
    open_murmur(number).score(tokens, kept[0])
