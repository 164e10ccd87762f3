"""Green tokens counted in a corpus, beside transformers' own WatermarkDetector. One thread each.

Ours takes the whole corpus at once, as a scan does; the peer takes some of its documents, one a
call, other ones in every round, and is counted in tokens per second. It counts repeated n-grams
once, as we do (`ignore_repeated_ngrams=True`). Every decision that the peer takes while the clock
runs is compared with ours.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from ledger.watermarks.schemes import Mark, recognise
from ledger.watermarks.tokens import Scores, Tokens
from tests.bench.bench import FULL, Bench
from tests.bench.rows import Row, number, paired
from tests.bench.timing import interleave, seconds_of
from tests.bench.tokens import VOCABULARY, distinct_pairs, draw_tokens
from tests.watermarks.peers import Greens

OURS, PEER = "ours", "transformers WatermarkDetector"
_LENGTH = 250
_FEW = 6  # documents a turn: about a second of the peer's
_SCHEMES = {
    "lefthash": ({"context_width": 1, "hashing_key": 982_451_653, "greenlist_ratio": 0.25}, 60),
    "selfhash": ({"context_width": 4, "hashing_key": 15_485_863, "greenlist_ratio": 0.25}, 50),
}


def run(bench: Bench) -> Iterator[Row]:
    documents = 1_000 if bench.sizes.documents >= FULL.documents else 100
    tokens = draw_tokens(documents, _LENGTH)
    for scheme, (params, least) in _SCHEMES.items():
        given = {**params, "bias": 2.0, "seeding_scheme": scheme}
        peer = Greens(given, VOCABULARY)
        _count(
            given, draw_tokens(1, _LENGTH, seed=2)
        )  # kernels are compiled, and tables not yet made
        turns = iter(np.random.default_rng(3).permutation(documents).reshape(-1, 2).tolist())
        scored: list[Scores] = []

        def ours(given: dict[str, Any] = given, scored: list[Scores] = scored) -> float:
            taken = seconds_of(lambda: scored.append(_count(given, tokens)))
            return len(tokens.ids) / taken

        def theirs(turns: Iterator[list[int]] = turns, peer: Greens = peer) -> float:
            chosen = [document for _ in range(_FEW // 2) for document in next(turns)]
            taken = seconds_of(lambda: peer.count(tokens, chosen))
            return len(chosen) * _LENGTH / taken

        rates = interleave({OURS: ours, PEER: theirs}, bench.sizes.rounds, 60.0)
        compared = peer.compare(scored[-1], tokens, counts=scheme == "lefthash")
        notes = (
            f"{number(len(tokens.ids))} tokens in {documents:,} documents, "
            f"{distinct_pairs(tokens):.0%} of the pairs distinct; {compared:,} decisions of the "
            f"peer's found identical; one thread each, transformers "
            f"{import_module('transformers').__version__}"
        )
        yield paired(
            f"KGW {scheme}, a corpus", rates, OURS, PEER, notes=notes, unit=" tok/s", at_least=least
        )


def _count(given: dict[str, Any], tokens: Tokens) -> Scores:
    mark = recognise(f"kgw-{given['seeding_scheme']}", given, VOCABULARY)
    if mark is None:
        raise RuntimeError("no family knows the peer's configuration")
    return _scored(mark, tokens)


def _scored(mark: Mark, tokens: Tokens) -> Scores:
    return mark.score(tokens, mark.prepare(tokens))
