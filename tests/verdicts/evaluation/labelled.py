"""Made rows: texts of drawn words, and scores that know their label."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.verdicts.core.model import Model, Training

__all__ = ["SEPARATION", "detector", "known_scores", "labelled", "prose", "write"]

SEPARATION = 2.0
"""Standard deviations between the scores of human and of synthetic rows."""

_COMMON = (
    "the of and to in is that it was for on are with they be at one have this from or had by "
    "but what some we can out other were all there when up use your how said an each she which "
    "their time if will way about many then them would write like so these her long make thing "
    "see him two has look more day could go come did number sound no most people my over know "
    "water than call first who may down side been now find any new work part take get place made"
)


def prose(words: int, seed: int) -> str:
    """A text of `words` English words in sentences of twelve; another seed, another text."""
    drawn = np.random.default_rng(seed).choice(_COMMON.split(), words).tolist()
    sentences = [" ".join(drawn[at : at + 12]) for at in range(0, words, 12)]
    return ". ".join(sentence.capitalize() for sentence in sentences) + "."


def labelled(human: int, synthetic: int, **columns: Sequence[Any]) -> dict[str, list[Any]]:
    """Columns of distinct texts of 60 to 300 words, human rows first."""
    lengths = np.random.default_rng(human + synthetic).integers(60, 300, human + synthetic)
    return {
        "text": [prose(int(words), seed) for seed, words in enumerate(lengths)],
        "label": ["human"] * human + ["synthetic"] * synthetic,
    } | {name: list(values) for name, values in columns.items()}


def write(path: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    pq.write_table(pa.table(dict(columns)), path)
    return path


def known_scores(synthetic: npt.NDArray[np.bool_], seed: int = 0) -> npt.NDArray[np.float64]:
    """Normal scores; a synthetic row's are higher."""
    drawn = np.random.default_rng(seed).normal(size=len(synthetic))
    return drawn + SEPARATION * synthetic


def detector(texts: Sequence[str] = ()) -> Model:
    """A model without weights whose training texts are these, half of them AI texts."""
    digests = sorted(sha256(text.encode()).digest() for text in texts)
    count = len(digests)
    label = (np.arange(count) % 2).astype(np.int8)
    codes = np.zeros(count, np.uint8)
    training = Training(
        sha256=np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32),
        label=label,
        words=np.full(count, 200),
        score=known_scores(label == 1, seed=5),
        domain=codes,
        generator=codes,
        source=codes,
        pair_group=np.zeros(count, np.uint64),
        domains=("made",),
        generators=("made",),
        sources=("made",),
    )
    nothing = np.zeros(1)
    return Model(
        name="made",
        version="1",
        digest="sha256:" + "0" * 64,
        cut_1pct=2.5,
        card={},
        training=training,
        pieces=nothing,
        runs=nothing,
        bias=nothing,
        combination=nothing,
    )
