"""SynthID: g-values, repetition mask and score, beside transformers' own. One thread each.

Ours takes the corpus at once. The peer is transformers' logits processor, which its detector and
everybody's training of one call for `compute_g_values` and `compute_context_repetition_mask`: some
documents, one a call, others in every round; after it, the whole corpus in one call, which only
documents of one length allow. Every unit that we counted is compared with the peer's g-values.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from ledger.watermarks.schemes import Mark, recognise
from ledger.watermarks.schemes._synthid import weights
from ledger.watermarks.tokens import Scores, Tokens
from tests.bench.bench import FULL, Bench
from tests.bench.rows import Row, measured, number, paired
from tests.bench.timing import interleave, seconds_of
from tests.bench.tokens import VOCABULARY, draw_tokens
from tests.watermarks.peers import load, processor

OURS, PEER, BATCHED = "ours", "transformers SynthID", "transformers SynthID, one batch"
_LENGTH = 250
_FEW = 40  # documents a turn: about half a second of the peer's
_KEYS = np.random.default_rng(30).integers(1, 2**31, 30).tolist()
GIVEN: dict[str, Any] = {
    "context_history_size": 1024,
    "keys": _KEYS,
    "ngram_len": 5,
    "sampling_table_seed": 0,
    "sampling_table_size": 65_536,
}


def run(bench: Bench) -> Iterator[Row]:
    torch = load("torch")
    full = bench.sizes.documents >= FULL.documents
    tokens = draw_tokens(4_000 if full else 400, _LENGTH)
    ids = torch.tensor(tokens.ids.reshape(-1, _LENGTH).astype(np.int64))
    peer = processor(GIVEN)
    turns = iter(range(0, len(ids) - _FEW, _FEW))
    scored: list[Scores] = []
    told: dict[int, tuple[Any, Any]] = {}

    def ours() -> float:
        return len(tokens.ids) / seconds_of(lambda: scored.append(_score(open_synthid(0), tokens)))

    def theirs() -> float:
        first = next(turns)

        def work() -> None:
            for document in range(first, first + _FEW):
                told[document] = _peer(peer, ids[document : document + 1])

        return _FEW * _LENGTH / seconds_of(work)

    def batched() -> float:
        some = ids[: len(ids) // 8]
        return len(some) * _LENGTH / seconds_of(lambda: _peer(peer, some))

    _score(open_synthid(0), tokens)
    rates = interleave({OURS: ours, PEER: theirs, BATCHED: batched}, bench.sizes.rounds, 60.0)
    compared = _compare(scored[-1], tokens, told)
    notes = (
        f"{number(len(tokens.ids))} tokens in documents of {_LENGTH}, 30 keys; {compared:,} units' "
        f"g-values and masks found identical; one thread each"
    )
    name = "SynthID g-values, repetition mask and score"
    yield paired(name, rates, OURS, PEER, notes=notes, unit=" tok/s", at_least=1_000)
    yield paired(name, rates, OURS, BATCHED, notes=f"{ids.shape[0] // 8} texts", unit=" tok/s")
    yield _one_more(bench, tokens)


def open_synthid(number: int) -> Mark:
    """A mark of 30 keys; other ones for another number."""
    given = {**GIVEN, "keys": [(key + 7_919 * number) % 2**31 for key in _KEYS]}
    mark = recognise("synthid-transformers", given, VOCABULARY)
    if mark is None:
        raise RuntimeError("no family knows the peer's configuration")
    return mark


def _score(mark: Mark, tokens: Tokens) -> Scores:
    return mark.score(tokens, mark.prepare(tokens))


def _peer(peer: Any, ids: Any) -> tuple[Any, Any]:
    """(g-values, mask) of texts of one length, and their mean taken."""
    values = peer.compute_g_values(ids)
    mask = peer.compute_context_repetition_mask(ids)
    (values * mask[:, :, None]).sum((1, 2)) / mask.sum(1) / values.shape[2]
    return values, mask


def _compare(scores: Scores, tokens: Tokens, told: dict[int, tuple[Any, Any]]) -> int:
    """Raises AssertionError unless every unit is unmasked at the peer and its g-values add up."""
    first, same = GIVEN["ngram_len"] - 1, 0
    layers = weights(len(_KEYS)).astype(np.int64)
    for document, (values, mask) in told.items():
        units = slice(int(scores.offsets[document]), int(scores.offsets[document + 1]))
        places = scores.positions[units] - first
        whole = places >= 0  # before that the peer's detector has no n-gram
        rows = places[whole]
        if not mask[0].numpy()[rows].all():
            raise AssertionError(f"document {document}: a repeated context was counted")
        sums = values[0].numpy()[rows] @ layers
        if not np.array_equal(sums, scores.values[units][whole].astype(np.int64)):
            raise AssertionError(f"document {document}: other g-values")
        same += len(rows)
    return same


def _one_more(bench: Bench, tokens: Tokens) -> Row:
    """What a further key costs, once a first one was looked for in the same tokens."""
    shares = []
    for turn in range(bench.sizes.rounds):
        kept: list[Any] = []
        first = seconds_of(partial(_first, 2 * turn, tokens, kept))
        more = seconds_of(partial(_further, 2 * turn + 1, tokens, kept))
        shares.append(100 * more / first)
    return measured(
        "one more SynthID key, of the first one's time",
        shares,
        "%",
        f"{number(len(tokens.ids))} tokens; the first hashes them, both make their own table",
        at_most=25,
    )


def _first(number: int, tokens: Tokens, kept: list[Any]) -> None:
    mark = open_synthid(number)
    kept.append(mark.prepare(tokens))
    mark.score(tokens, kept[0])


def _further(number: int, tokens: Tokens, kept: list[Any]) -> None:
    open_synthid(number).score(tokens, kept[0])
