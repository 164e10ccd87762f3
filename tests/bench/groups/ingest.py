"""Ingest end to end into an empty ledger: read, hash, stage, look up, claim, append, sign."""

from collections.abc import Iterator

from ledger.corpus.ingest import ingest
from ledger.log.keys import KeyRing
from ledger.provenance.opening import create_ledger
from tests.bench.bench import Bench
from tests.bench.rows import Row, measured, number
from tests.bench.systems import Ledger
from tests.bench.timing import fsync_probe, interleave, seconds_of


def run(bench: Bench) -> Iterator[Row]:
    path, size = bench.texts()
    documents = bench.sizes.documents
    probes: list[float] = []

    def once() -> float:
        probes.append(fsync_probe(bench.scratch))
        ledger = Ledger(bench.folder())
        ledger.folder.mkdir()
        create_ledger(ledger.location, keys=KeyRing(ledger.config))
        done = []
        with ledger.open(write=True) as log:
            seconds = seconds_of(lambda: done.append(ingest(log, [path], dataset="bench@1")))
        bench.drop(ledger.folder)
        if done[0].recorded != documents:
            raise RuntimeError(f"{done[0].recorded} recorded, expected {documents}")
        return seconds

    seconds = interleave({"ours": once}, bench.sizes.rounds, 120.0)["ours"]
    notes = f"{number(documents)} documents, {size / 1e6:.0f} MB unpacked, one .jsonl.gz"
    yield measured("ingest end to end", [documents / s for s in seconds], "docs/s", notes)
    yield measured("ingest end to end, text", [size / 1e6 / s for s in seconds], "MB/s", notes)
    yield measured("fsync probe beside ingest", probes, "ms", "write and sync of 4 KiB")
