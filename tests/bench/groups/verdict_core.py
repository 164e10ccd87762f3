"""Scores of our detector beside lmscan's, one thread each, no reference model on either side.

Ours takes all texts at once, as a scan does; the peer takes some of them, one a call, other ones in
every round. With the labelled rows beside the checkout the AUC of both is told, on the same rows:
the peer's texts of all rounds. Ours is then that of the models which saw nothing of a row's pair
group, as the weights file has it. Without those rows the texts are made and have no label.
"""

from collections.abc import Iterator
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.verdicts.core.model import shipped
from ledger.verdicts.core.score import score
from ledger.verdicts.evaluation.metrics import auc
from ledger.verdicts.outcomes import MIN_WORDS
from ledger.verdicts.text.prose import measure
from tests.bench.bench import FULL, Bench
from tests.bench.rows import Row, measured, paired
from tests.bench.timing import interleave, seconds_of

OURS, PEER = "ours", "lmscan"
_LABELLED = Path(__file__).parents[4] / "shared" / "data" / "verdicts" / "dev.parquet"


class _Texts(NamedTuple):
    texts: list[str]
    label: "np.ndarray[tuple[int], np.dtype[np.int8]] | None"
    out_of_fold: "np.ndarray[tuple[int], np.dtype[np.float64]] | None"
    said: str


def run(bench: Bench) -> Iterator[Row]:
    full = bench.sizes.documents >= FULL.documents
    model, given = shipped(), _texts()
    texts = pa.array(given.texts if full else given.texts[:300])
    lmscan = import_module("lmscan")
    few = 60 if full else 10
    order = np.random.default_rng(1).permutation(len(texts)).tolist()
    said: dict[int, float] = {}
    score(model, texts[:50]), lmscan.scan(given.texts[0])  # both make their tables

    def ours() -> float:
        return len(texts) / seconds_of(lambda: score(model, texts))

    def theirs() -> float:
        chosen = [order.pop() for _ in range(few)]

        def work() -> None:
            for place in chosen:
                said[place] = lmscan.scan(given.texts[place]).ai_probability

        return few / seconds_of(work)

    rates = interleave({OURS: ours, PEER: theirs}, bench.sizes.rounds, 120.0)
    notes = f"{len(texts):,} {given.said}; lmscan {lmscan.__version__}; one thread each"
    if given.label is not None and given.out_of_fold is not None:
        places = np.array(sorted(said))
        human, ai = places[given.label[places] == 0], places[given.label[places] == 1]
        if len(human) and len(ai):
            peers = auc(*(np.array([said[place] for place in side]) for side in (human, ai)))
            own = auc(given.out_of_fold[human], given.out_of_fold[ai])
            notes += f"; AUC on the same {len(places):,} rows: ours {own:.3f} out of fold, "
            notes += f"lmscan {peers:.3f}"
    yield paired("scores of texts", rates, OURS, PEER, notes=notes, unit=" docs/s", at_least=50)
    turns = [len(texts) / seconds_of(lambda: measure(texts)) for _ in range(3)]
    yield measured("texts measured: words, English, prose", turns, "docs/s", given.said)


def _texts() -> _Texts:
    if not _LABELLED.exists():
        rng = np.random.default_rng(0)
        words = np.array(["the", "of", "and", "to", "in", "was", *map(_word, range(4_000))])
        ranks = np.minimum(rng.zipf(1.3, (2_000, 200)) - 1, len(words) - 1)
        made = [" ".join(row) + "." for row in words[ranks].tolist()]
        return _Texts(made, None, None, "made texts of 200 drawn words, which have no label")
    training = shipped().training
    place = {bytes(digest): row for row, digest in enumerate(training.sha256)}
    texts = [
        text
        for text in pq.read_table(_LABELLED, columns=["text"])["text"].to_pylist()
        if sha256(text.encode()).digest() in place
    ]
    rows = np.array([place[sha256(text.encode()).digest()] for text in texts])
    long = np.flatnonzero(training.words[rows] >= MIN_WORDS)
    rows = rows[long]
    said = (
        f"labelled texts of {MIN_WORDS} words or more, {training.words[rows].mean():.0f} on average"
    )
    return _Texts([texts[row] for row in long], training.label[rows], training.score[rows], said)


def _word(number: int) -> str:
    return "".join("etaoinshrdlu"[number // 12**k % 12] for k in range(4))
