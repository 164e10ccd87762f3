"""From .jsonl.gz to a table with a digest per text, beside `datasets` streaming the same rows.

No ledger on either side. `datasets` yields its rows as dictionaries and hashes nothing.
"""

import os
from collections.abc import Iterator
from importlib import import_module

from ledger.corpus.document import Rejected
from ledger.corpus.hashing import hash_texts
from ledger.corpus.readers import DEFAULTS, reader_for
from tests.bench.bench import Bench
from tests.bench.rows import Row, number, paired
from tests.bench.timing import interleave, seconds_of

OURS, PEER = "reader and hashing", "datasets load_dataset('json', streaming=True)"


def run(bench: Bench) -> Iterator[Row]:
    path, size = bench.texts()
    documents = bench.sizes.documents
    os.environ |= {
        "HF_HOME": str(bench.scratch / "huggingface"),
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
    }
    load = import_module("datasets").load_dataset

    def ours() -> int:
        rows = 0
        for table in reader_for(path).read(path, DEFAULTS):
            if isinstance(table, Rejected):
                raise RuntimeError(f"{table.where}: {table.reason}")
            digests, _ = hash_texts(table.column("text"))
            rows += len(digests)
        return rows

    def peer() -> int:
        return sum(1 for _ in load("json", data_files=str(path), split="train", streaming=True))

    for side in (ours, peer):  # both import and warm up, and both read everything
        if side() != documents:
            raise RuntimeError(f"{path}: not every one of {documents} documents was read")
    rates = interleave(
        {
            OURS: lambda: documents / seconds_of(ours),
            PEER: lambda: documents / seconds_of(peer),
        },
        bench.sizes.rounds,
        240.0,
    )
    notes = f"{number(documents)} documents, {size / 1e6:.0f} MB unpacked; the peer hashes nothing"
    yield paired(
        "jsonl.gz to hashed table", rates, OURS, PEER, notes=notes, unit=" docs/s", at_least=3
    )
