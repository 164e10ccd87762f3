"""A manifest read in the order of an epoch, every document hashed, beside the same without hashing.

The unverified side is the same reader told not to hash. `datasets` streams rows of a Parquet file
of the same documents, one after the other as they lie there: it neither hashes nor shuffles. All
three give out texts as Python strings, a document at a time, unless a row says otherwise.
"""

import gzip
import os
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from importlib import import_module
from itertools import islice
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.manifests.loading.manifest import Manifest
from ledger.manifests.loading.reader import Reader
from tests.bench.bench import Bench
from tests.bench.rows import Row, measured, number, paired
from tests.bench.timing import interleave, seconds_of
from tests.manifests.making import make_manifest

VERIFIED, UNVERIFIED = "verified", "the same reader, unverified"
PEER = "datasets load_dataset('parquet', streaming=True)"
FAR, NEAR = "position 10^9", "position 0"
_STRATA = 50
_BATCH = 256
_REPEATS = 65_535


def run(bench: Bench) -> Iterator[Row]:
    texts = _texts(bench)
    folder = bench.folder()
    strata = [number % _STRATA for number in range(len(texts))]
    made = make_manifest(folder / "manifest", texts, stratum=strata, files=4, batch=4096)
    pq.write_table(pa.table({"text": texts}), folder / "texts.parquet")
    opening = [seconds_of(made.open) for _ in range(bench.sizes.rounds)]
    verified, unverified = made.open(), unchecked(made.open())
    size = sum(len(text.encode()) for text in texts)
    notes = f"{number(len(texts))} documents, {size / 1e6:.0f} MB, {_STRATA} strata"
    yield measured("opening a manifest", [len(texts) / s for s in opening], "rows/s", notes)
    yield from _same_reader(bench, verified, unverified, notes)
    yield from _peer(bench, verified, folder / "texts.parquet", notes)
    bench.drop(folder)
    yield from _resuming(bench)


def _texts(bench: Bench) -> list[str]:
    path, _ = bench.texts()
    with gzip.open(path) as file:
        texts = [orjson.loads(line)["text"] for line in file]
    return list({sha256(text.encode()).digest(): text for text in texts}.values())


def unchecked(manifest: Manifest) -> Manifest:
    """The same manifest, read without hashing. Only here is there such a thing."""
    manifest._reader = Reader(manifest.rows, manifest._reader.texts, checked=False)
    return manifest


def _same_reader(
    bench: Bench, verified: Manifest, unverified: Manifest, notes: str
) -> Iterator[Row]:
    def documents(manifest: Manifest) -> int:
        return sum(1 for _ in manifest)

    def tables(manifest: Manifest) -> int:
        return sum(table.num_rows for table in manifest.batches(1024))

    def torch(manifest: Manifest) -> int:
        loader = manifest.torch(batch_size=_BATCH).loader(1)
        return sum(len(batch.texts) for batch in loader)

    ways: dict[str, tuple[Callable[[Manifest], int], float | None]] = {
        "a document at a time": (documents, 0.6),
        "tables of 1,024": (tables, None),
        f"torch, one worker, batches of {_BATCH}": (torch, None),
    }
    for name, (read, at_least) in ways.items():
        for manifest in (verified, unverified):  # warm, and everything is there
            if read(manifest) != len(manifest):
                raise RuntimeError(f"{name}: not every one of {len(manifest)} documents was read")
        rates = interleave(
            {
                VERIFIED: partial(_rate, read, verified),
                UNVERIFIED: partial(_rate, read, unverified),
            },
            bench.sizes.rounds,
            90.0,
        )
        yield paired(
            f"manifest streaming, {name}", rates, VERIFIED, UNVERIFIED, notes=notes,
            unit=" docs/s", at_least=at_least,
        )  # fmt: skip


def _rate(read: Callable[[Manifest], int], manifest: Manifest) -> float:
    return len(manifest) / seconds_of(lambda: read(manifest))


def _peer(bench: Bench, verified: Manifest, path: Path, notes: str) -> Iterator[Row]:
    os.environ |= {
        "HF_HOME": str(bench.scratch / "huggingface"),
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
    }
    load = import_module("datasets").load_dataset

    def ours() -> int:
        return sum(1 for _ in verified)

    def peer() -> int:
        return sum(1 for _ in load("parquet", data_files=str(path), split="train", streaming=True))

    for side in (ours, peer):
        if side() != len(verified):
            raise RuntimeError(f"not every one of {len(verified)} documents was read")
    rates = interleave(
        {
            VERIFIED: lambda: len(verified) / seconds_of(ours),
            PEER: lambda: len(verified) / seconds_of(peer),
        },
        bench.sizes.rounds,
        120.0,
    )
    yield paired(
        "manifest streaming, a document at a time", rates, VERIFIED, PEER,
        notes=f"{notes}; the peer hashes nothing", unit=" docs/s", at_least=3,
    )  # fmt: skip


def _resuming(bench: Bench) -> Iterator[Row]:
    """The time to the first batch, in an epoch of 1.3 · 10^9 positions."""
    folder = bench.folder()
    count = 20_000
    made = make_manifest(
        folder / "manifest", [f"{n}" for n in range(count)], batch=4096,
        stratum=[n % _STRATA for n in range(count)], repeat=[_REPEATS] * count,
    )  # fmt: skip
    manifest = made.open()
    epochs = iter(np.arange(1 << 20).tolist())

    def first(position: int) -> float:
        epoch = next(epochs)  # a fresh order each time: nothing is kept from the one before
        return 1 / seconds_of(lambda: list(islice(manifest.batches(_BATCH, epoch, position), 1)))

    first(0)
    rates = interleave(
        {FAR: lambda: first(10**9), NEAR: lambda: first(0)}, bench.sizes.rounds * 3, 30.0
    )
    notes = f"the first {_BATCH} documents of an epoch of {number(len(manifest))}"
    yield paired("resuming at position 10^9", rates, FAR, NEAR, notes=notes, unit=" resumes/s")
    bench.drop(folder)
