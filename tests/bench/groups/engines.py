"""One scan, by the pool of this machine and by Ray, a task a file, two workers each.

The scan reads files of documents, hashes texts and counts their words. Ray runs already, as a
cluster does, two nodes with a processor each, and is reached anew for every call; the pool starts
its processes for every call. Without Ray the pool is measured alone.
"""

import gzip
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from importlib.util import find_spec

from ledger.corpus.readers import DEFAULTS, readers
from ledger.corpus.texts import TextSource
from ledger.engines import Engine, content_root
from ledger.engines import run as scan
from ledger.manifests.strata.tokens import counting
from tests.bench.bench import Bench
from tests.bench.rows import Row, measured, paired
from tests.bench.timing import interleave, seconds_of

LOCAL, RAY = "pool", "ray"
_FILES, _WORKERS = 24, 2
_NAME = "words of documents counted"


def run(bench: Bench) -> Iterator[Row]:
    sources = _sources(bench)
    documents, size = sum(one.rows for one in sources), sum(one.size for one in sources)
    said = f"{documents:,} documents in {_FILES} files, {size / 1e6:.0f} MB gzipped; 2 workers each"
    roots: set[bytes] = set()

    def seconds(of: list[TextSource], engine: Engine) -> float:
        folder = bench.folder()
        took = seconds_of(lambda: scan(counting(), of, folder, workers=engine))
        if of is sources:
            roots.add(content_root(scan(counting(), of, folder)))
        bench.drop(folder)
        return took

    def rate(engine: Engine) -> float:
        return documents / seconds(sources, engine)

    local = Engine(workers=_WORKERS)
    if find_spec("ray") is None:
        rates = [rate(local) for _ in range(bench.sizes.rounds)]
        yield measured(f"{_NAME} by the pool", rates, "docs/s", said)
        return
    from tests.engines.cluster import two_nodes

    with two_nodes() as cluster:
        ray = Engine(RAY, _WORKERS, cluster.address)
        turns = {RAY: partial(rate, ray), LOCAL: partial(rate, local)}
        sides = interleave(turns, bench.sizes.rounds, 400.0)
        assert len(roots) == 1, "the engines found different things"
        yield paired(f"{_NAME} by Ray", sides, RAY, LOCAL, notes=said, unit=" docs/s")
        once = [seconds(sources[:1], ray) for _ in range(3)]
        yield measured("one file scanned by a running Ray", once, "s", "reaching it included")
    once = [seconds(sources[:1], Engine(RAY, _WORKERS)) for _ in range(3)]
    yield measured("one file scanned by a Ray of its own", once, "s", "start and end included")


def _sources(bench: Bench) -> list[TextSource]:
    """The documents of the reading group, in so many files."""
    folder, reader = bench.folder(), readers()["jsonl"]
    folder.mkdir()
    with gzip.open(bench.texts()[0]) as file:
        lines = file.read().splitlines(keepends=True)
    made = []
    for number in range(_FILES):
        path, held = folder / f"{number}.jsonl.gz", lines[number::_FILES]
        path.write_bytes(gzip.compress(b"".join(held), compresslevel=6))
        digest, size = sha256(path.read_bytes()).digest(), path.stat().st_size
        made.append(
            TextSource("b@1", path, digest, size, reader.name, reader.version, DEFAULTS, len(held))
        )
    return made
